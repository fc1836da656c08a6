// Package runs has argo-rollouts' own AnalysisRun controller carry whole AnalysisRuns to their end, once with the
// plugin and once with the built-in provider, and compares how they ended.
package runs

import (
	"testing"

	"promql-guard/tests/conformance/host"
)

func TestMain(m *testing.M) {
	host.Main(m, func() error { return nil }, host.Plain)
}
