package life

import (
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// TestMethods calls all seven methods, in the order of a run.
func TestMethods(t *testing.T) {
	plugin := host.Start(t)
	metric, builtinMetric := ten(t, host.Plain)
	builtin, err := host.Provider(builtinMetric)
	if err != nil {
		t.Fatal(err)
	}
	run := new(v1alpha1.AnalysisRun)
	if failed := plugin.InitPlugin(); failed.HasError() {
		t.Errorf("InitPlugin, second call: expected no error, found %v", failed)
	}
	if ours := plugin.Type(); ours != builtin.Type() && host.Wrapped() || ours == "" {
		t.Errorf("Type: expected a name, found %q", ours)
	}
	for _, difference := range twins.Compare(twins.None, builtin.Run(run, builtinMetric), plugin.Run(run, metric), host.Wrapped()) {
		t.Error("Run: ", difference)
	}
	if theirs, ours := builtin.GetMetadata(builtinMetric), plugin.GetMetadata(metric); !reflect.DeepEqual(theirs, ours) {
		t.Errorf("GetMetadata: expected %v, found %v", theirs, ours)
	}
	given := over()
	if ours := plugin.Resume(run, metric, given); !same(builtin.Resume(run, builtinMetric, given), ours) {
		t.Errorf("Resume: expected the measurement unchanged, found %+v", ours)
	}
	if ours := plugin.Terminate(run, metric, given); !same(builtin.Terminate(run, builtinMetric, given), ours) {
		t.Errorf("Terminate: expected the measurement unchanged, found %+v", ours)
	}
	if failed := plugin.GarbageCollect(run, metric, 10); failed.HasError() {
		t.Errorf("GarbageCollect: expected no error, found %v", failed)
	}
}

// TestNilRun: the protocol can carry a call without an AnalysisRun; it costs that call alone.
func TestNilRun(t *testing.T) {
	plugin := host.Start(t)
	metric, builtinMetric := ten(t, host.Plain)
	for _, difference := range twins.Compare(twins.NoRun, host.Measure(nil, builtinMetric), plugin.Run(nil, metric), host.Wrapped()) {
		t.Error("Run: ", difference)
	}
	given := over()
	if ours := plugin.Resume(nil, metric, given); !same(given, ours) {
		t.Errorf("Resume: expected the measurement unchanged, found %+v", ours)
	}
	if ours := plugin.Terminate(nil, metric, given); !same(given, ours) {
		t.Errorf("Terminate: expected the measurement unchanged, found %+v", ours)
	}
	if failed := plugin.GarbageCollect(nil, metric, 0); failed.HasError() {
		t.Errorf("GarbageCollect: expected no error, found %v", failed)
	}
}

// TestMetadataOfNoQuery: the built-in provider names the query only if there is one.
func TestMetadataOfNoQuery(t *testing.T) {
	plugin := host.Start(t)
	metric, builtinMetric := metrics(t, twins.Row{With: "query: ''"})
	builtin, err := host.Provider(builtinMetric)
	if err != nil {
		t.Fatal(err)
	}
	if theirs, ours := builtin.GetMetadata(builtinMetric), plugin.GetMetadata(metric); len(theirs) != len(ours) {
		t.Errorf("expected %v, found %v", theirs, ours)
	}
}

// over is a measurement that has its phase: nobody changes it any more. What becomes of one that waits is told in runs.
func over() v1alpha1.Measurement {
	started := metav1.NewTime(time.Now().Add(-time.Minute))
	finished := metav1.NewTime(time.Now())
	resume := metav1.NewTime(time.Now().Add(time.Hour))
	return v1alpha1.Measurement{
		Phase:      v1alpha1.AnalysisPhaseInconclusive,
		Message:    "no data",
		StartedAt:  &started,
		FinishedAt: &finished,
		ResumeAt:   &resume,
		Value:      "[0.5]",
		Metadata:   map[string]string{"key": "value", "empty": ""},
	}
}

// same compares measurements as times go: an instant, whatever its zone.
func same(a, b v1alpha1.Measurement) bool {
	equal := a.StartedAt.Equal(b.StartedAt) && a.FinishedAt.Equal(b.FinishedAt) && a.ResumeAt.Equal(b.ResumeAt)
	for _, m := range []*v1alpha1.Measurement{&a, &b} {
		m.StartedAt, m.FinishedAt, m.ResumeAt = nil, nil, nil
	}
	return equal && reflect.DeepEqual(a, b)
}
