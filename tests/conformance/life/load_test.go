package life

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// workers is the controller's default number of analysis threads.
const workers = 30

// atOnce runs the call by all workers at once and waits for them.
func atOnce(call func(worker int)) {
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			call(worker)
		}()
	}
	group.Wait()
}

// TestManyAtOnce: answers come back to the calls that asked.
func TestManyAtOnce(t *testing.T) {
	script := fakeprom.Script{}
	for worker := range workers {
		script[fmt.Sprint("q", worker)] = fakeprom.Scalar(fmt.Sprint(worker))
	}
	server := fakeprom.Start(script)
	defer server.Close()
	atOnce(func(worker int) {
		for range 20 {
			metric, err := twins.Row{With: fmt.Sprint("query: q", worker)}.Plugin(server.URL)
			if err != nil {
				t.Error(err)
				return
			}
			if measured := host.Measure(new(v1alpha1.AnalysisRun), metric); measured.Value != fmt.Sprint(worker) {
				t.Errorf("expected the value %d, found %q %s", worker, measured.Value, measured.Message)
			}
		}
	})
}

// TestLargeAtOnce: 200 KiB each way and 30 at once fill the connection's windows in both directions; a lost wake-up
// would hang here (libp2p/rust-yamux#232).
func TestLargeAtOnce(t *testing.T) {
	plugin := host.Start(t)
	metric, _ := ten(t, host.Plain)
	given := over()
	given.Metadata["large"] = strings.Repeat("0123456789abcdef", 200*1024/16)
	atOnce(func(int) {
		for range 20 {
			if ours := plugin.Resume(new(v1alpha1.AnalysisRun), metric, given); !same(given, ours) {
				t.Error("expected the large measurement unchanged, found another")
			}
		}
	})
}

// TestLargeAnswers: 200 KiB from Prometheus, 30 at once.
func TestLargeAnswers(t *testing.T) {
	labels := strings.Repeat("x", 200*1024)
	answer := fakeprom.Success("vector", `[{"metric":{"long":"`+labels+`"},"value":[1,"10"]}]`)
	metric, _ := metrics(t, twins.Row{Success: "result[0] == 10", Script: fakeprom.Script{"": answer}})
	atOnce(func(int) {
		if measured := host.Measure(new(v1alpha1.AnalysisRun), metric); measured.Phase != v1alpha1.AnalysisPhaseSuccessful {
			t.Errorf("expected Successful, found %s %s", measured.Phase, measured.Message)
		}
	})
}

// TestPingWhileCallsHang: the controller holds one lock for all plugins while it pings, without a timeout.
func TestPingWhileCallsHang(t *testing.T) {
	hanging, _ := metrics(t, twins.Row{With: "timeout: 3", Entry: busy, Script: fakeprom.Script{"": {Hang: true}}})
	quick, _ := ten(t, busy)
	done := make(chan struct{})
	go func() {
		defer close(done)
		atOnce(func(int) {
			if measured := host.Measure(new(v1alpha1.AnalysisRun), hanging); measured.Phase != v1alpha1.AnalysisPhaseError {
				t.Errorf("expected an Error after the timeout, found %s", measured.Phase)
			}
		})
	}()
	for range 20 {
		begun := time.Now()
		if _, err := host.Provider(quick); err != nil {
			t.Fatal(err)
		}
		if spent := time.Since(begun); spent > time.Second {
			t.Errorf("expected the ping to be answered at once, found %s", spent)
		}
		if measured := host.Measure(new(v1alpha1.AnalysisRun), quick); measured.Phase != v1alpha1.AnalysisPhaseSuccessful {
			t.Errorf("expected another server's query to be answered meanwhile, found %s %s", measured.Phase, measured.Message)
		}
	}
	select {
	case <-done:
		t.Error("expected the hanging calls to outlast the pings, found them done")
	default:
		<-done
	}
}
