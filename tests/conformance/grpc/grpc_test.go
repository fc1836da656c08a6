package grpc

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
)

func TestMain(m *testing.M) {
	hclog.DefaultOutput = io.Discard
	if os.Getenv(host.Binary) == "" {
		fmt.Fprintf(os.Stderr, "expected the path of the plugin under test in %s, found none\n", host.Binary)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func launch(t *testing.T, both bool) Launched {
	t.Helper()
	launched, err := Launch(os.Getenv(host.Binary), both)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(launched.Client.Kill)
	return launched
}

// prometheus answers one sample, 0.5; a query for `slow` when it is let go. It tells of each such query.
func prometheus(t *testing.T) (address string, slow <-chan struct{}, letGo func()) {
	asked, open := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), "slow") {
			asked <- struct{}{}
			<-open
		}
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.5"]}]}}`)
	}))
	letGo = sync.OnceFunc(func() { close(open) })
	t.Cleanup(func() { letGo(); server.Close() })
	return server.URL, asked, letGo
}

func metricOf(address, query string) v1alpha1.Metric {
	settings := fmt.Sprintf(`{"address":%q,"query":%q,"guard":"off"}`, address, query)
	return v1alpha1.Metric{
		Name:             "m",
		SuccessCondition: "result[0] < 0.4",
		FailureCondition: "result[0] > 0.6",
		Provider:         v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"example/promql-guard": json.RawMessage(settings)}},
	}
}

func runOf() *v1alpha1.AnalysisRun {
	return &v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run", Namespace: "shop", CreationTimestamp: metav1.Now(),
			Labels: map[string]string{"rollouts-pod-template-hash": "6f5"},
		},
		Spec: v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{{Name: "m"}}},
	}
}

// Each method answers over gRPC as it does over net/rpc, but for the times and fractions of a second.
func TestMethodsAnswerAsOverNetRPC(t *testing.T) {
	first, err := host.Launch(os.Getenv(host.Binary))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Client.Kill)
	second := launch(t, false)
	address, _, _ := prometheus(t)
	good, bad := metricOf(address, `up{hash="$(run.hash)"}`), metricOf(address, `sum(`)
	bad.SuccessCondition = "result[0] <"
	before := v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseRunning, Value: "[1]", Metadata: map[string]string{"a": "b"}}

	for _, step := range []struct {
		name string
		ask  func(p rpc.MetricProviderPlugin) any
	}{
		{"Run", func(p rpc.MetricProviderPlugin) any { return timeless(p.Run(runOf(), good)) }},
		{"Run of a bad condition", func(p rpc.MetricProviderPlugin) any { return timeless(p.Run(runOf(), bad)) }},
		{"Run without a run", func(p rpc.MetricProviderPlugin) any { return timeless(p.Run(nil, good)) }},
		{"Run without settings", func(p rpc.MetricProviderPlugin) any { return timeless(p.Run(runOf(), v1alpha1.Metric{})) }},
		{"Resume", func(p rpc.MetricProviderPlugin) any { return timeless(p.Resume(runOf(), good, before)) }},
		{"Terminate", func(p rpc.MetricProviderPlugin) any { return timeless(p.Terminate(runOf(), good, before)) }},
		{"GarbageCollect", func(p rpc.MetricProviderPlugin) any { return p.GarbageCollect(runOf(), good, 10) }},
		{"Type", func(p rpc.MetricProviderPlugin) any { return p.Type() }},
		{"GetMetadata", func(p rpc.MetricProviderPlugin) any { return p.GetMetadata(good) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			expected, found := step.ask(first), step.ask(second)
			if !reflect.DeepEqual(expected, found) {
				t.Errorf("expected over gRPC as over net/rpc\n%+v\nfound\n%+v", expected, found)
			}
			if text := fmt.Sprint(found); strings.Contains(text, "rpc call error") {
				t.Errorf("expected an answer, found %q", text)
			}
		})
	}
}

func TestAMeasurementHasItsParts(t *testing.T) {
	launched := launch(t, false)
	address, _, _ := prometheus(t)
	before := time.Now().Truncate(time.Second)
	measured := launched.Run(runOf(), metricOf(address, "up"))
	if measured.Phase != v1alpha1.AnalysisPhaseInconclusive || measured.Value != "[0.5]" {
		t.Errorf("expected Inconclusive with [0.5], found %+v", measured)
	}
	if measured.StartedAt == nil || measured.FinishedAt == nil || measured.ResumeAt != nil {
		t.Fatalf("expected the times of start and end alone, found %+v", measured)
	}
	if measured.StartedAt.Time.Before(before) || measured.FinishedAt.Before(measured.StartedAt) {
		t.Errorf("expected times in order, found %v and %v", measured.StartedAt, measured.FinishedAt)
	}
}

// The higher of the versions that both know is taken.
func TestVersionTwoIsTakenWhereBothAreOffered(t *testing.T) {
	launched := launch(t, true)
	if version, protocol := launched.Client.NegotiatedVersion(), launched.Client.Protocol(); version != 2 || protocol != goplugin.ProtocolGRPC {
		t.Errorf("expected version 2 over grpc, found %d over %s", version, protocol)
	}
	if err := launched.Protocol.Ping(); err != nil {
		t.Error(err)
	}
}

func TestPingsPassCallsThatWait(t *testing.T) {
	launched := launch(t, false)
	address, slow, letGo := prometheus(t)
	const calls = 20
	answers := make(chan v1alpha1.Measurement, calls)
	for range calls {
		go func() { answers <- launched.Run(runOf(), metricOf(address, "slow")) }()
	}
	for range calls {
		<-slow
	}
	if err := launched.Protocol.Ping(); err != nil {
		t.Error(err)
	}
	if quick := launched.Run(runOf(), metricOf(address, "up")); quick.Value != "[0.5]" {
		t.Errorf("expected [0.5], found %+v", quick)
	}
	if len(answers) > 0 {
		t.Errorf("expected no answer yet, found %d", len(answers))
	}
	letGo()
	for range calls {
		if answer := <-answers; answer.Value != "[0.5]" {
			t.Errorf("expected [0.5], found %+v", answer)
		}
	}
}

// Kill asks for the end first; only a process that does not end by itself is killed.
func TestKillEndsTheProcessAndItsSocket(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	launched := launch(t, false)
	socket := launched.Client.ReattachConfig().Addr.String()
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	launched.Client.Kill()
	if state := launched.Cmd.ProcessState; state == nil || !state.Success() {
		t.Errorf("expected an end of its own, found %v", state)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 {
		t.Errorf("expected no files to be left, found %v", left)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("expected the socket %s to be gone, found %v", socket, err)
	}
}

// timeless drops what two calls cannot have alike: the times, once they are there.
func timeless(m v1alpha1.Measurement) v1alpha1.Measurement {
	now := metav1.Unix(0, 0)
	for _, time := range []**metav1.Time{&m.StartedAt, &m.FinishedAt, &m.ResumeAt} {
		if *time != nil {
			*time = &now
		}
	}
	return m
}
