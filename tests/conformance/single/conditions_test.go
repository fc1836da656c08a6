package single

import (
	"fmt"
	"testing"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// values are the results that each condition judges.
var values = []struct {
	name   string
	answer fakeprom.Answer
}{
	{"[]", fakeprom.Vector()},
	{"[0]", fakeprom.Vector("0")},
	{"[1]", fakeprom.Vector("1")},
	{"[0.95]", fakeprom.Vector("0.95")},
	{"[NaN]", fakeprom.Vector("NaN")},
	{"[+Inf]", fakeprom.Vector("+Inf")},
	{"[1,2,3]", fakeprom.Vector("1", "2", "3")},
	{"0", fakeprom.Scalar("0")},
	{"1.5", fakeprom.Scalar("1.5")},
	{"NaN", fakeprom.Scalar("NaN")},
}

// conditions are those of Argo's documentation, of its tests, and the traps of the condition language.
var conditions = []string{
	// argo-rollouts docs/features/analysis.md and docs/analysis
	"result[0] >= 0.95", "result[0] <= 0.95", "result[0] < 0.50", "result[0] >= 10", "result[0] <= 0.01", "result >= 0.95",
	"result <= 0.01", "result < 0.95", "result == true", "result == 'true'", "results[0] >= 90.000000", "result.successRate >= 0.95",
	"all(result, # < 1000)", "all(result, {# > 1})", "default(result, 0) < 10", "default(result, 0) > 5", "isInf(result)", "isNaN(result)",
	"isNaN(result) || result >= 0.95", "len(result) == 0 || result[0] >= 0.95", "len(result) > 0 && result[0] >= 0.95",
	"len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})",
	// no data
	"len(result) == 0", "isNil(result)", "isNil(result) || result[0] < 1", "(result[0] ?? 0) < 1", "result?.[0] < 1", "none(result, # > 1)",
	"any(result, # > 1)", "one(result, # > 1)", "sum(result) < 1", "mean(result) < 1", "max(result) < 1", "min(result) >= 0", "median(result) < 2",
	"first(result) < 1", "last(result) > 1", "count(result, # > 1) == 2", "len(filter(result, # > 1)) == 2", "result[-1] > 1", "result[1] == 2", "result[0:2] == [1.0, 2.0]",
	// numbers, strings, types
	"isNaN(result[0])", "isInf(result[0])", "result[0] == 1", "result[0] != 1", "!(result[0] > 1)", "not (result[0] > 1)", "-result[0] < 0",
	"result[0] * 100 >= 95", "result[0] / 0 > 1", "result[0] ** 2 == 1", "result[0] % 2 == 1", "asInt(result[0]) == 1", "asFloat(result[0]) == 1.0", "asInt(result) == 1",
	"asFloat('1.5') == result", "int(result[0]) == 1", "float(result) > 1", "string(result[0]) == '1'", "result[0] > '1'", "result > '1'", "result in [0, 1.5]", "0.0 in result",
	"1 in result", "result == 1.5", "result == [1, 2, 3]", "result == [1.0, 2.0, 3.0]", "result matches '1'", "abs(result - 1.5) < 0.1", "round(result) == 2", "floor(result[0]) == 0", "ceil(result[0]) == 1",
	"result[0] in 0..3", "result[0] >= 0.9 ? true : false", "let x = result[0]; x > 0.5", "map(result, # * 2) == [2.0, 4.0, 6.0]", "reduce(result, #acc + #, 0) == 6", "result | len() == 3",
	"toJSON(result) == '[1,2,3]'", "type(result) == 'array'", "sort(result)[0] == 1", "find(result, # > 1) == 2", "findIndex(result, # > 1) == 1", "now() > date('2020-01-01')",
	// not a condition
	"", "true", "false", "1", "nil", "result", "result[0]", "'true'", "result[0] = 1", "reslt[0] > 1", "result[0] >", "(result[0] > 1", "result[0] > 1)", "result[0] > 1; true", "&&", "result[0] > 0.5 && true", "result[0] > 0.5 and false or true",
	"result.foo > 1", "foo(result)", "len(result, 1) > 1", "true && result[0] > 0.5", "result[0] > 0.5 || nope", "result[9] > 1", "result['a'] > 1", `result[0] > 1 # comment`, "/* all */ true", "`raw` == 'raw'", "\"\\u0061\" == 'a'",
}

// failures are put beside each condition as the metric's other one.
var failures = []string{"result[0] >= 1", "result >= 1", "true", "false", "len(result) == 0", "result[0] >"}

// TestConditions: each value, judged by each condition as successCondition, as failureCondition, and beside others.
func TestConditions(t *testing.T) {
	for _, value := range values {
		t.Run(value.name, func(t *testing.T) {
			server := fakeprom.Start(always(value.answer))
			defer server.Close()
			for _, condition := range conditions {
				judge(t, server.URL, condition, "")
				judge(t, server.URL, "", condition)
				for _, failure := range failures {
					judge(t, server.URL, condition, failure)
				}
			}
		})
	}
}

// judge compares one measurement without a test of its own: there are thousands.
func judge(t *testing.T, address, success, failure string) {
	t.Helper()
	row := twins.Row{Name: fmt.Sprintf("%s success `%s` failure `%s`", t.Name(), success, failure), Success: success, Failure: failure}
	theirs := measureBuiltin(t, row, address)
	alike, err := alikeInNewest(row.Name, theirs.Phase)
	if err != nil {
		t.Fatal(err)
	}
	if !alike {
		return
	}
	ours := measurePlugin(t, row, address)
	for _, difference := range twins.Compare(twins.None, theirs, ours, host.Wrapped()) {
		t.Errorf("success `%s` failure `%s`: %s (built-in provider %q, plugin %q)", success, failure, difference, theirs.Message, ours.Message)
	}
}
