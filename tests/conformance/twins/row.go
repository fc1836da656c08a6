// Package twins turns one row of a table into two metrics that ask for the same: one under provider.plugin, one under
// provider.prometheus. What the built-in provider says of the one is what the plugin is to say of the other, so that
// no expectation is typed; where the plugin differs on purpose, the row names the difference (differences.go).
package twins

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
)

// Row is one metric and the server that is asked.
type Row struct {
	Name string
	// With is YAML, written over `{address: $ADDRESS, query: up}`; $ADDRESS and $HOST are the row's server.
	With string
	// Theirs is written over With for the built-in provider alone: the same wish in the only words that it knows.
	Theirs string
	// Success and Failure are the conditions.
	Success, Failure string
	// Script is what the server answers.
	Script fakeprom.Script
	// TLS serves it over https.
	TLS bool
	// Run is the AnalysisRun of the measurement; nil is an empty one.
	Run *v1alpha1.AnalysisRun
	// Environment is ARGO_ROLLOUTS_PROMETHEUS_ADDRESS, with $ADDRESS as in With.
	Environment string
	// Entry is the plugin of the ConfigMap that is asked; the zero value is host.Plain.
	Entry host.Entry
	// Differs names the difference that this row shows; the zero value is none.
	Differs Difference
	// Secrets must not be in what the plugin returns or logs.
	Secrets []string
}

// At fills in the server's address.
func At(text, address string) string {
	_, host, _ := strings.Cut(address, "://")
	return strings.NewReplacer("$ADDRESS", address, "$HOST", host).Replace(text)
}

// Plugin is the metric under provider.plugin: guard is off, as the built-in provider has none.
func (r Row) Plugin(address string) (v1alpha1.Metric, error) {
	settings, err := r.settings(address, `guard: "off"`, r.With)
	if err != nil {
		return v1alpha1.Metric{}, err
	}
	entry := r.Entry
	if entry.Name == "" {
		entry = host.Plain
	}
	return r.metric(v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{entry.Name: settings}}), nil
}

// Builtin is the twin under provider.prometheus. Its error is the API server's or the controller's, who read the
// settings into the same type: to the user the metric is refused.
func (r Row) Builtin(address string) (v1alpha1.Metric, error) {
	settings, err := r.settings(address, r.With, r.Theirs)
	if err != nil {
		return v1alpha1.Metric{}, err
	}
	var prometheus v1alpha1.PrometheusMetric
	if err := json.Unmarshal(settings, &prometheus); err != nil {
		return v1alpha1.Metric{}, &Refused{err}
	}
	return r.metric(v1alpha1.MetricProvider{Prometheus: &prometheus}), nil
}

// Refused says that the built-in provider's settings cannot be read.
type Refused struct{ Cause error }

func (r *Refused) Error() string { return "settings of provider.prometheus: " + r.Cause.Error() }

func (r Row) metric(provider v1alpha1.MetricProvider) v1alpha1.Metric {
	return v1alpha1.Metric{Name: "row", SuccessCondition: r.Success, FailureCondition: r.Failure, Provider: provider}
}

// settings merges the layers, later keys over earlier ones, into JSON; a key set to null is left out.
func (r Row) settings(address string, layers ...string) (json.RawMessage, error) {
	merged := map[string]any{"address": address, "query": "up"}
	for _, layer := range layers {
		var keys map[string]any
		if err := yaml.Unmarshal([]byte(At(layer, address)), &keys); err != nil {
			return nil, fmt.Errorf("row %s: %w", r.Name, err)
		}
		for key, value := range keys {
			merged[key] = value
			if value == nil {
				delete(merged, key)
			}
		}
	}
	return json.Marshal(merged)
}
