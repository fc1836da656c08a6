package runs

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
)

// TestWaiting: whole runs whose gate waits for data under the guard rails. The built-in provider has nothing to compare with.
func TestWaiting(t *testing.T) {
	if host.Wrapped() {
		t.Skip("the built-in provider never waits")
	}
	t.Parallel()
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			p := w.begin(t)
			for _, act := range w.acts {
				act(t, p)
			}
			run := p.ends(t)
			w.want().compare(t, p, run)
			p.consistent(t)
			if t.Failed() {
				for _, version := range p.stored() {
					t.Logf("stored: %s", text(version.Status))
				}
			}
		})
	}
}

// compare holds the run's end against what is expected.
func (want end) compare(t *testing.T, p *play, run *v1alpha1.AnalysisRun) {
	t.Helper()
	if run.Status.Phase != want.phase {
		t.Errorf("phase: expected %s, found %s", want.phase, run.Status.Phase)
	}
	holds(t, "the run's message", want.says, run.Status.Message)
	gate := result(run, p.gate.name)
	var phases, outcomes []string
	for _, m := range gate.Measurements {
		phases = append(phases, string(m.Phase))
		outcomes = append(outcomes, m.Metadata["outcome"])
	}
	if found := strings.Join(phases, " "); found != want.measurements {
		t.Errorf("measurements: expected %s, found %s", want.measurements, found)
	}
	if last := lastOf(gate); last != nil {
		if outcomes[len(outcomes)-1] != want.outcome {
			t.Errorf("outcome: expected `%s`, found `%s`", want.outcome, outcomes[len(outcomes)-1])
		}
		holds(t, "the last measurement's message", want.last, last.Message)
	}
	if found := counts(gate); found != want.counts {
		t.Errorf("counts: expected %s, found %s", want.counts, found)
	}
	for key, value := range want.metadata {
		if found := lastOf(gate).Metadata[key]; !strings.Contains(found, value) {
			t.Errorf("metadata %s: expected %q in it, found %q", key, value, found)
		}
	}
	for name, phase := range want.siblings {
		if found := result(run, name).Phase; found != phase {
			t.Errorf("metric %s: expected %s, found %s", name, phase, found)
		}
	}
	if want.dryRun != (v1alpha1.RunSummary{}) && *run.Status.DryRunSummary != want.dryRun {
		t.Errorf("dry-run summary: expected %+v, found %+v", want.dryRun, *run.Status.DryRunSummary)
	}
}

// counts is what the controller counted of a metric.
func counts(r v1alpha1.MetricResult) string {
	return fmt.Sprintf("%d: %d S %d F %d I, %d E", r.Count, r.Successful, r.Failed, r.Inconclusive, r.Error)
}

// holds expects every text of `wanted` in `found`, and nothing where none is wanted.
func holds(t *testing.T, what string, wanted []string, found string) {
	t.Helper()
	if len(wanted) == 0 && found != "" {
		t.Errorf("%s: expected none, found %q", what, found)
	}
	for _, text := range wanted {
		if !strings.Contains(found, text) {
			t.Errorf("%s: expected %q in it, found %q", what, text, found)
		}
	}
}

// consistent looks at every version of the run that was ever stored.
func (p *play) consistent(t *testing.T) {
	t.Helper()
	waited, settled := map[string]string{}, 0
	for _, version := range p.stored() {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(text(version.Status), form) {
				t.Errorf("expected no secret in the status, found %s", text(version.Status))
			}
		}
		gate := result(version, p.gate.name)
		for i, m := range gate.Measurements {
			if m.Phase != v1alpha1.AnalysisPhaseRunning {
				continue
			}
			if i != len(gate.Measurements)-1 {
				t.Errorf("expected no measurement after one that waits, found %s", text(gate))
			}
			begun := m.StartedAt.Format(time.RFC3339)
			if m.Metadata[spoilt] != "" {
				delete(waited, begun)
				continue
			}
			p.waitsWell(t, m)
			times := m.Metadata["waitingSince"] + " to " + m.Metadata["waitUntil"]
			if before, found := waited[begun]; found && before != times {
				t.Errorf("expected the wait that began at %s to be %s, found %s", begun, before, times)
			}
			waited[begun] = times
		}
		// A wait counts for nothing until it is over, and then once; some of those that are over may be kept no longer.
		over := 0
		for _, m := range gate.Measurements {
			if m.Phase.Completed() {
				over++
			}
		}
		counted := int(gate.Count + gate.Error)
		if isKept := len(version.Spec.MeasurementRetention) == 0; counted < over || isKept && counted > over || counted < settled || counted > settled+1 {
			t.Errorf("expected each of %d measurements that are over to be counted once, found %s after %d", over, counts(gate), settled)
		}
		settled = counted
	}
	if found := len(waited); found != p.times {
		t.Errorf("waits: expected %d, found %d: %v", p.times, found, waited)
	}
	if host.LogsHold(secret) {
		t.Errorf("expected no secret in the plugin's log")
	}
}

// late is how long after a wait's end it may be looked at: a server that is down is tried three times, then a second passes,
// rounded up.
const late = 5 * time.Second

// waitsWell looks at a measurement that waits.
func (p *play) waitsWell(t *testing.T, m v1alpha1.Measurement) {
	t.Helper()
	since, err := time.Parse(time.RFC3339, m.Metadata["waitingSince"])
	if err != nil {
		t.Errorf("waitingSince: %v", err)
	}
	end, err := time.Parse(time.RFC3339, m.Metadata["waitUntil"])
	if err != nil {
		t.Errorf("waitUntil: %v", err)
	}
	if !end.After(since) {
		t.Errorf("expected a wait that ends after it begins, found %s to %s", since, end)
	}
	switch {
	case m.FinishedAt != nil:
		t.Errorf("expected no finishedAt while it waits, found %s", m.FinishedAt)
	case m.ResumeAt == nil:
		t.Errorf("expected a resumeAt while it waits, found none")
	case m.ResumeAt.After(end.Add(late)) || m.ResumeAt.Sub(m.StartedAt.Time) < time.Second:
		t.Errorf("expected a resumeAt after %s and no later than %s, found %s", m.StartedAt, end, m.ResumeAt)
	}
	if !strings.HasPrefix(m.Metadata["outcome"], "no-data/") {
		t.Errorf("outcome: expected no data, found %q", m.Metadata["outcome"])
	}
	if m.Message == "" {
		t.Errorf("expected a message that says what it waits for, found none")
	}
}
