package runs

import (
	"maps"
	"time"

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
	return twins.Row{With: "{query: max(queue_length), guard: enforce, " + settings + "}", Success: "result[0] < 5", Script: nothing}
}

const unknown = "no data: queue_length had no series in the last 7 days"

// under has a gate measured by a plugin process of its own.
func under(entry host.Entry, row twins.Row) twins.Row {
	row.Entry = entry
	return row
}

// once is a gate measured once that is asked again each second while it waits.
func once(row twins.Row) metric { return metric{"m", "{interval: 1s, count: 1}", row} }

// Ends that many waits have.
var (
	passed = end{phase: success, measurements: "Successful", counts: "1: 1 S 0 F 0 I, 0 E", outcome: "data"}
	ranOut = end{
		phase: unclear, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown, promote},
		says: []string{`Metric "m" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: ` + unknown, promote},
	}
)

var waits = []wait{
	// --- wait and resume ---
	{name: "data come", gate: once(backlog("noDataFor: 30s")), acts: []act{resumed, says(healthy)}, times: 1, end: passed},
	{
		name: "data come and are bad", gate: once(backlog("noDataFor: 30s")), acts: []act{waiting, says(sick)}, times: 1,
		end: end{
			phase: failed, measurements: "Failed", counts: "1: 0 S 1 F 0 I, 0 E", outcome: "data", last: []string{"is false: result[0] is 9"},
			says: []string{`Metric "m" assessed Failed due to failed (1) > failureLimit (0): "Error Message: successCondition "result[0] < 5" is false: result[0] is 9`},
		},
	},
	{
		name: "the server refuses in the end", gate: metric{"m", "{interval: 1s, count: 1, consecutiveErrorLimit: 0}", backlog("noDataFor: 30s")}, acts: []act{waiting, says(refuses)}, times: 1,
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", outcome: "error/query", last: []string{"too many samples"},
			says: []string{`Metric "m" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0)`, "too many samples"},
		},
	},
	{name: "no data to the end", gate: metric{"m", "{interval: 1s, count: 3}", backlog("noDataFor: 2s")}, times: 1, end: ranOut},
	{
		name: "no data and no interval", gate: metric{"m", "", backlog("noDataFor: 2s")}, times: 1, end: ranOut,
	},
	{
		name: "one wait of three measurements", gate: metric{"m", "{interval: 1s, count: 3}", backlog("noDataFor: 30s")}, acts: []act{waiting, says(healthy)}, times: 1,
		end: end{phase: success, measurements: "Successful Successful Successful", counts: "3: 3 S 0 F 0 I, 0 E", outcome: "data"},
	},
	{
		name: "no data within the limit and data later", gate: metric{"m", "{interval: 1s, count: 3, inconclusiveLimit: 1}", backlog("noDataFor: 2s")}, acts: []act{measured, says(healthy)}, times: 1,
		end: end{phase: success, measurements: "Inconclusive Successful Successful", counts: "3: 2 S 0 F 1 I, 0 E", outcome: "data"},
	},
	{
		name: "a fallback until somebody looks", gate: once(fallback("result[0] == 0", "30s")), acts: []act{resumed, says(behind)}, times: 1,
		end: end{phase: success, measurements: "Successful", counts: "1: 1 S 0 F 0 I, 0 E", outcome: "fallback-on-data"},
	},
	{
		name: "a closed gate stays closed", gate: once(fallback("result[0] >= 1", "3s")), times: 1,
		end: end{
			phase: failed, measurements: "Failed", counts: "1: 0 S 1 F 0 I, 0 E", outcome: "no-data/metric-unknown",
			last: []string{"no data: ready_total had no series in the last 7 days", `successCondition "result[0] >= 1" is false: result[0] is 0`},
			says: []string{`Metric "m" assessed Failed due to failed (1) > failureLimit (0): "Error Message: no data: ready_total`},
		},
	},
	{name: "data come before the usual end", gate: once(backlog("freshData: true")), acts: []act{lasts(4 * time.Minute), says(healthy)}, times: 1, end: passed},
	{
		name: "waits among measurements that are kept", spec: "measurementRetention: [{metricName: m, limit: 1}]",
		gate: metric{"m", "{interval: 1s, count: 3}", answering(healthy, "noDataFor: 30s")}, acts: []act{measured, says(nothing), resumed, says(healthy)}, times: 1,
		end: end{phase: success, measurements: "Successful", counts: "3: 3 S 0 F 0 I, 0 E", outcome: "data"},
	},
	{
		name: "an endless metric waits", gate: metric{"m", "{interval: 1s}", answering(healthy, "noDataFor: 30s")}, acts: []act{measured, says(nothing), resumed, says(sick)}, times: 1,
		end: end{
			phase: failed, measurements: "Successful Failed", counts: "2: 1 S 1 F 0 I, 0 E", outcome: "data", last: []string{"is false: result[0] is 9"},
			says: []string{`Metric "m" assessed Failed`, "is false: result[0] is 9"},
		},
	},
	{
		name: "two gates wait", gate: once(backlog("noDataFor: 30s")), siblings: []metric{{"late", "{interval: 1s, count: 1}", answering(healthy, "noDataFor: 30s")}, {"never", "{interval: 1s, count: 1}", backlog("noDataFor: 8s")}},
		acts: []act{resumed, says(healthy)}, times: 1,
		end: passed.with(func(e *end) {
			e.phase, e.says = unclear, []string{`Metric "never" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: ` + unknown}
			e.siblings = map[string]v1alpha1.AnalysisPhase{"late": success, "never": unclear}
		}),
	},
	// --- wait and terminate: before 1.10 the controller does not ask a measurement whose resumeAt is to come, and takes a run
	// without a verdict for Successful ---
	{
		name: "terminated while it waits", gate: metric{"m", "", backlog("noDataFor: 30s")}, acts: []act{waiting, says(healthy), heard, terminated, unasked}, times: 1,
		end: end{
			phase: unclear, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "terminated", last: []string{"Metric Terminated"},
			says: []string{`Metric "m" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: Metric Terminated"`},
		},
		older: &end{
			phase: success, measurements: "Running", counts: "0: 0 S 0 F 0 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			says: []string{"Run Terminated"},
		},
	},
	{
		name: "terminated within the limit", gate: metric{"m", "{interval: 1h, count: 3, inconclusiveLimit: 1}", backlog("noDataFor: 30s")}, acts: []act{waiting, terminated}, times: 1,
		// The controller's own rule: a metric that is terminated passes where nothing is over its limit.
		end: end{
			phase: success, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "terminated", last: []string{"Metric Terminated"},
			says: []string{"Run Terminated"},
		},
		older: &end{
			phase: success, measurements: "Running", counts: "0: 0 S 0 F 0 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			says: []string{"Run Terminated"},
		},
	},
	// --- a sibling ends ---
	{
		name: "a sibling fails", gate: metric{"m", "", backlog("noDataFor: 30s")}, siblings: []metric{{"bad", "", fails}}, times: 1,
		end: end{
			phase: failed, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "terminated", last: []string{"Metric Terminated"},
			says: []string{`Metric "bad" assessed Failed`}, siblings: map[string]v1alpha1.AnalysisPhase{"bad": failed},
		},
		older: &end{
			phase: failed, measurements: "Running", counts: "0: 0 S 0 F 0 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			says: []string{`Metric "bad" assessed Failed`}, siblings: map[string]v1alpha1.AnalysisPhase{"bad": failed},
		},
	},
	{
		name: "a sibling passes", gate: once(backlog("noDataFor: 2s")), siblings: []metric{{"good", "", passes}}, times: 1,
		end: ranOut.with(func(e *end) { e.siblings = map[string]v1alpha1.AnalysisPhase{"good": success} }),
	},
	// --- limits under which Inconclusive measurements alone are a pass ---
	{
		name: "inconclusiveLimit is the count", gate: metric{"m", "{interval: 1s, count: 2, inconclusiveLimit: 2, consecutiveErrorLimit: 0}", backlog("noDataFor: 2s")}, times: 1,
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", outcome: "no-data/metric-unknown", last: []string{unknown, "inconclusiveLimit lets the metric pass"},
			says: []string{`Metric "m" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: failed to resume via plugin: ` + unknown},
		},
	},
	{
		name: "inconclusiveLimit is below the count", gate: metric{"m", "{interval: 1s, count: 2, inconclusiveLimit: 1}", backlog("noDataFor: 2s")}, times: 2,
		end: end{
			phase: unclear, measurements: "Inconclusive Inconclusive", counts: "2: 0 S 0 F 2 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown, promote},
			says: []string{`Metric "m" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)`},
		},
	},
	// --- dry run ---
	{
		name: "dry run", spec: "dryRun: [{metricName: m}]", gate: once(backlog("noDataFor: 2s")), siblings: []metric{{"good", "", passes}}, times: 1,
		end: end{
			phase: success, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			siblings: map[string]v1alpha1.AnalysisPhase{"good": success}, dryRun: v1alpha1.RunSummary{Count: 1, Inconclusive: 1},
		},
	},
	{
		name: "dry run and a sibling fails", spec: "dryRun: [{metricName: m}]", gate: metric{"m", "", backlog("noDataFor: 30s")}, siblings: []metric{{"bad", "", fails}}, times: 1,
		end: end{
			phase: failed, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "terminated", last: []string{"Metric Terminated"},
			says: []string{`Metric "bad" assessed Failed`}, siblings: map[string]v1alpha1.AnalysisPhase{"bad": failed}, dryRun: v1alpha1.RunSummary{Count: 1, Inconclusive: 1},
		},
		older: &end{
			phase: failed, measurements: "Running", counts: "0: 0 S 0 F 0 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			says: []string{`Metric "bad" assessed Failed`}, siblings: map[string]v1alpha1.AnalysisPhase{"bad": failed}, dryRun: v1alpha1.RunSummary{Count: 1},
		},
	},
	// --- other processes ---
	{name: "a new controller", gate: once(backlog("noDataFor: 30s")), acts: []act{resumed, anew, resumed, says(healthy)}, times: 1, end: passed},
	{name: "a new controller and no data to the end", gate: once(backlog("noDataFor: 4s")), acts: []act{waiting, anew}, times: 1, end: ranOut},
	{
		name: "no controller until the wait is over", gate: once(backlog("noDataFor: 2s")), acts: []act{waiting, away(3 * time.Second)}, times: 1, end: ranOut,
	},
	{name: "another clock", gate: once(backlog("noDataFor: 3s")), acts: []act{waiting, stopped, spoils("2026-01-01T00:00:00Z", "2099-01-01T00:10:00Z"), started}, times: 1, end: ranOut},
	{name: "times that are gone", gate: once(backlog("noDataFor: 8s")), acts: []act{waiting, stopped, spoils("", ""), started, resumed, lasts(8 * time.Second)}, times: 1, end: ranOut},
	{
		name: "the plugin is killed", gate: metric{"m", "{interval: 3s, count: 1}", under(killed, backlog("noDataFor: 30s"))}, acts: []act{waiting, kill, resumed, says(healthy)}, times: 1, end: passed,
	},
	{
		name: "controller and plugin are killed", gate: metric{"m", "{interval: 3s, count: 1}", under(restarted, backlog("noDataFor: 30s"))},
		acts: []act{waiting, stopped, kill, started, resumed, says(healthy)}, times: 1, end: passed,
	},
	{
		// What is asked of it at that moment is lost: one Error, after which the controller measures anew.
		name: "the plugin is killed while it asks", gate: metric{"m", "{interval: 1s, count: 1}", under(cut, backlog("noDataFor: 30s"))}, acts: []act{waiting, hold, asked, kill, says(healthy)}, times: 1,
		end: end{phase: success, measurements: "Error Successful", counts: "1: 1 S 0 F 0 I, 1 E", outcome: "data"},
	},
	// --- the server is down ---
	{
		// With an interval as short as a look at a server that is down, the controller overtakes its own store.
		name: "down in the middle", gate: metric{"m", "{interval: 3s, count: 2, consecutiveErrorLimit: 0}", answering(healthy, "noDataFor: 30s")},
		acts: []act{measured, down, resumed, tells("connection refused, for "), up}, times: 1,
		end: end{phase: success, measurements: "Successful Successful", counts: "2: 2 S 0 F 0 I, 0 E", outcome: "data"},
	},
	{
		name: "down while it waits for data", gate: once(backlog("noDataFor: 30s")), acts: []act{waiting, down, resumed, upWith(healthy)}, times: 1, end: passed,
	},
	{
		name: "a server that hangs", gate: once(answering(fakeprom.Script{"": {Hang: true}}, "noDataFor: 30s, timeout: 2")), acts: []act{resumed, says(healthy)}, times: 1, end: passed,
	},
	{
		name: "down for good", isDown: true, gate: metric{"m", "{interval: 1s, count: 3, consecutiveErrorLimit: 1}", backlog("noDataFor: 2s")}, times: 1,
		end: end{
			phase: errored, measurements: "Error Error", counts: "0: 0 S 0 F 0 I, 2 E", outcome: "no-data/server-unreachable", last: []string{"no answer from 127.0.0.2:", "connection refused"},
			says: []string{`Metric "m" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1): "Error Message: failed to run via plugin: no answer from 127.0.0.2:`},
		},
	},
	// --- where nothing waits ---
	{
		name: "observe", gate: metric{"m", "consecutiveErrorLimit: 0", backlog("guard: observe, noDataFor: 2s")},
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", last: []string{"index out of range"}, says: []string{`Metric "m" assessed Error`},
			metadata: map[string]string{"wouldBe": "Inconclusive", "wouldBeAfter": "2s", "wouldBeOutcome": "no-data/metric-unknown", "wouldBeMessage": unknown},
		},
	},
	{
		name: "off", gate: metric{"m", "consecutiveErrorLimit: 0", backlog(`guard: "off", noDataFor: 2s`)},
		end: end{phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", last: []string{"index out of range"}, says: []string{`Metric "m" assessed Error`}},
	},
	{
		name: "observe ends a wait", gate: metric{"m", "{interval: 1s, count: 1, consecutiveErrorLimit: 0}", backlog("noDataFor: 30s")}, acts: []act{waiting, guard("observe")}, times: 1,
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", last: []string{"index out of range"}, says: []string{`Metric "m" assessed Error`},
			metadata: map[string]string{"wouldBe": "Inconclusive"},
		},
	},
	{
		name: "observe and the server is down", isDown: true, gate: metric{"m", "consecutiveErrorLimit: 0", backlog("guard: observe, noDataFor: 2s")},
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", last: []string{"connection refused"}, says: []string{`Metric "m" assessed Error`},
			metadata: map[string]string{"wouldBe": "Error", "wouldBeAfter": "2s", "wouldBeOutcome": "no-data/server-unreachable"},
		},
	},
	{
		name: "noData fail", gate: metric{"m", "", backlog("noData: fail")},
		end: end{
			phase: failed, measurements: "Failed", counts: "1: 0 S 1 F 0 I, 0 E", outcome: "no-data/metric-unknown", last: []string{unknown},
			says: []string{`Metric "m" assessed Failed due to failed (1) > failureLimit (0): "Error Message: ` + unknown},
		},
	},
	{
		name: "noData inconclusive", gate: metric{"m", "", backlog("noData: inconclusive")},
		end: ranOut,
	},
	// --- secrets ---
	{
		name: "a secret in the query", spec: token, gate: once(withSecret("noDataFor: 2s")), times: 1,
		end: end{
			phase: unclear, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "no-data/label-value-unknown", last: []string{"*****"},
			says: []string{"*****"}, metadata: map[string]string{"ResolvedPrometheusQuery": `max(queue_length{tenant="*****"})`},
		},
	},
	{
		name: "a secret in the query and terminated", spec: token, gate: metric{"m", "", withSecret("noDataFor: 30s")}, acts: []act{waiting, terminated}, times: 1,
		end: end{
			phase: unclear, measurements: "Inconclusive", counts: "1: 0 S 0 F 1 I, 0 E", outcome: "terminated", last: []string{"Metric Terminated"}, says: []string{"Metric Terminated"},
		},
		older: &end{
			phase: success, measurements: "Running", counts: "0: 0 S 0 F 0 I, 0 E", outcome: "no-data/label-value-unknown", last: []string{"*****"}, says: []string{"Run Terminated"},
		},
	},
	{
		name: "a secret in the address", spec: token, gate: metric{"m", "{interval: 1s, count: 1, consecutiveErrorLimit: 0}", backlog("noDataFor: 2s, address: 'http://{{args.token}}.localhost:1'")}, times: 1,
		end: end{
			phase: errored, measurements: "Error", counts: "0: 0 S 0 F 0 I, 1 E", outcome: "no-data/server-unreachable", last: []string{"no answer from *****"}, says: []string{"no answer from *****"},
		},
	},
}

