package single

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// addressVariable is the built-in provider's fallback for a metric without an address.
const addressVariable = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"

// checkAll runs each row as a test of its own.
func checkAll(t *testing.T, rows []twins.Row) {
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) { check(t, row) })
	}
}

// check asks the built-in provider, then the plugin, and compares the measurements and the requests.
func check(t *testing.T, row twins.Row) {
	server := fakeprom.Start(row.Script)
	if row.TLS {
		server.Close()
		server = fakeprom.StartTLS(row.Script)
	}
	defer server.Close()
	if row.Environment != "" {
		t.Setenv(addressVariable, twins.At(row.Environment, server.URL))
	}
	theirs := measureBuiltin(t, row, server.URL)
	theirRequests := server.Take()
	alike, err := alikeInNewest(t.Name(), theirs.Phase)
	if err != nil {
		t.Fatal(err)
	}
	if !alike {
		t.Skip("the newest built-in provider answers otherwise")
	}
	ours := measurePlugin(t, row, server.URL)
	ourRequests := server.Take()
	compare(t, row, theirs, ours)
	compareRequests(t, row.Differs, theirRequests, ourRequests)
}

func compare(t *testing.T, row twins.Row, theirs, ours v1alpha1.Measurement) {
	t.Helper()
	for _, difference := range twins.Compare(row.Differs, theirs, ours, host.Wrapped()) {
		t.Error(difference)
	}
	if t.Failed() {
		t.Logf("built-in provider: %s %q", theirs.Phase, theirs.Message)
		t.Logf("plugin:            %s %q", ours.Phase, ours.Message)
	}
	for _, leak := range twins.Leaks(ours, row.Secrets) {
		t.Errorf("expected no secret in the measurement, found %s", leak)
	}
	for _, secret := range row.Secrets {
		if host.LogsHold(secret) {
			t.Errorf("expected no secret in the log, found `%s`", secret)
		}
	}
}

func compareRequests(t *testing.T, difference twins.Difference, theirs, ours []fakeprom.Request) {
	t.Helper()
	if change := twins.Differences[difference].Requests; change != nil && !host.Wrapped() {
		theirs = change(theirs)
	}
	for _, difference := range twins.CompareRequests(theirs, ours) {
		t.Error(difference)
	}
}

func measureBuiltin(t *testing.T, row twins.Row, address string) v1alpha1.Measurement {
	t.Helper()
	if host.Wrapped() {
		row.Theirs = ""
	}
	metric, err := row.Builtin(address)
	var refused *twins.Refused
	if errors.As(err, &refused) {
		now := metav1.NewTime(time.Now())
		return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error(), StartedAt: &now, FinishedAt: &now}
	}
	if err != nil {
		t.Fatal(err)
	}
	return host.Measure(analysisRun(row), metric)
}

func measurePlugin(t *testing.T, row twins.Row, address string) v1alpha1.Measurement {
	t.Helper()
	metric, err := row.Plugin(address)
	if err != nil {
		t.Fatal(err)
	}
	return host.Measure(analysisRun(row), metric)
}

func analysisRun(row twins.Row) *v1alpha1.AnalysisRun {
	if row.Run == nil {
		return new(v1alpha1.AnalysisRun)
	}
	return row.Run
}
