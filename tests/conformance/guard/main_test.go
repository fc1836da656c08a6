// Package guard holds the guard rails against real Prometheus servers, the newest and Debian's older one: each scenario is
// a history of time series, a gate, and what the built-in provider and the plugin say of it with `guard: off`, `observe`
// and `enforce`.
//
// The scenarios are data (scenarios.yaml). The series of all of them are written into one block that ends five minutes
// after the moment of measuring; a server is started on it, and at that moment all is measured at once. A wait is not sat
// out: its end is asked for with a `waitUntil` that has gone by.
package guard

import (
	"flag"
	"os"
	"testing"

	"promql-guard/tests/conformance/host"
)

// update writes the tables of README.md and docs/scenarios.md anew.
var update = flag.Bool("update", false, "write the tables of README.md and docs/scenarios.md anew")

// here is this package's folder: host.Main goes to another.
var here, _ = os.Getwd()

func TestMain(m *testing.M) {
	flag.Parse()
	host.Main(m, func() error { return nil }, host.Plain)
}
