package runs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	argo "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned/typed/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
)

// play is a wait under way: a cluster, a controller and a server of its own.
type play struct {
	wait
	cluster cluster
	runs    argo.AnalysisRunInterface
	server  *fakeprom.Server
	stop    func()

	mutex    sync.Mutex
	versions []*v1alpha1.AnalysisRun
}

// begin starts the server and the controller, and creates the run.
func (w wait) begin(t *testing.T) *play {
	t.Helper()
	server, err := fakeprom.StartOn("127.0.0.2", w.gate.row.Script)
	if err != nil {
		t.Fatal(err)
	}
	p := &play{wait: w, cluster: newCluster(map[string]string{"token": secret}), server: server}
	t.Cleanup(func() { p.server.Close() })
	p.runs = p.cluster.runs()
	p.follow(t)
	p.stop = p.cluster.control(2)
	t.Cleanup(func() { p.stop() })
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: w.id(), Namespace: namespace, CreationTimestamp: metav1.Now()}}
	decode(t, w.spec, &run.Spec)
	run.Spec.Metrics = []v1alpha1.Metric{w.gate.made(t, server.URL)}
	for _, sibling := range w.siblings {
		server := fakeprom.Start(sibling.row.Script)
		t.Cleanup(server.Close)
		run.Spec.Metrics = append(run.Spec.Metrics, sibling.made(t, server.URL))
	}
	if w.isDown {
		server.Down()
	}
	if _, err := p.runs.Create(context.Background(), run, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// made is the metric, asking a server through the plugin.
func (m metric) made(t *testing.T, address string) v1alpha1.Metric {
	t.Helper()
	made, err := m.row.Plugin(address)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, m.limits, &made)
	made.Name = m.name
	return made
}

// follow keeps every version of the run that is ever stored.
func (p *play) follow(t *testing.T) {
	t.Helper()
	watch, err := p.runs.Watch(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watch.Stop)
	go func() {
		for event := range watch.ResultChan() {
			if run, ok := event.Object.(*v1alpha1.AnalysisRun); ok {
				p.mutex.Lock()
				p.versions = append(p.versions, run.DeepCopy())
				p.mutex.Unlock()
			}
		}
	}()
}

// stored are the versions so far.
func (p *play) stored() []*v1alpha1.AnalysisRun {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.versions)
}

// waits returns the measurement that the gate waits with, after `except` where one is given.
func (p *play) waits(t *testing.T, except *v1alpha1.Measurement) v1alpha1.Measurement {
	t.Helper()
	run := until(t, p.runs, p.id(), "waiting", func(run *v1alpha1.AnalysisRun) bool {
		last := lastOf(result(run, p.gate.name))
		if run.Status.Phase.Completed() {
			t.Fatalf("expected the gate to wait, found the run ended: %s", text(run.Status))
		}
		return last != nil && last.Phase == v1alpha1.AnalysisPhaseRunning && (except == nil || text(last) != text(except))
	})
	return *lastOf(result(run, p.gate.name))
}

// ends waits for the run's end.
func (p *play) ends(t *testing.T) *v1alpha1.AnalysisRun {
	t.Helper()
	return until(t, p.runs, p.id(), "completed", func(run *v1alpha1.AnalysisRun) bool { return run.Status.Phase.Completed() })
}

func lastOf(r v1alpha1.MetricResult) *v1alpha1.Measurement {
	if len(r.Measurements) == 0 {
		return nil
	}
	return &r.Measurements[len(r.Measurements)-1]
}

// act is what happens while the gate waits.
type act func(*testing.T, *play)

// says has the server answer otherwise from now on.
func says(script fakeprom.Script) act {
	return func(_ *testing.T, p *play) { p.server.Say(script) }
}

// down ends the server, up starts it again.
func down(_ *testing.T, p *play) { p.server.Down() }

func up(t *testing.T, p *play) {
	if err := p.server.Up(); err != nil {
		t.Fatal(err)
	}
}

// waiting goes on once the gate waits, for the first time or once more.
func waiting(t *testing.T, p *play) { p.waits(t, nil) }

// measured goes on once the gate has a measurement that is over.
func measured(t *testing.T, p *play) {
	until(t, p.runs, p.id(), "measured", func(run *v1alpha1.AnalysisRun) bool { return result(run, p.gate.name).Count > 0 })
}

// resumed goes on once the gate was resumed and waits on, within the same times.
func resumed(t *testing.T, p *play) {
	t.Helper()
	before := p.waits(t, nil)
	after := p.waits(t, &before)
	for _, key := range []string{"waitingSince", "waitUntil"} {
		if before.Metadata[spoilt] == "" && before.Metadata[key] != after.Metadata[key] {
			t.Errorf("%s: expected %s to outlast a Resume, found %s", key, before.Metadata[key], after.Metadata[key])
		}
	}
	if !after.ResumeAt.After(before.ResumeAt.Time) {
		t.Errorf("resumeAt: expected one after %s, found %s", before.ResumeAt, after.ResumeAt)
	}
}

