package runs

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

const secret = "s3cr3t-of-the-run"

// The metrics' servers and conditions.
var (
	passes       = twins.Row{Success: "result == 10", Script: fakeprom.Script{"": fakeprom.Scalar("10")}}
	fails        = twins.Row{Success: "result == 11", Script: fakeprom.Script{"": fakeprom.Scalar("10")}}
	inconclusive = twins.Row{Success: "result[0] > 1", Failure: "result[0] < 0", Script: fakeprom.Script{"": fakeprom.Vector("0.5")}}
	refused      = twins.Row{Script: fakeprom.Script{"": fakeprom.Error(422, "execution", "no")}}
	noData       = twins.Row{Success: "result[0] > 1", Script: fakeprom.Script{"": fakeprom.Vector()}}
	warns        = twins.Row{Script: fakeprom.Script{"": fakeprom.Vector("1").With("warnings", `["partial"]`)}}
)

// scenarios are run side by side. Intervals of 1h see to it that a metric is measured once before its run ends.
var scenarios = []scenario{
	{name: "success", metrics: []metric{{"m", "{count: 3, interval: 1s}", passes}}},
	{name: "success at once", metrics: []metric{{"m", "", passes}}},
	{name: "failure", metrics: []metric{{"m", "{count: 3, interval: 1s}", fails}}},
	{name: "failure within the limit", metrics: []metric{{"m", "{count: 2, interval: 1s, failureLimit: 2}", fails}}},
	{name: "failures do not count", metrics: []metric{{"m", "{count: 2, interval: 1s, failureLimit: -1}", fails}}},
	{name: "error", metrics: []metric{{"m", "{count: 3, interval: 1s, consecutiveErrorLimit: 0}", refused}}},
	{name: "error tried again", metrics: []metric{{"m", "{count: 3, interval: 1s, consecutiveErrorLimit: 1}", refused}}},
	{name: "error of the condition", metrics: []metric{{"m", "consecutiveErrorLimit: 0", noData}}},
	{name: "inconclusive", metrics: []metric{{"m", "{count: 2, interval: 1s}", inconclusive}}},
	{name: "inconclusive as often as measured", metrics: []metric{{"m", "{count: 2, interval: 1s, inconclusiveLimit: 2}", inconclusive}}},
	{name: "consecutive successes", metrics: []metric{{"m", "{interval: 1s, consecutiveSuccessLimit: 2}", passes}}},
	{name: "warnings", metrics: []metric{{"m", "", warns}}},
	{name: "one of two fails", metrics: []metric{{"bad", "", fails}, {"good", "{count: 5, interval: 1h}", passes}}},
	{name: "one of two is an error", metrics: []metric{{"bad", "consecutiveErrorLimit: 0", refused}, {"good", "{count: 5, interval: 1h}", passes}}},
	{name: "past the tenth", metrics: []metric{{"m", "{count: 12, interval: 200ms}", passes}}},
	{name: "retention", spec: "measurementRetention: [{metricName: m, limit: 3}]", metrics: []metric{{"m", "{count: 5, interval: 200ms}", passes}}},
	{name: "dry run", spec: "dryRun: [{metricName: bad}]", metrics: []metric{{"bad", "", fails}, {"good", "{count: 2, interval: 1s}", passes}}},
	{name: "terminated", terminate: true, metrics: []metric{{"m", "{count: 5, interval: 1h}", passes}}},
	{name: "terminated after a failure", terminate: true, metrics: []metric{{"m", "{count: 5, interval: 1h, failureLimit: 1}", fails}}},
	{name: "argument", spec: "args: [{name: least, value: '10'}]", metrics: []metric{{"m", "successCondition: 'result >= {{args.least}}'", passes}}},
	{name: "secret argument", spec: "args: [{name: token, valueFrom: {secretKeyRef: {name: prometheus, key: token}}}]",
		metrics: []metric{{"m", "{count: 11, interval: 200ms}", twins.Row{With: "headers: [{key: Authorization, value: 'Bearer {{args.token}}'}]", Success: "result == 10", Script: passes.Script}}}},
	{name: "secret argument in an error", spec: "args: [{name: token, valueFrom: {secretKeyRef: {name: prometheus, key: token}}}]",
		metrics: []metric{{"m", "consecutiveErrorLimit: 0", twins.Row{With: "headers: [{key: X-Token, value: '{{args.token}}'}]", Script: fakeprom.Script{"": fakeprom.Error(400, "bad_data", "no "+secret)}}}}},
	{name: "secret that is missing", spec: "args: [{name: token, valueFrom: {secretKeyRef: {name: prometheus, key: nothing}}}]", metrics: []metric{{"m", "", passes}}},
	// The built-in provider never leaves a measurement in flight, and returns one unchanged: such as are finished but
	// for their finishedAt carry Resume and Terminate to a run's end.
	{name: "resumed", inFlight: "{phase: Successful, value: '10'}", metrics: []metric{{"m", "", passes}}},
	{name: "resumed and failed", inFlight: "{phase: Failed, value: '10', message: kept}", metrics: []metric{{"m", "", passes}}},
	{name: "resumed and measured on", inFlight: "{phase: Successful, value: '9', metadata: {kept: as it is}}", metrics: []metric{{"m", "{count: 2, interval: 1s}", passes}}},
	{name: "terminated in flight", inFlight: "{phase: Successful, value: '10', resumeAt: '2026-01-01T00:00:00Z'}", terminate: true, metrics: []metric{{"m", "{count: 5, interval: 1h}", passes}}},
	{name: "terminated in flight inconclusive", inFlight: "{phase: Inconclusive, resumeAt: '2026-01-01T00:00:00Z'}", terminate: true, metrics: []metric{{"m", "{count: 5, interval: 1h}", passes}}},
}

