// Package life holds the plugin's process against what the controller does with it: all methods, many calls at once,
// crashes, the end; and that no secret leaves it.
package life

import (
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

var (
	busy    = host.Entry{Name: "promql-guard/busy"}
	crashes = host.Entry{Name: "promql-guard/crashes"}
	verbose = host.Entry{Name: "promql-guard/verbose", Args: []string{"--log-level", "trace"}}
)

func TestMain(m *testing.M) {
	host.Main(m, func() error { return nil }, host.Plain, busy, crashes, verbose)
}

// ten is a metric whose server answers 10, under both providers.
func ten(t *testing.T, entry host.Entry) (plugin, builtin v1alpha1.Metric) {
	t.Helper()
	return metrics(t, twins.Row{Success: "result == 10", Entry: entry, Script: fakeprom.Script{"": fakeprom.Scalar("10")}})
}

// metrics starts the row's server for the length of the test and returns both twins.
func metrics(t *testing.T, row twins.Row) (plugin, builtin v1alpha1.Metric) {
	t.Helper()
	server := fakeprom.Start(row.Script)
	t.Cleanup(server.Close)
	plugin, err := row.Plugin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	builtin, err = row.Builtin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return plugin, builtin
}
