// Package verdicts holds the truth tables of `promql-guard verdicts` against Argo Rollouts' own evaluation of the same
// conditions on the same results.
package verdicts

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/evaluate"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// templates names a further folder of manifests; the repository's own are always compared.
const templates = "CONFORMANCE_TEMPLATES"

// An older release's condition language is older than the one that the tables are made with.
const olderRelease = "CONFORMANCE_NEWER_ANSWERS"

var folders = []string{"../../it/data", "../../../examples"}

type gate struct {
	Resource string            `json:"resource"`
	Metric   string            `json:"metric"`
	Verdicts map[string]string `json:"verdicts"`
}

type manifest struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Args    []v1alpha1.Argument `json:"args"`
		Metrics []v1alpha1.Metric   `json:"metrics"`
	} `json:"spec"`
}

// TestVerdicts: each cell whose probe its key tells, of each gate of each manifest.
func TestVerdicts(t *testing.T) {
	if os.Getenv(olderRelease) != "" {
		t.Skip("the tables are made with the newest release's condition language")
	}
	var files []string
	for _, folder := range append(folders, os.Getenv(templates)) {
		if folder != "" {
			files = append(files, manifests(t, folder)...)
		}
	}
	compared := 0
	for _, file := range files {
		compared += compareFile(t, file)
	}
	if compared < 100 {
		t.Fatalf("expected some hundred cells to compare, found %d in %d files", compared, len(files))
	}
	t.Logf("%d cells of %d files", compared, len(files))
}

func manifests(t *testing.T, folder string) []string {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".yaml") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func compareFile(t *testing.T, file string) int {
	command := exec.Command(os.Getenv("PROMQL_GUARD"), "verdicts", "--format", "json", file)
	// Exit code 2 tells of documents that cannot be read; the others' tables are there.
	output, _ := command.Output()
	var answer struct {
		Gates []gate `json:"gates"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Errorf("%s: %v", file, err)
		return 0
	}
	if len(answer.Gates) == 0 {
		return 0
	}
	documents := read(t, file)
	compared := 0
	for _, gate := range answer.Gates {
		metric, known := find(documents, gate)
		if !known {
			continue
		}
		for key, phase := range gate.Verdicts {
			compared += compareCell(t, file, gate, metric, key, phase)
		}
	}
	return compared
}

func read(t *testing.T, file string) []manifest {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var documents []manifest
	for {
		var document manifest
		if err := decoder.Decode(&document); err == io.EOF {
			return documents
		} else if err != nil {
			// What is no template as Argo's types have it is left out.
			if strings.Contains(err.Error(), "yaml:") {
				return documents
			}
			continue
		}
		documents = append(documents, document)
	}
}

// find gives the metric with its arguments' own values. One whose name is not unique is left out, as is one with values that
// a Rollout could pass.
func find(documents []manifest, gate gate) (v1alpha1.Metric, bool) {
	var found []v1alpha1.Metric
	for _, document := range documents {
		if document.Kind+"/"+document.Metadata.Name != gate.Resource {
			continue
		}
		for _, metric := range document.Spec.Metrics {
			if metric.Name == gate.Metric {
				found = append(found, filled(metric, document.Spec.Args))
			}
		}
	}
	if len(found) != 1 {
		return v1alpha1.Metric{}, false
	}
	rollouts := false
	for _, document := range documents {
		rollouts = rollouts || document.Kind == "Rollout" || document.Kind == "Experiment"
	}
	conditions := found[0].SuccessCondition + found[0].FailureCondition
	return found[0], !(rollouts && strings.Contains(conditions, "args."))
}

var placeholder = regexp.MustCompile(`\{\{\s*args\.([^}]*?)\s*\}\}`)

func filled(metric v1alpha1.Metric, arguments []v1alpha1.Argument) v1alpha1.Metric {
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(whole string) string {
			for _, argument := range arguments {
				if argument.Name == placeholder.FindStringSubmatch(whole)[1] && argument.Value != nil {
					return *argument.Value
				}
			}
			return whole
		})
	}
	metric.SuccessCondition = fill(metric.SuccessCondition)
	metric.FailureCondition = fill(metric.FailureCondition)
	return metric
}

// isOpen tells whether a condition hangs on what nobody here knows.
func isOpen(metric v1alpha1.Metric) bool {
	conditions := metric.SuccessCondition + metric.FailureCondition
	for _, mark := range []string{"{{", "${", "$(", "now("} {
		if strings.Contains(conditions, mark) {
			return true
		}
	}
	return false
}

func compareCell(t *testing.T, file string, gate gate, metric v1alpha1.Metric, key, phase string) int {
	if phase == "Unknown" {
		if !isOpen(metric) {
			t.Errorf("%s %s %s: %q is Unknown, expected a phase: nothing in the conditions is open", file, gate.Resource, gate.Metric, key)
		}
		return 0
	}
	// The plugin answers without data in its own way.
	if isOpen(metric) || len(metric.Provider.Plugin) > 0 && (key == "no data" || key == "NaN" || key == "fallback") {
		return 0
	}
	_, isVector := gate.Verdicts["no data"]
	compared := 0
	var phases []string
	tried := probes(gate, key)
	if constant := fallback(metric); key == "fallback" && constant != nil {
		tried = [][]float64{{*constant}}
	}
	for _, elements := range tried {
		var result any = elements
		if !isVector {
			result = elements[0]
		}
		theirs, _ := evaluate.EvaluateResult(result, metric, *logrus.NewEntry(logrus.New()))
		phases = append(phases, string(theirs))
		compared = 1
		if string(theirs) == phase {
			return 1
		}
	}
	if compared > 0 {
		t.Errorf("%s %s %s: %q is %s, expected %v: success `%s` failure `%s`", file, gate.Resource, gate.Metric, key, phase, phases, metric.SuccessCondition, metric.FailureCondition)
	}
	return compared
}

var constant = regexp.MustCompile(`\sor\s+(?:on\s*\(\)\s*)?vector\(([0-9.]+)\)\s*$`)

// fallback is the constant behind the last `or`, where one ends the query.
func fallback(metric v1alpha1.Metric) *float64 {
	if metric.Provider.Prometheus == nil {
		return nil
	}
	found := constant.FindStringSubmatch(metric.Provider.Prometheus.Query)
	if found == nil {
		return nil
	}
	number, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return nil
	}
	return &number
}

// probes are the results that a key stands for: one, but where the first threshold is not known one for each threshold.
func probes(gate gate, key string) [][]float64 {
	switch key {
	case "no data":
		return [][]float64{{}}
	case "fallback", "idle":
		return nil
	case "two series", "two equal series":
		var all [][]float64
		for _, t := range append(thresholds(gate), 1) {
			first := t
			if key == "two series" {
				first = math.Nextafter(t, math.Inf(-1))
			}
			all = append(all, []float64{first, t})
		}
		return all
	}
	number, err := strconv.ParseFloat(strings.TrimLeft(key, "<>"), 64)
	if err != nil {
		return nil
	}
	switch key[0] {
	case '<':
		number = math.Nextafter(number, math.Inf(-1))
	case '>':
		number = math.Nextafter(number, math.Inf(1))
	}
	return [][]float64{{number}}
}

func thresholds(gate gate) []float64 {
	var all []float64
	for key := range gate.Verdicts {
		if number, err := strconv.ParseFloat(strings.TrimPrefix(key, "<"), 64); err == nil && strings.HasPrefix(key, "<") {
			all = append(all, number)
		}
	}
	return all
}
