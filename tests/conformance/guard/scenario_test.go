package guard

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
)

// The Rollout of every scenario, and the hash of its canary's pods.
const (
	rollout    = "cart"
	canaryHash = "5478f49d8b"
	stableHash = "6c9f7d5b84"
)

// scenario is one gate over one history. In its texts $NS is the scenario's own namespace, $H the matchers of the
// canary's pods in it.
type scenario struct {
	// ID is unique; a number is that of the worked example in the contract. The namespace is `s<id>`.
	ID string `json:"id"`
	// Name is the row's text in docs/scenarios.md.
	Name string `json:"name"`
	// Readme: the row stands in README.md too, so its name must do without the row before it.
	Readme bool `json:"readme"`
	// Age is that of the AnalysisRun at the moment of measuring.
	Age duration `json:"age"`
	// Query and the conditions, as in a template.
	Query   string `json:"query"`
	Success string `json:"success"`
	Failure string `json:"failure"`
	// Metric holds further fields of the metric, Settings further settings of the plugin under enforce and observe.
	Metric   map[string]any `json:"metric"`
	Settings map[string]any `json:"settings"`
	// Bare: the run has neither hash label nor Rollout, as one made by hand.
	Bare   bool      `json:"bare"`
	Series []history `json:"series"`
	Expect expected  `json:"expect"`
	// Older is written over Expect for Debian's Prometheus 2.
	Older map[string]any `json:"older"`
}

// expected is what the four ways of asking say. Texts left empty are not compared.
type expected struct {
	// Builtin is the built-in provider's phase, Value its value (numbers may differ by a hundredth), BuiltinSays part of
	// its message. Off and observe say the same.
	Builtin     v1alpha1.AnalysisPhase `json:"builtin"`
	Value       string                 `json:"value"`
	BuiltinSays string                 `json:"builtinSays"`
	// Off is the phase of off and observe where they differ from the built-in provider on purpose (`off` as a key of YAML is
	// false).
	Off v1alpha1.AnalysisPhase `json:"unguarded"`
	// Enforce is the phase of the first answer; End, where that is Running, the phase when the wait is over.
	Enforce v1alpha1.AnalysisPhase `json:"enforce"`
	End     v1alpha1.AnalysisPhase `json:"end"`
	// Wait is how long enforce waits.
	Wait duration `json:"wait"`
	// Outcome is in Metadata, Says in the message, Finding in Metadata's findings, Sent the whole of
	// ResolvedPrometheusQuery, GuardValue the value under enforce.
	Outcome    string `json:"outcome"`
	Says       string `json:"says"`
	Finding    string `json:"finding"`
	Sent       string `json:"sent"`
	GuardValue string `json:"guardValue"`
}

// final is the phase that enforce ends with.
func (e expected) final() v1alpha1.AnalysisPhase {
	if e.End != "" {
		return e.End
	}
	return e.Enforce
}

// off is the phase of off and observe.
func (e expected) off() v1alpha1.AnalysisPhase {
	if e.Off != "" {
		return e.Off
	}
	return e.Builtin
}

// duration is Go's, read from text.
type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(written)
	*d = duration(parsed)
	return err
}

// load reads the scenarios; what cannot be right is refused.
func load() ([]scenario, error) {
	text, err := os.ReadFile(filepath.Join(here, "scenarios.yaml"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Scenarios []scenario `json:"scenarios"`
		// Shared holds what is referred to by anchors.
		Shared any `json:"shared"`
	}
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range file.Scenarios {
		switch {
		case seen[s.ID] || s.ID == "" || s.Name == "":
			return nil, fmt.Errorf("scenario %q: expected an id of its own and a name", s.ID)
		case s.Expect.Builtin == "" || s.Expect.Enforce == "" || s.Expect.Outcome == "":
			return nil, fmt.Errorf("scenario %q: expected builtin, enforce and outcome", s.ID)
		case (s.Expect.Enforce == v1alpha1.AnalysisPhaseRunning) != (s.Expect.End != ""):
			return nil, fmt.Errorf("scenario %q: expected an end where enforce is Running, and only there", s.ID)
		}
		seen[s.ID] = true
	}
	return file.Scenarios, nil
}

func (s scenario) namespace() string { return "s" + strings.ToLower(s.ID) }

// fill writes the scenario's namespace into a text.
func (s scenario) fill(text string) string {
	pods := fmt.Sprintf(`namespace="%s",pod=~"%s-%s-.*"`, s.namespace(), rollout, canaryHash)
	return strings.NewReplacer("$NS", s.namespace(), "$H", pods).Replace(text)
}

// on is what is expected of a server.
func (s scenario) on(older bool) (expected, error) {
	want := s.Expect
	if older && s.Older != nil {
		over, err := json.Marshal(s.Older)
		if err != nil {
			return want, err
		}
		if err := json.Unmarshal(over, &want); err != nil {
			return want, err
		}
	}
	want.Says, want.Sent, want.BuiltinSays = s.fill(want.Says), s.fill(want.Sent), s.fill(want.BuiltinSays)
	return want, nil
}

// run is the AnalysisRun as the controller hands it on, begun Age before the moment.
func (s scenario) run(moment time.Time, metric v1alpha1.Metric) *v1alpha1.AnalysisRun {
	age := time.Duration(s.Age)
	if age == 0 {
		age = 10 * time.Minute
	}
	run := new(v1alpha1.AnalysisRun)
	run.Name, run.Namespace = "run-"+s.namespace(), s.namespace()
	run.CreationTimestamp = metav1.NewTime(moment.Add(-age))
	run.Spec.Metrics = []v1alpha1.Metric{metric}
	if !s.Bare {
		run.Labels = map[string]string{"rollouts-pod-template-hash": canaryHash}
		run.OwnerReferences = []metav1.OwnerReference{{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: rollout}}
	}
	return run
}

// mode is one of the four ways of asking.
type mode string

const (
	builtin mode = "built-in"
	off     mode = "off"
	observe mode = "observe"
	enforce mode = "enforce"
)

// metric is the scenario's gate for a server.
func (s scenario) metric(how mode, address string) (v1alpha1.Metric, error) {
	metric := v1alpha1.Metric{Name: "gate", SuccessCondition: s.Success, FailureCondition: s.Failure}
	if err := merge(s.Metric, &metric); err != nil {
		return metric, err
	}
	query := s.fill(s.Query)
	if how == builtin {
		metric.Provider.Prometheus = &v1alpha1.PrometheusMetric{Address: address, Query: query}
		return metric, nil
	}
	settings := map[string]any{"address": address, "query": query, "guard": string(how)}
	for key, value := range s.Settings {
		if text, ok := value.(string); ok {
			value = s.fill(text)
		}
		settings[key] = value
	}
	text, err := json.Marshal(settings)
	metric.Provider.Plugin = map[string]json.RawMessage{host.Plain.Name: text}
	return metric, err
}

func merge(from map[string]any, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