// terminated ends the run by hand.
func terminated(t *testing.T, p *play) { p.patch(t, `{"spec":{"terminate":true}}`) }

// unasked expects that the end of the run, which is on its way, asks the server nothing.
func unasked(t *testing.T, p *play) {
	t.Helper()
	p.ends(t)
	if requests := p.server.Take(); len(requests) > 0 {
		t.Errorf("expected nothing to be asked, found %+v", requests)
	}
}

// heard forgets what the server was asked until now.
func heard(_ *testing.T, p *play) { p.server.Take() }

// tells goes on once the gate waits with words in its message.
func tells(words string) act {
	return func(t *testing.T, p *play) {
		until(t, p.runs, p.id(), "waiting with "+words, func(run *v1alpha1.AnalysisRun) bool {
			last := lastOf(result(run, p.gate.name))
			return last != nil && last.Phase == v1alpha1.AnalysisPhaseRunning && strings.Contains(last.Message, words)
		})
	}
}

// lasts expects a wait of that length.
func lasts(span time.Duration) act {
	return func(t *testing.T, p *play) {
		t.Helper()
		m := p.waits(t, nil)
		since, _ := time.Parse(time.RFC3339, m.Metadata["waitingSince"])
		end, _ := time.Parse(time.RFC3339, m.Metadata["waitUntil"])
		if found := end.Sub(since); found != span {
			t.Errorf("expected a wait of %s, found %s", span, found)
		}
	}
}

// spoilt is in the metadata of a measurement whose times somebody else changed.
const spoilt = "spoilt"

// spoils writes other times into the measurement that waits, or none where the text is empty; no controller may run.
func spoils(since, end string) act {
	return func(t *testing.T, p *play) {
		t.Helper()
		run, err := p.runs.Get(context.Background(), p.id(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		gate := result(run, p.gate.name)
		last := lastOf(gate)
		last.Metadata[spoilt] = "yes"
		for key, value := range map[string]string{"waitingSince": since, "waitUntil": end} {
			last.Metadata[key] = value
			if value == "" {
				delete(last.Metadata, key)
			}
		}
		p.patch(t, fmt.Sprintf(`{"status":{"metricResults":[%s]}}`, text(gate)))
	}
}

// guard has the template's author write another value.
func guard(value string) act {
	return func(t *testing.T, p *play) {
		run, err := p.runs.Get(context.Background(), p.id(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		metrics := run.Spec.Metrics
		for name, settings := range metrics[0].Provider.Plugin {
			var keys map[string]any
			if err := json.Unmarshal(settings, &keys); err != nil {
				t.Fatal(err)
			}
			keys["guard"] = value
			metrics[0].Provider.Plugin[name] = json.RawMessage(text(keys))
		}
		p.patch(t, fmt.Sprintf(`{"spec":{"metrics":%s}}`, text(metrics)))
	}
}

func (p *play) patch(t *testing.T, patch string) {
	t.Helper()
	if _, err := p.runs.Patch(context.Background(), p.id(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// anew stops the controller and starts another on the same objects.
func anew(t *testing.T, p *play) {
	stopped(t, p)
	started(t, p)
}

// stopped ends the controller, started starts another; away is the time between.
func stopped(_ *testing.T, p *play) { p.stop() }

func started(_ *testing.T, p *play) { p.stop = p.cluster.control(2) }

func away(span time.Duration) act {
	return func(t *testing.T, p *play) {
		stopped(t, p)
		time.Sleep(span)
		started(t, p)
	}
}

// upWith starts the server again with other answers.
func upWith(script fakeprom.Script) act {
	return func(t *testing.T, p *play) {
		p.server.Say(script)
		up(t, p)
	}
}

// kill ends the process of the gate's plugin, which cannot do anything about it.
func kill(t *testing.T, p *play) {
	t.Helper()
	pids := host.Pids(p.gate.row.Entry)
	if len(pids) != 1 {
		t.Fatalf("expected one process of %s, found %v", p.gate.row.Entry.Name, pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	soon(t, "the process's end", func() bool { return !slices.Contains(host.Pids(p.gate.row.Entry), pids[0]) })
}

// asked goes on once the server holds a request.
func asked(t *testing.T, p *play) {
	p.server.Take()
	soon(t, "a request", func() bool { return len(p.server.Take()) > 0 })
}

// soon polls until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("expected %s within %s, found none", what, patience)
		}
	}
}

// hold has the server answer nothing more.
var hold = says(fakeprom.Script{"": {Hang: true}})

// id is the run's name.
func (w wait) id() string { return strings.ReplaceAll(w.name, " ", "-") }