func TestRuns(t *testing.T) {
	t.Parallel()
	runs := startController(t, map[string]string{"token": secret})
	t.Run("all", func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				theirs, ours := s.playBoth(t, runs)
				compare(t, theirs, ours)
				hidden(t, ours)
			})
		}
	})
}

// compare holds the ends of two runs beside each other.
func compare(t *testing.T, theirs, ours *v1alpha1.AnalysisRun) {
	differ := func(what string, theirs, ours any) {
		if fmt.Sprint(theirs) != fmt.Sprint(ours) {
			t.Errorf("%s: expected %v, found %v", what, theirs, ours)
		}
	}
	differ("phase", theirs.Status.Phase, ours.Status.Phase)
	differ("message present", theirs.Status.Message != "", ours.Status.Message != "")
	differ("run summary", theirs.Status.RunSummary, ours.Status.RunSummary)
	differ("dry-run summary", theirs.Status.DryRunSummary, ours.Status.DryRunSummary)
	differ("completedAt present", theirs.Status.CompletedAt != nil, ours.Status.CompletedAt != nil)
	differ("metrics", len(theirs.Status.MetricResults), len(ours.Status.MetricResults))
	if t.Failed() {
		t.Logf("built-in provider: %s", text(theirs.Status))
		t.Logf("plugin: %s", text(ours.Status))
		return
	}
	for _, their := range theirs.Status.MetricResults {
		compareResult(t, their, result(ours, their.Name))
	}
}

// compareResult holds a metric's result beside the other: counts, metadata and each measurement kept.
func compareResult(t *testing.T, theirs, ours v1alpha1.MetricResult) {
	counts := func(r v1alpha1.MetricResult) string {
		return fmt.Sprintf("%s, count %d: %d successful, %d failed, %d inconclusive, %d error, %d and %d in a row, dry run %t, %d kept", r.Phase, r.Count,
			r.Successful, r.Failed, r.Inconclusive, r.Error, r.ConsecutiveError, r.ConsecutiveSuccess, r.DryRun, len(r.Measurements))
	}
	if counts(theirs) != counts(ours) {
		t.Errorf("metric %s: expected %s; found %s", theirs.Name, counts(theirs), counts(ours))
		return
	}
	if text(theirs.Metadata) != text(ours.Metadata) {
		t.Errorf("metric %s: metadata: expected %v, found %v", theirs.Name, theirs.Metadata, ours.Metadata)
	}
	for i := range theirs.Measurements {
		if theirs.Measurements[i].Message == "Metric Terminated" && ours.Measurements[i].Message == "Metric Terminated" {
			theirs.Measurements[i].Message, ours.Measurements[i].Message = "", ""
		}
		for _, difference := range twins.Compare(twins.None, theirs.Measurements[i], ours.Measurements[i], host.Wrapped() || carried(theirs.Measurements[i])) {
			t.Errorf("metric %s, measurement %d: %s", theirs.Name, i+1, difference)
		}
	}
}

// carried says whether a measurement is one that was put into the status by the scenario.
func carried(m v1alpha1.Measurement) bool {
	return m.FinishedAt == nil || m.FinishedAt.Sub(m.StartedAt.Time).Seconds() > 30
}

// hidden looks for the secret in all that the plugin's run became.
func hidden(t *testing.T, run *v1alpha1.AnalysisRun) {
	for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
		if strings.Contains(text(run), form) {
			t.Errorf("expected no secret in the run, found %s", text(run))
		}
		if host.LogsHold(form) {
			t.Errorf("expected no secret in the plugin's log, found `%s`", form)
		}
	}
}

func result(run *v1alpha1.AnalysisRun, name string) v1alpha1.MetricResult {
	for _, r := range run.Status.MetricResults {
		if r.Name == name {
			return r
		}
	}
	return v1alpha1.MetricResult{}
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
