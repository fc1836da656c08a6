// Package runs has argo-rollouts' own AnalysisRun controller carry whole AnalysisRuns to their end: once with the plugin and
// once with the built-in provider, comparing how they ended; and with the guard rails, which wait for data.
package runs

import (
	"flag"
	"net"
	"os"
	"path/filepath"
	"testing"

	"promql-guard/tests/conformance/host"
)

// Entries whose process is killed: of one test each.
var (
	killed    = host.Entry{Name: "promql-guard/killed"}
	restarted = host.Entry{Name: "promql-guard/restarted"}
	cut       = host.Entry{Name: "promql-guard/cut"}
)

func TestMain(m *testing.M) {
	// Runs mostly wait: more of them fit beside each other than there are processors.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err)
	}
	host.Main(m, removeSockets, host.Plain, killed, restarted, cut)
}

// removeSockets takes away what a process killed from outside cannot: the file of a socket on which nobody listens.
func removeSockets() error {
	files, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if connection, err := net.Dial("unix", file); err == nil {
			connection.Close()
			continue
		}
		if err := os.RemoveAll(file); err != nil {
			return err
		}
	}
	return nil
}
