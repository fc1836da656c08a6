package guard

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/twins"
)

// An older release's condition language is older than the one that the expectations are made with.
const olderRelease = "CONFORMANCE_NEWER_ANSWERS"

func TestScenarios(t *testing.T) {
	if os.Getenv(olderRelease) != "" {
		t.Skip("the expectations are those of the newest release's condition language")
	}
	scenarios, err := load()
	if err != nil {
		t.Fatal(err)
	}
	servers, all := playAll(t, scenarios)
	for s, server := range servers {
		t.Run(server.Name, func(t *testing.T) {
			var rows []row
			for n, scenario := range scenarios {
				rows = append(rows, foundRow(scenario, all[s][n]))
				t.Run(scenario.ID, func(t *testing.T) { check(t, scenario, server.Older, all[s][n]) })
			}
			t.Logf("found:\n%s", table(rows))
		})
	}
}

// playAll writes the histories for a moment soon, starts the servers and measures. Where the machine was too slow to be
// ready at that moment, or not done while the histories hold still, it begins anew for a later one.
func playAll(t *testing.T, scenarios []scenario) ([]server, [][]answer) {
	command := blocks(t)
	paths := map[bool]string{false: binary(t, false), true: binary(t, true)}
	for _, lead := range []time.Duration{4 * time.Second, 10 * time.Second, 20 * time.Second} {
		moment := time.Now().Add(lead).Truncate(time.Second)
		folder := t.TempDir()
		newer, older := filepath.Join(folder, "newer"), filepath.Join(folder, "older")
		write(t, command, scenarios, moment, newer, older)
		servers := []server{serve(t, paths[false], newer, false), serve(t, paths[true], older, true)}
		if time.Now().After(moment) {
			t.Logf("%s were not enough to be ready", lead)
			continue
		}
		all := measureAll(t, servers, scenarios, moment)
		took := time.Since(moment)
		t.Logf("%d scenarios on %d servers measured within %s of the moment", len(scenarios), len(servers), took.Round(time.Millisecond))
		if took < still {
			return servers, all
		}
	}
	t.Fatalf("expected all to be measured within %s of the moment; is the machine busy?", still)
	return nil, nil
}

// check holds what was said of a scenario against what is expected.
func check(t *testing.T, s scenario, older bool, said answer) {
	want, err := s.on(older)
	if err != nil {
		t.Fatal(err)
	}
	differ := func(how mode, what string, expected, found any) {
		t.Errorf("%s: %s: expected %v, found %v", how, what, expected, found)
	}
	theirs := said.measured[builtin]
	if theirs.Phase != want.Builtin {
		differ(builtin, "phase", want.Builtin, theirs.Phase)
	}
	if want.Value != "" && !near(want.Value, theirs.Value) {
		differ(builtin, "value", want.Value, theirs.Value)
	}
	if !strings.Contains(theirs.Message, want.BuiltinSays) {
		differ(builtin, "message", want.BuiltinSays, theirs.Message)
	}
	checkOff(t, want, theirs, said.measured[off])
	checkObserve(differ, want, theirs, said.measured[observe])
	checkEnforce(differ, want, said.measured[enforce], said.end)
	if t.Failed() {
		for _, how := range []mode{builtin, off, observe, enforce} {
			t.Logf("%-8s %s", how, text(said.measured[how]))
		}
		if said.end != nil {
			t.Logf("%-8s %s", "end", text(said.end))
		}
	}
}

func checkOff(t *testing.T, want expected, theirs, ours v1alpha1.Measurement) {
	if near(theirs.Value, ours.Value) {
		theirs.Value = ours.Value
	}
	difference := twins.None
	if want.Off != "" {
		difference = twins.HistogramsRefused
	}
	for _, told := range twins.Compare(difference, theirs, ours, false) {
		t.Errorf("%s: %s", off, told)
	}
}