const (
	promote = "promote goes on without judging this step again"
	token   = "args: [{name: token, valueFrom: {secretKeyRef: {name: prometheus, key: token}}}]"
)

// with is the end with one thing told otherwise.
func (want end) with(change func(*end)) end {
	change(&want)
	return want
}

// fallback is a gate whose answer without data is 0.
func fallback(condition, longest string) twins.Row {
	script := maps.Clone(nothing)
	script["sum(ready_total) or vector(0)"] = fakeprom.Bare("0")
	return twins.Row{With: "{guard: enforce, query: sum(ready_total) or vector(0), noDataFor: " + longest + "}", Success: condition, Script: script}
}

// behind is a server with samples behind the same answer.
var behind = data("0")

// answering is a gate whose server begins with another script.
func answering(script fakeprom.Script, settings string) twins.Row {
	row := backlog(settings)
	row.Script = script
	return row
}

// withSecret is a gate whose query holds a secret, of which the server knows no series.
func withSecret(settings string) twins.Row {
	script := maps.Clone(nothing)
	script["/api/v1/label/__name__/values?queue_length"] = fakeprom.Values("queue_length")
	script["/api/v1/label/tenant/values"] = fakeprom.Values("a", "b")
	return twins.Row{With: "{guard: enforce, query: 'max(queue_length{tenant=\"{{args.token}}\"})', " + settings + "}", Success: "result[0] < 5", Script: script}
}
