package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// settle is how long a plugin rests before its memory is read.
const settle = time.Second

// ticksPerSecond is Linux' USER_HZ, in which /proc counts CPU time on every architecture that Go runs on.
const ticksPerSecond = 100

// plugin is a running plugin and the metric that it is asked to measure.
type plugin struct {
	host.Direct
	metric v1alpha1.Metric
}

// asked is a way to ask: the settings and the condition.
type asked struct{ name, settings, success string }

// Queries are those of many templates. The first is its own witness, so the guard rails ask nothing more of it in a run
// that is older than the look-back; the second may answer from nowhere, so they ask once more.
const (
	share = `query: sum(rate(http_requests_total{namespace="shop",code!~"5.."}[5m])) / sum(rate(http_requests_total{namespace="shop"}[5m]))`
	count = `query: sum(increase(http_requests_total{namespace="shop",code=~"5.."}[5m])) or vector(0)`
)

var (
	plain   = asked{"", share, "len(result) > 0 && result[0] >= 0.95"}
	guarded = []asked{
		{", guarded, one request", share + "\nguard: enforce", "len(result) > 0 && result[0] >= 0.95"},
		{", guarded, two requests", count + "\nguard: enforce", "len(result) > 0 && result[0] < 5"},
	}
)

// launch starts a plugin and takes one measurement, which must succeed.
func launch(path, address string) (plugin, error) {
	direct, err := host.Launch(path)
	if err != nil {
		return plugin{}, err
	}
	return plugin{Direct: direct}.asking(plain, address)
}

// asking is the same plugin, asked in another way; one measurement must succeed.
func (p plugin) asking(how asked, address string) (plugin, error) {
	metric, err := twins.Row{With: how.settings, Success: how.success}.Plugin(address)
	if err != nil {
		return plugin{}, err
	}
	p.metric = metric
	return p, p.measure()
}

func (p plugin) measure() error {
	measured := p.Run(analysisRun(), p.metric)
	if measured.Phase != v1alpha1.AnalysisPhaseSuccessful || measured.Value != "[0.97]" {
		return fmt.Errorf("expected a successful measurement of [0.97], found %s %s %s", measured.Phase, measured.Value, measured.Message)
	}
	return nil
}

// analysisRun is a run as a Rollout makes it, in the middle of its life.
func analysisRun() *v1alpha1.AnalysisRun {
	var run v1alpha1.AnalysisRun
	// The text is constant: a failure shows at the first measurement.
	_ = json.Unmarshal([]byte(`{"metadata":{"name":"cart-5478f49d8b-2-1","namespace":"shop","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"rollouts-pod-template-hash":"5478f49d8b"}},
		"spec":{"args":[{"name":"service","value":"cart"}],"metrics":[{"name":"success-rate","interval":"1m","count":5,"provider":{}}]},
		"status":{"phase":"Running","metricResults":[{"name":"success-rate","phase":"Running","count":1,"successful":1,
		"measurements":[{"phase":"Successful","value":"[0.97]","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z"}]}]}}`), &run)
	return &run
}

// idleMemory is the proportional set size of each plugin after its first measurement.
func idleMemory(ours, theirs plugin) (figure, error) {
	time.Sleep(settle)
	our, err := ours.pss()
	if err != nil {
		return figure{}, err
	}
	their, err := theirs.pss()
	return figure{name: "idle PSS after one measurement", unit: "KiB", target: "1/6", ours: our, theirs: their}, err
}

// pss is the line Pss of /proc/PID/smaps_rollup, in KiB.
func (p plugin) pss() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.Cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("expected a line Pss in smaps_rollup, found none")
}

// cpu is the user and system time that the process has used: fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)).
func (p plugin) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, behindName, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(behindName)
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("expected CPU times in /proc/PID/stat, found %q and %q", fields[11], fields[12])
	}
	return time.Duration(user+system) * time.Second / ticksPerSecond, nil
}