// checkObserve: the built-in provider's answer, and beside it what enforce would have said.
func checkObserve(differ func(mode, string, any, any), want expected, theirs, ours v1alpha1.Measurement) {
	if ours.Phase != want.off() {
		differ(observe, "phase", want.off(), ours.Phase)
	}
	if want.Off == "" && !near(theirs.Value, ours.Value) {
		differ(observe, "value", theirs.Value, ours.Value)
	}
	for key, expected := range map[string]string{"wouldBe": string(want.final()), "wouldBeOutcome": want.Outcome} {
		if ours.Metadata[key] != expected {
			differ(observe, key, expected, ours.Metadata[key])
		}
	}
	after, waits := ours.Metadata["wouldBeAfter"]
	if waits != (want.End != "") {
		differ(observe, "wouldBeAfter", want.End != "", after)
	}
	if want.Wait != 0 && after != time.Duration(want.Wait).String() {
		differ(observe, "wouldBeAfter", time.Duration(want.Wait), after)
	}
	if !strings.Contains(ours.Metadata["wouldBeMessage"], want.Says) {
		differ(observe, "wouldBeMessage", want.Says, ours.Metadata["wouldBeMessage"])
	}
}

func checkEnforce(differ func(mode, string, any, any), want expected, first v1alpha1.Measurement, end *v1alpha1.Measurement) {
	if first.Phase != want.Enforce {
		differ(enforce, "phase", want.Enforce, first.Phase)
	}
	if first.Metadata["outcome"] != want.Outcome {
		differ(enforce, "outcome", want.Outcome, first.Metadata["outcome"])
	}
	if !strings.Contains(first.Message, want.Says) {
		differ(enforce, "message", want.Says, first.Message)
	}
	if !strings.Contains(first.Metadata["findings"], want.Finding) {
		differ(enforce, "findings", want.Finding, first.Metadata["findings"])
	}
	if want.Sent != "" && first.Metadata["ResolvedPrometheusQuery"] != want.Sent {
		differ(enforce, "text sent", want.Sent, first.Metadata["ResolvedPrometheusQuery"])
	}
	if want.GuardValue != "" && !near(want.GuardValue, first.Value) {
		differ(enforce, "value", want.GuardValue, first.Value)
	}
	if first.Phase == v1alpha1.AnalysisPhaseRunning {
		checkWait(differ, want, first)
	} else if first.FinishedAt == nil {
		differ(enforce, "finishedAt", "one", "none")
	}
	if want.End == "" || end == nil {
		return
	}
	if end.Phase != want.End {
		differ(enforce, "phase when the wait is over", want.End, end.Phase)
	}
	if end.Metadata["outcome"] != want.Outcome {
		differ(enforce, "outcome when the wait is over", want.Outcome, end.Metadata["outcome"])
	}
	if end.FinishedAt == nil || end.Message == "" {
		differ(enforce, "when the wait is over", "finishedAt and a message", text(end))
	}
}

// checkWait looks at what a waiting measurement tells the controller and leaves for its Resume.
func checkWait(differ func(mode, string, any, any), want expected, first v1alpha1.Measurement) {
	if first.FinishedAt != nil || first.Message == "" || first.ResumeAt == nil {
		differ(enforce, "waiting", "no finishedAt, a message and resumeAt", text(first))
		return
	}
	if ahead := time.Until(first.ResumeAt.Time); ahead > 16*time.Second {
		differ(enforce, "resumeAt", "at most 15s ahead", ahead)
	}
	since, err := time.Parse(time.RFC3339, first.Metadata[waitingSince])
	until, wrong := time.Parse(time.RFC3339, first.Metadata[waitUntil])
	if err != nil || wrong != nil {
		differ(enforce, "waitingSince and waitUntil", "two times of RFC 3339", first.Metadata)
		return
	}
	if wait := until.Sub(since); want.Wait != 0 && wait != time.Duration(want.Wait) {
		differ(enforce, "wait", time.Duration(want.Wait), wait)
	}
}

// near says whether two values are alike but for a hundredth of each number: no two are of the same instant.
func near(a, b string) bool {
	if a == b {
		return true
	}
	cut := func(text string) []string { return strings.Split(strings.Trim(text, "[]"), ",") }
	left, right := cut(a), cut(b)
	if len(left) != len(right) || strings.HasPrefix(a, "[") != strings.HasPrefix(b, "[") {
		return false
	}
	for n := range left {
		x, errX := strconv.ParseFloat(left[n], 64)
		y, errY := strconv.ParseFloat(right[n], 64)
		alike := math.Abs(x-y) <= 0.01*math.Abs(x) || math.IsNaN(x) && math.IsNaN(y)
		if errX != nil || errY != nil || !alike {
			return false
		}
	}
	return true
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(encoded)
}
