package plane

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Rollout is what a test reads of one.
type Rollout struct {
	Phase, Message, Stable, Canary string

	generation, observed string
}

// Observed tells whether the controller has seen the Rollout as it is.
func (r Rollout) Observed() bool { return r.generation == r.observed }

// Run is what a test reads of an AnalysisRun.
type Run struct {
	Metadata struct {
		Name              string
		CreationTimestamp string
		Labels            map[string]string
		Annotations       map[string]string
	}
	Status struct {
		Phase, Message string
		MetricResults  []metricResult
	}
}

type metricResult struct {
	Name, Phase, Message string
	Measurements         []Measurement
}

// Measurement is one answer of the provider.
type Measurement struct {
	Phase, Message, Value string
	Metadata              map[string]string
}

// Rollout reads one.
func (p *Plane) Rollout(namespace, name string) (Rollout, error) {
	var read struct {
		Metadata struct{ Generation int64 }
		Status   struct {
			Phase, Message, StableRS, CurrentPodHash, ObservedGeneration string
		}
	}
	err := p.read("/apis/argoproj.io/v1alpha1/namespaces/"+namespace+"/rollouts/"+name, &read)
	return Rollout{
		Phase: read.Status.Phase, Message: read.Status.Message, Stable: read.Status.StableRS, Canary: read.Status.CurrentPodHash,
		generation: strconv.FormatInt(read.Metadata.Generation, 10), observed: read.Status.ObservedGeneration,
	}, err
}

// Runs are the AnalysisRuns of a namespace, the oldest first.
func (p *Plane) Runs(namespace string) ([]Run, error) {
	var read struct{ Items []Run }
	err := p.read("/apis/argoproj.io/v1alpha1/namespaces/"+namespace+"/analysisruns", &read)
	sort.SliceStable(read.Items, func(i, j int) bool {
		return read.Items[i].Metadata.CreationTimestamp < read.Items[j].Metadata.CreationTimestamp
	})
	return read.Items, err
}

func (p *Plane) read(path string, into any) error {
	said, err := p.api.get(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(said, into)
}

func (r Run) String() string {
	var said strings.Builder
	fmt.Fprintf(&said, "%s: %s\n", r.of(), with(r.Status.Phase, r.Status.Message))
	byName := func(a, b metricResult) int { return strings.Compare(a.Name, b.Name) }
	for _, metric := range slices.SortedFunc(slices.Values(r.Status.MetricResults), byName) {
		fmt.Fprintf(&said, "  %s: %s\n", metric.Name, with(metric.Phase, metric.Message))
		for _, one := range metric.Measurements {
			fmt.Fprintf(&said, "    %s\n", one)
		}
	}
	return said.String()
}

// of names what a run belongs to, as its own name holds a hash.
func (r Run) of() string {
	revision, kind := r.Metadata.Annotations["rollout.argoproj.io/revision"], r.Metadata.Labels["rollout-type"]
	switch {
	case revision == "":
		return r.Metadata.Name
	case kind == "Step":
		return fmt.Sprintf("revision %s, step %s", revision, r.Metadata.Labels["step-index"])
	default:
		return fmt.Sprintf("revision %s, %s", revision, kind)
	}
}

// String leaves out a value that decided nothing: whether no data are `[]` or `[NaN]` hangs on the moment of a scrape.
func (m Measurement) String() string {
	words := []string{m.Phase}
	if outcome := m.Metadata["outcome"]; outcome != "" {
		words = append(words, outcome)
	}
	if m.Phase == "Successful" || m.Phase == "Failed" {
		words = append(words, m.Value)
	}
	return with(strings.Join(words, " "), m.Message)
}

func with(words, message string) string {
	if message == "" {
		return words
	}
	return words + ": " + message
}
