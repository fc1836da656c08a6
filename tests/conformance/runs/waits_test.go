package runs

import (
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// wait is one AnalysisRun whose gate finds no data at first.
type wait struct {
	name string
	// gate is the metric that waits; siblings are measured beside it.
	gate     metric
	siblings []metric
	// spec is the rest of the run's spec, as YAML.
	spec string
	// isDown: nobody listens at the server's address at first.
	isDown bool
	// acts are done one after the other; then the run is to end by itself.
	acts []act
	// times is how many measurements waited.
	times int
	// end is what comes of it; older, where it is set, with argo-rollouts before 1.10.
	end   end
	older *end
}

// want is what is expected of the controller that is compiled in.
func (w wait) want() end {
	if w.older != nil && isOlder() {
		return *w.older
	}
	return w.end
}

// end is what a run and its gate ended as.
type end struct {
	phase v1alpha1.AnalysisPhase
	// says are parts of the run's message; none is an empty one.
	says []string
	// measurements are the phases of the gate's, counts what the controller counted: `2: 1 S 1 F 0 I, 0 E`.
	measurements, counts string
	// outcome and last (parts of the message) are of the gate's last measurement, and so are the entries of metadata.
	outcome  string
	last     []string
	metadata map[string]string
	// siblings are the phases of the other metrics.
	siblings map[string]v1alpha1.AnalysisPhase
	dryRun   v1alpha1.RunSummary
}

const (
	success = v1alpha1.AnalysisPhaseSuccessful
	failed  = v1alpha1.AnalysisPhaseFailed
	unclear = v1alpha1.AnalysisPhaseInconclusive
	errored = v1alpha1.AnalysisPhaseError
)

// What the server says: nothing at all, not even of the metric's name; then fresh samples, under the limit or over it.
var (
	nothing = fakeprom.Script{
		"":                              fakeprom.Vector(),
		"/api/v1/label/__name__/values": fakeprom.Values(),
		"/api/v1/label/job/values":      fakeprom.Values(),
	}
	healthy = data("1")
	sick    = data("9")
	// refuses is an error that is told at once.
	refuses = fakeprom.Script{"": fakeprom.Error(422, "execution", "too many samples")}
)

// data is a server whose samples are fresh and no constant.
func data(value string) fakeprom.Script {
	return fakeprom.Script{
		"":             fakeprom.Bare(value),
		fakeprom.Named: fakeprom.Parts(map[string]string{"w": "1", "s1": "2", "o1": "2", "e": "100"}),
	}
}

// backlog is a gate whose text is its own witness, with further settings of the plugin.
func backlog(settings string) twins.Row {
	return twins.Row{With: "{guard: enforce, query: max(queue_length), " + settings + "}", Success: "result[0] < 5", Script: nothing}
}

const unknown = "no data: queue_length had no series in the last 7 days"

var waits = []wait{
	{
		name: "data come", gate: metric{"m", "{interval: 1s, count: 1}", backlog("noDataFor: 30s")},
		acts: []act{resumed, says(healthy)}, times: 1,
		end: end{phase: success, measurements: "Successful", counts: "1: 1 S 0 F 0 I, 0 E", outcome: "data"},
	},
	{
		name: "data come and are bad", gate: metric{"m", "{interval: 1s, count: 1}", backlog("noDataFor: 30s")},
		acts: []act{waiting, says(sick)}, times: 1,
		end: end{phase: failed, says: []string{`Metric "m" assessed Failed due to failed (1) > failureLimit (0): "Error Message: successCondition "result[0] < 5" is false: result[0] is 9`},
			measurements: "Failed", counts: "1: 0 S 1 F 0 I, 0 E", outcome: "data", last: []string{"is false: result[0] is 9"}},
	},
	{
		name: "no data to the end", gate: metric{"m", "{interval: 1s, count: 3}", backlog("noDataFor: 2s")},
		acts: []act{waiting}, times: 1,
		end: end{phase: unclear, says: []string{`Metric "m" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: ` + unknown, "promote goes on without judging this step again"},
			measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown}},
	},
}

var _ = host.Plain
