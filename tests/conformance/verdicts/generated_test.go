package verdicts

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"sigs.k8s.io/yaml"
)

// queries are of each form of result: one series, several, a constant behind, a number.
var queries = []string{"sum(x)", "x", "sum(x) or vector(0)", "scalar(sum(x))"}

var conditions = []string{
	"result[0] < 0.05", "result[0] <= 0.05", "0.05 >= result[0]", "result[0] == 1", "result[0] != 1", "!(result[0] > 0.05)", "result >= 0.95", "result <= 5/100", "result[0] > -1", "result[0] < 1e9",
	"len(result) == 0 || result[0] < 0.05", "len(result) > 0 && result[0] < 0.05", "len(result) == 1 && result[0] >= 1", "len(result) == 2 && all(result, # == 1)", "len(result) > 2",
	"all(result, # < 9)", "any(result, # > 9)", "none(result, {# > 9})", "one(result, # == 1)", "count(result, # > 0.5) == 1", "sum(result) < 3", "mean(result) <= 0.5", "max(result) < 2", "min(result) > 2", "median(result) == 1",
	"first(result) < 7", "last(result) < 7", "result[-1] > 3", "result[1] > 3", "get(result, 0) > 1", "isNaN(result[0])", "isNaN(result[0]) || result[0] < 2", "isInf(result[0])", "!isInf(result) && result < 4", "isNil(result)",
	"default(result, 0) < 0.5", "(result[0] ?? 0) < 0.5", "0 < result[0] < 2", "result[0] in [0, 1]", "result[0] in 0..3", "result[0] * 100 >= 95", "1 - result[0] < 0.05", "abs(result[0] - 5) < 1",
	"asFloat(result[0]) > 0.5", "let x = result[0]; x > 0.5", "result | len() == 1", "filter(result, # > 1)[0] == 2", "result[0] > 0.5 ? true : false", "reduce(result, #acc + #, 0) == 6", "result[0:1] == [1.0]",
	"true", "false", "result[0]", "result[0] = 1", "result[0].value > 1", "reslt[0] > 1", "result[0] >", " ", "1", "nil",
}

// TestGenerated: each condition as success and failure condition of each query, alone and beside others.
func TestGenerated(t *testing.T) {
	if os.Getenv(olderRelease) != "" {
		t.Skip("the tables are made with the newest release's condition language")
	}
	template := v1alpha1.AnalysisTemplate{}
	template.APIVersion, template.Kind, template.Name = "argoproj.io/v1alpha1", "AnalysisTemplate", "generated"
	for _, query := range queries {
		add := func(success, failure string) {
			template.Spec.Metrics = append(template.Spec.Metrics, v1alpha1.Metric{
				Name:             fmt.Sprintf("metric-%d", len(template.Spec.Metrics)),
				SuccessCondition: success,
				FailureCondition: failure,
				Provider:         v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{Address: "http://prometheus", Query: query}},
			})
		}
		for index, condition := range conditions {
			add(condition, "")
			add("", condition)
			add(condition, conditions[(index*7+3)%len(conditions)])
		}
	}
	text, err := yaml.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "generated.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	compared := compareFile(t, file)
	if wanted := 5 * len(template.Spec.Metrics); compared < wanted {
		t.Errorf("expected %d cells at least, found %d", wanted, compared)
	}
	t.Logf("%d cells of %d metrics", compared, len(template.Spec.Metrics))
}
