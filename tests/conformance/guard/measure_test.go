package guard

import (
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
)

// Histories hold still for this long after their moment: no sample comes, no age reaches a limit.
const still = 6 * time.Second

// answer is all that was said of a scenario: the measurement of each way of asking, and under enforce, where that is
// Running, the measurement when the wait is over.
type answer struct {
	measured map[mode]v1alpha1.Measurement
	end      *v1alpha1.Measurement
}

// measureAll asks each server of each scenario in each of the four ways, some at once, the moment gone by; by server, then
// scenario.
func measureAll(t *testing.T, servers []server, scenarios []scenario, moment time.Time) [][]answer {
	t.Helper()
	all := make([][]answer, len(servers))
	type job struct {
		server, scenario int
		how              mode
	}
	jobs := make(chan job)
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for j := range jobs {
				m, end, err := scenarios[j.scenario].measure(j.how, servers[j.server].Address, moment)
				if err != nil {
					t.Errorf("scenario %s: %v", scenarios[j.scenario].ID, err)
					continue
				}
				mutex.Lock()
				all[j.server][j.scenario].measured[j.how] = m
				if end != nil {
					all[j.server][j.scenario].end = end
				}
				mutex.Unlock()
			}
		})
	}
	time.Sleep(time.Until(moment.Add(20 * time.Millisecond)))
	for s := range servers {
		all[s] = make([]answer, len(scenarios))
		for n := range scenarios {
			all[s][n].measured = map[mode]v1alpha1.Measurement{}
		}
	}
	for s := range servers {
		for n := range scenarios {
			for _, how := range []mode{builtin, off, observe, enforce} {
				jobs <- job{s, n, how}
			}
		}
	}
	close(jobs)
	group.Wait()
	return all
}

// measure takes one measurement as the controller does, and resumes one that waits as if its time were over.
func (s scenario) measure(how mode, address string, moment time.Time) (v1alpha1.Measurement, *v1alpha1.Measurement, error) {
	metric, err := s.metric(how, address)
	if err != nil {
		return v1alpha1.Measurement{}, nil, err
	}
	run := s.run(moment, metric)
	first := host.Measure(run, metric)
	if how != enforce || first.Phase != v1alpha1.AnalysisPhaseRunning {
		return first, nil, nil
	}
	provider, err := host.Provider(metric)
	if err != nil {
		return first, nil, err
	}
	waited := *first.DeepCopy()
	if waited.Metadata == nil {
		waited.Metadata = map[string]string{}
	}
	waited.Metadata[waitUntil] = moment.Add(-time.Second).UTC().Format(time.RFC3339)
	end := provider.Resume(run, metric, waited)
	return first, &end, nil
}

// The keys of Metadata that the plugin reads back.
const (
	waitingSince = "waitingSince"
	waitUntil    = "waitUntil"
)
