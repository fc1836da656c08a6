package life

import (
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

const (
	// memoryBound is what the plugin's process may hold at most, in KiB.
	memoryBound = 256 * 1024
	// timeBound is how long a hostile answer or condition may hold a call: the timeout and a second.
	timeBound = 4 * time.Second
)

// TestHostile: what grows or holds up the built-in provider (a packed answer by 1.7 GiB, a condition for 17 s) is an
// Error here, in bounded time and memory.
func TestHostile(t *testing.T) {
	if host.Wrapped() {
		t.Skip("the built-in provider has no bounds")
	}
	megabyte := strings.Repeat(" ", 1<<20)
	for _, row := range []twins.Row{
		{Name: "packed answer", Script: answers(fakeprom.Answer{Gzip: true, Body: `{"status":` + strings.Repeat(megabyte, 200) + `"success"}`})},
		{Name: "endless answer", Script: answers(fakeprom.Answer{Endless: true, Body: megabyte})},
		{Name: "endless refusal", Script: answers(fakeprom.Answer{Endless: true, Status: 400, Body: megabyte})},
		{Name: "deep answer", Script: answers(fakeprom.Answer{Body: strings.Repeat("[", 1<<20)})},
		{Name: "endless token", With: "authentication: {oauth2: {tokenUrl: $ADDRESS/token, clientId: id, clientSecret: s}}", Script: fakeprom.Script{"/token": {Endless: true, Body: megabyte}}},
		{Name: "text made large", Success: `len(repeat(repeat("x", 100000), 100000)) > 0`, Script: answers(fakeprom.Vector("1"))},
		{Name: "loops in loops", Success: `all(1..1000000, all(1..1000000, # > 0))`, Script: answers(fakeprom.Vector("1"))},
		{Name: "large range", Success: `len(1..100000000) > 0`, Script: answers(fakeprom.Vector("1"))},
		{Name: "deep condition", Success: strings.Repeat("(", 100000) + "true" + strings.Repeat(")", 100000), Script: answers(fakeprom.Vector("1"))},
		{Name: "long condition", Success: strings.Repeat("true && ", 100000) + "true", Script: answers(fakeprom.Vector("1"))},
	} {
		t.Run(row.Name, func(t *testing.T) {
			row.With += "\ntimeout: 3"
			plugin := host.Start(t)
			metric, _ := metrics(t, row)
			begun := time.Now()
			measured := plugin.Run(new(v1alpha1.AnalysisRun), metric)
			if spent := time.Since(begun); spent > timeBound {
				t.Errorf("expected an answer within %s, found it after %s", timeBound, spent)
			}
			if measured.Phase != v1alpha1.AnalysisPhaseError || len(measured.Message) > 2048 {
				t.Errorf("expected an Error of few words, found %s of %d bytes", measured.Phase, len(measured.Message))
			}
			if peak := host.PeakMemory(plugin.Cmd.Process.Pid); peak == 0 || peak > memoryBound {
				t.Errorf("expected at most %d KiB, found %d", memoryBound, peak)
			}
		})
	}
}

// TestRedirectElsewhere: credentials go to no host but the template's own.
func TestRedirectElsewhere(t *testing.T) {
	if host.Wrapped() {
		t.Skip("the built-in provider follows redirects, its headers with it")
	}
	elsewhere := fakeprom.Start(answers(fakeprom.Scalar("10")))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		metric, _ := metrics(t, twins.Row{With: "headers: [{key: Authorization, value: Bearer s3cr3t-token}]",
			Script: answers(fakeprom.Answer{Status: status, Header: map[string]string{"Location": elsewhere.URL}})})
		if measured := host.Measure(new(v1alpha1.AnalysisRun), metric); measured.Phase != v1alpha1.AnalysisPhaseError {
			t.Errorf("%d: expected an Error, found %s", status, measured.Phase)
		}
		if followed := elsewhere.Take(); len(followed) > 0 {
			t.Errorf("%d: expected no request elsewhere, found %v", status, followed)
		}
	}
}

func answers(answer fakeprom.Answer) fakeprom.Script { return fakeprom.Script{"": answer} }
