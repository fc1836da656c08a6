package runs

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	argo "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned/typed/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/twins"
)

// scenario is one AnalysisRun.
type scenario struct {
	name    string
	metrics []metric
	// spec is the rest of the run's spec, as YAML.
	spec string
	// inFlight is a measurement that an earlier controller left behind, as YAML: it is of the first metric.
	inFlight string
	// terminate ends the run by hand once each metric has been measured, or right away if one is in flight.
	terminate bool
}

// metric is one of a run's metrics.
type metric struct {
	name string
	// limits are the metric's count, interval and limits, as YAML.
	limits string
	row    twins.Row
}

// playBoth carries the scenario out with the plugin and with the built-in provider, and returns both runs at their end.
func (s scenario) playBoth(t *testing.T, runs argo.AnalysisRunInterface) (theirs, ours *v1alpha1.AnalysisRun) {
	base := strings.ReplaceAll(s.name, " ", "-")
	s.begin(t, runs, base+"-builtin", twins.Row.Builtin)
	s.begin(t, runs, base+"-plugin", twins.Row.Plugin)
	return s.end(t, runs, base+"-builtin"), s.end(t, runs, base+"-plugin")
}

// begin creates the run, each metric with a server of its own.
func (s scenario) begin(t *testing.T, runs argo.AnalysisRunInterface, name string, twin func(twins.Row, string) (v1alpha1.Metric, error)) {
	t.Helper()
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, CreationTimestamp: metav1.Now()}}
	decode(t, s.spec, &run.Spec)
	for _, m := range s.metrics {
		server := fakeprom.Start(m.row.Script)
		t.Cleanup(server.Close)
		made, err := twin(m.row, server.URL)
		if err != nil {
			t.Fatal(err)
		}
		decode(t, m.limits, &made)
		made.Name = m.name
		run.Spec.Metrics = append(run.Spec.Metrics, made)
	}
	if s.inFlight != "" {
		run.Status = s.left(t)
		run.Spec.Terminate = s.terminate
	}
	if _, err := runs.Create(context.Background(), run, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// left is the status of a run whose first metric has a measurement in flight.
func (s scenario) left(t *testing.T) v1alpha1.AnalysisRunStatus {
	var measurement v1alpha1.Measurement
	decode(t, s.inFlight, &measurement)
	started := metav1.NewTime(time.Now().Add(-time.Minute).Truncate(time.Second))
	measurement.StartedAt = &started
	return v1alpha1.AnalysisRunStatus{
		Phase:     v1alpha1.AnalysisPhaseRunning,
		StartedAt: &started,
		MetricResults: []v1alpha1.MetricResult{{
			Name:         s.metrics[0].name,
			Phase:        v1alpha1.AnalysisPhaseRunning,
			Measurements: []v1alpha1.Measurement{measurement},
		}},
	}
}

// end waits for the run's end, after terminating it if the scenario does so.
func (s scenario) end(t *testing.T, runs argo.AnalysisRunInterface, name string) *v1alpha1.AnalysisRun {
	t.Helper()
	if s.terminate && s.inFlight == "" {
		run := until(t, runs, name, "measured", func(run *v1alpha1.AnalysisRun) bool {
			return len(run.Status.MetricResults) == len(s.metrics)
		})
		run.Spec.Terminate = true
		if _, err := runs.Update(context.Background(), run, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return until(t, runs, name, "completed", func(run *v1alpha1.AnalysisRun) bool { return run.Status.Phase.Completed() })
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}
