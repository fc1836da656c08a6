// Package cluster plays whole rollouts under the unmodified Argo Rollouts controller, and reads what a person would read.
//
// A scenario is a script: scenarios/*.txtar on one control plane, all at once; outages/*.txtar on another, one after the other,
// since they end its programs; versions/*.txtar at each older release of Argo Rollouts. The commands of a script are those of
// testscript (github.com/rogpeppe/go-internal/testscript), and those of commands_test.go. What is expected stands at the end of
// the script; `-update` writes it anew.
package cluster

import (
	"flag"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"promql-guard/tests/cluster/plane"
)

const newest = "v1.10.1"

var (
	update   = flag.Bool("update", false, "write what came into the scripts, as what is expected")
	programs plane.Programs
	plugin   string
)

func TestMain(m *testing.M) {
	flag.Parse()
	endWithParent()
	os.Exit(func() int {
		var err error
		if plugin, err = filepath.Abs(os.Getenv("PROMQL_GUARD")); err == nil && os.Getenv("PROMQL_GUARD") == "" {
			fail("expected the path of the plugin in PROMQL_GUARD, found none; tests/cluster/run sets it")
			return 2
		}
		if programs, err = plane.Find(); err != nil {
			fail(err.Error())
			return 1
		}
		return m.Run()
	}())
}

// endWithParent lets a `go test` that is killed take this process with it, and so the servers, which end with this one.
func endWithParent() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
}

func fail(message string) { os.Stderr.WriteString("tests/cluster: " + message + "\n") }

func TestScenarios(t *testing.T) {
	t.Parallel()
	play(t, "scenarios", newest, false)
}

func TestOutages(t *testing.T) {
	t.Parallel()
	play(t, "outages", newest, true)
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1.7.2", "v1.8.5", newest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			play(t, "versions", version, false)
		})
	}
}

// play runs the scripts of a folder on a control plane of their own.
func play(t *testing.T, folder, version string, inTurn bool) {
	config, err := os.ReadFile("../../examples/silent-canary/platform/controller/argo-rollouts-config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	running, err := plane.Start(t.TempDir(), programs, version, plane.Located(config, plugin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	s := stage{plane: running, version: version}
	testscript.RunT(scripts{t, inTurn}, testscript.Params{
		Dir:                folder,
		Setup:              s.setup,
		Condition:          s.condition,
		Cmds:               s.commands(),
		UpdateScripts:      *update,
		RequireUniqueNames: true,
	})
}
