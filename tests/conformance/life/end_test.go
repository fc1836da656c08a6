package life

import (
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// TestKill: the controller's end of a plugin. go-plugin asks it to quit and kills it after 2 s.
func TestKill(t *testing.T) {
	plugin := host.Start(t)
	metric, _ := ten(t, host.Plain)
	plugin.Run(new(v1alpha1.AnalysisRun), metric)
	socket := plugin.Client.ReattachConfig().Addr.String()
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	plugin.Client.Kill()
	if spent := time.Since(begun); spent > time.Second {
		t.Errorf("expected the process to quit when asked to, found it gone after %s", spent)
	}
	if state := plugin.Cmd.ProcessState; state == nil || !state.Success() {
		t.Errorf("expected exit code 0, found %v", state)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("expected the socket's file to be gone, found %s (%v)", socket, err)
	}
}

// TestKillWhileCallsHang: work in flight does not hold the end.
func TestKillWhileCallsHang(t *testing.T) {
	plugin := host.Start(t)
	server := fakeprom.Start(fakeprom.Script{"": {Hang: true}})
	defer server.Close()
	metric, err := twins.Row{}.Plugin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan v1alpha1.Measurement)
	go func() { answered <- plugin.Run(new(v1alpha1.AnalysisRun), metric) }()
	for len(server.Take()) == 0 {
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	plugin.Client.Kill()
	if spent := time.Since(begun); spent > time.Second {
		t.Errorf("expected the process to quit when asked to, found it gone after %s", spent)
	}
	if measured := <-answered; measured.Phase != v1alpha1.AnalysisPhaseError {
		t.Errorf("expected the call in flight to end as Error, found %s", measured.Phase)
	}
}

// TestClosedConnection: calls after the end are errors of the host's. Which of the two it tells hangs on whether its reader
// has seen the end of the stream yet.
func TestClosedConnection(t *testing.T) {
	plugin := host.Start(t)
	metric, _ := ten(t, host.Plain)
	plugin.Client.Kill()
	expected := []string{"Run rpc call error: connection is shut down", "Run rpc call error: stream closed"}
	if measured := plugin.Run(new(v1alpha1.AnalysisRun), metric); measured.Phase != v1alpha1.AnalysisPhaseError || !slices.Contains(expected, measured.Message) {
		t.Errorf("expected Error with one of %q, found %s %q", expected, measured.Phase, measured.Message)
	}
}

// TestCrash: a process that is killed costs the calls in flight; the next measurement starts another.
func TestCrash(t *testing.T) {
	server := fakeprom.Start(fakeprom.Script{"hang": {Hang: true}, "": fakeprom.Scalar("10")})
	defer server.Close()
	quick, err := twins.Row{Entry: crashes}.Plugin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	hanging, err := twins.Row{Entry: crashes, With: "query: hang"}.Plugin(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if measured := host.Measure(new(v1alpha1.AnalysisRun), quick); measured.Value != "10" {
		t.Fatalf("expected a measurement before the crash, found %s %s", measured.Phase, measured.Message)
	}
	server.Take()
	before := host.Pids(crashes)
	if len(before) != 1 {
		t.Fatalf("expected one process, found %v", before)
	}
	answered := make(chan v1alpha1.Measurement)
	go func() { answered <- host.Measure(new(v1alpha1.AnalysisRun), hanging) }()
	for len(server.Take()) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := syscall.Kill(before[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if measured := <-answered; measured.Phase != v1alpha1.AnalysisPhaseError {
		t.Errorf("expected the call in flight to end as Error, found %s", measured.Phase)
	}
	for len(host.Pids(crashes)) > 0 {
		time.Sleep(time.Millisecond)
	}
	measured := host.Measure(new(v1alpha1.AnalysisRun), quick)
	if measured.Phase == v1alpha1.AnalysisPhaseError {
		// The controller's client may see the end one call late: its ping fails, and it cleans up for the next.
		measured = host.Measure(new(v1alpha1.AnalysisRun), quick)
	}
	if after := host.Pids(crashes); measured.Value != "10" || len(after) != 1 || after[0] == before[0] {
		t.Errorf("expected a new process to measure 10, found %s %q %s, processes %v after %v", measured.Phase, measured.Value, measured.Message, after, before)
	}
	removeSockets(t)
}

// removeSockets takes away what a process killed from outside cannot: the file of a socket on which nobody listens.
func removeSockets(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		path := os.Getenv("TMPDIR") + "/" + entry.Name()
		if connection, err := net.Dial("unix", path); err == nil {
			connection.Close()
			continue
		}
		os.RemoveAll(path)
	}
}

// TestStrayConnection: rubbish on the socket costs nobody else.
func TestStrayConnection(t *testing.T) {
	plugin := host.Start(t)
	metric, _ := ten(t, host.Plain)
	stray, err := net.Dial("unix", plugin.Client.ReattachConfig().Addr.String())
	if err == nil {
		defer stray.Close()
		stray.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	}
	if measured := plugin.Run(new(v1alpha1.AnalysisRun), metric); measured.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("expected the host's connection to work on, found %s %s", measured.Phase, measured.Message)
	}
}
