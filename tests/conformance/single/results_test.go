package single

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	. "promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/twins"
)

// always answers every request alike.
func always(answer Answer) Script { return Script{"": answer} }

// TestResults: what the server answers to an instant query, into value and phase.
func TestResults(t *testing.T) {
	checkAll(t, []twins.Row{
		{Name: "scalar", Script: always(Scalar("10")), Success: "result == 10"},
		{Name: "scalar, no condition", Script: always(Scalar("10"))},
		{Name: "scalar NaN", Script: always(Scalar("NaN")), Success: "isNaN(result)"},
		{Name: "scalar large", Script: always(Scalar("1e+21")), Success: "result > 1e20"},
		{Name: "vector", Script: always(Vector("10", "11")), Success: "10 in result", Failure: "len(result) != 2"},
		{Name: "vector of one", Script: always(Vector("0.95")), Success: "result[0] >= 0.95"},
		{Name: "vector failed", Script: always(Vector("0.5")), Success: "result[0] >= 0.95"},
		{Name: "vector inconclusive", Script: always(Vector("0.9")), Success: "result[0] >= 0.95", Failure: "result[0] < 0.5"},
		{Name: "number formats", Script: always(Vector("1e-9", "1e21", "5e-324", "1.7976931348623157e308", "-0", "0.1", "100", "-Inf", "+Inf", "NaN", "1.50"))},
		{Name: "empty, no condition", Script: always(Vector())},
		{Name: "empty, index", Script: always(Vector()), Success: "result[0] < 1"},
		{Name: "empty, guarded or", Script: always(Vector()), Success: "len(result) == 0 || result[0] >= 0.95"},
		{Name: "empty, guarded and", Script: always(Vector()), Success: "len(result) > 0 && result[0] >= 0.95"},
		{Name: "result null", Script: always(Success("vector", "null")), Success: "len(result) == 0"},
		{Name: "matrix", Script: always(Matrix([]string{"11", "12"}, []string{"13", "14"})), Success: "all(result, # > 10)"},
		{Name: "matrix empty", Script: always(Matrix()), Success: "len(result) == 0"},
		{Name: "string", Script: always(Success("string", `[1691967600,"up"]`)), Success: "true"},
		{Name: "unknown type", Script: always(Success("table", `[]`)), Success: "true"},
		{Name: "no data member", Script: always(Answer{Body: `{"status":"success"}`}), Success: "true"},
		{Name: "value is no number", Script: always(Vector("many")), Success: "true"},
		{Name: "value not quoted", Script: always(Success("vector", `[{"metric":{},"value":[1,2]}]`)), Success: "true"},
		{Name: "warnings", Script: always(Scalar("10").With("warnings", `["one","two"]`)), Success: "result == 10"},
		{Name: "warning with quotes", Script: always(Scalar("10").With("warnings", `["a \"quoted\" one"]`)), Success: "result == 10"},
		{Name: "warnings, condition false", Script: always(Scalar("10").With("warnings", `["one"]`)), Success: "result == 11"},
		{Name: "warnings, condition wrong", Script: always(Scalar("10").With("warnings", `["one"]`)), Success: "result[0] == 10"},
		{Name: "infos", Script: always(Scalar("10").With("infos", `["PromQL info: metric might not be a counter"]`)), Success: "result == 10"},
		{Name: "native histogram", Script: always(Success("vector",
			`[{"metric":{},"histogram":[1691967600,{"count":"3","sum":"6","buckets":[[0,"1","2","3"]]}]}]`)), Success: "result[0] == 0", Differs: twins.HistogramsRefused},
		{Name: "native histogram in a matrix", With: rangeOverAnHour, Script: always(Success("matrix",
			`[{"metric":{},"histograms":[[1691967600,{"count":"3","sum":"6","buckets":[[0,"1","2","3"]]}]]}]`)), Success: "len(result) == 0", Differs: twins.HistogramsRefused},
		{Name: "many series", Script: always(Vector(strings.Split(strings.Repeat("1,", 999)+"2", ",")...)), Success: "len(result) == 1000"},
		{Name: "sample without a value", Script: always(Success("vector", `[{"metric":{}}]`)), Success: "result[0] == 0", Differs: twins.MalformedSamples},
		{Name: "series without values", Script: always(Success("matrix", `[{"metric":{}}]`)), Success: "len(result) == 0", Differs: twins.MalformedSamples},
		{Name: "sample null", Script: always(Success("vector", `[null]`)), Success: "len(result) == 0", Differs: twins.MalformedSamples},
		{Name: "sample without labels", Script: always(Success("vector", `[{"value":[1,"2"]}]`)), Success: "result[0] == 2"},
		{Name: "point of three", Script: always(Success("vector", `[{"metric":{},"value":[1,"2","3"]}]`)), Success: "result[0] == 2", Differs: twins.MalformedSamples},
		{Name: "point of one", Script: always(Success("vector", `[{"metric":{},"value":[1]}]`)), Success: "result[0] == 2", Differs: twins.MalformedSamples},
		{Name: "time as text", Script: always(Success("vector", `[{"metric":{},"value":["1","2"]}]`)), Success: "result[0] == 2"},
		{Name: "time of many digits", Script: always(Success("vector", `[{"metric":{},"value":[1691967600.123456789,"2"]}]`)), Success: "result[0] == 2"},
		{Name: "label not a text", Script: always(Success("vector", `[{"metric":{"a":1},"value":[1,"2"]}]`)), Success: "result[0] == 2"},
		{Name: "vector result under another type", Script: always(Success("scalar", `[{"metric":{},"value":[1,"2"]}]`))},
		{Name: "scalar result under another type", Script: always(Success("vector", `[1,"2"]`))},
		{Name: "matrix with NaN", Script: always(Matrix([]string{"NaN", "1"}, nil, []string{"+Inf"})), Failure: "isNaN(result[0])"},
		{Name: "members unknown to clients", Script: always(Vector("1").With("stats", `{"timings":{}}`)), Success: "result[0] == 1"},
		{Name: "warnings null", Script: always(Vector("1").With("warnings", "null")), Success: "result[0] == 1"},
		{Name: "warnings empty", Script: always(Vector("1").With("warnings", "[]")), Success: "result[0] == 1"},
		{Name: "warnings of the wrong type", Script: always(Vector("1").With("warnings", `"one"`)), Success: "result[0] == 1"},
		{Name: "status twice", Script: always(Vector("1").With("status", `"error"`)), Success: "result[0] == 1"},
		{Name: "trailing space", Script: always(Answer{Body: Vector("1").Body + " \n"}), Success: "result[0] == 1"},
		{Name: "trailing rubbish", Script: always(Answer{Body: Vector("1").Body + "}"}), Success: "result[0] == 1"},
		{Name: "gzip", Script: always(Answer{Body: Vector("1").Body, Gzip: true}), Success: "result[0] == 1"},
		{Name: "cut off", Script: always(Answer{Body: Vector("1").Body, Cut: true}), Success: "result[0] == 1"},
		{Name: "text/plain", Script: always(Answer{Body: Vector("1").Body, Header: map[string]string{"Content-Type": "text/plain"}}), Success: "result[0] == 1"},
		{Name: "too many series", Script: always(Vector(strings.Split(strings.Repeat("1,", 6000)+"2", ",")...)), Differs: twins.LimitsHold},
		{Name: "too long a value", Script: always(Vector(strings.Split(strings.Repeat("0.123456789,", 2000)+"2", ",")...)), Differs: twins.LimitsHold},
		{Name: "placeholders", With: `query: 'up{namespace="$(run.namespace)",pod=~"cart-$(run.hash)-.*"}'`, Theirs: `query: 'up{namespace="shop",pod=~"cart-5478f49d8b-.*"}'`,
			Script: always(Vector("1")), Differs: twins.PlaceholdersFilled, Run: &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Labels: map[string]string{"rollouts-pod-template-hash": "5478f49d8b"}}}},
		{Name: "query is sent as it is", With: `query: "sum(rate(http_requests_total{code=~\"5..\",path!=\"/a b&c=d+e\"}[5m])) or vector(0)  # ü"`, Script: always(Scalar("10"))},
		{Name: "query of several lines", With: `query: "sum(\n  up\n)\n"`, Script: always(Scalar("10"))},
	})
}

// TestNumbers: spellings of a sample's value.
func TestNumbers(t *testing.T) {
	for _, number := range []string{"inf", "+inf", "-Inf", "Infinity", "-infinity", "nan", "NAN", "-NaN", "+NaN", "0x10", "1e400", "-1e400", "1e-400", "+5", "-0", "5.", ".5", "",
		" 5", "5 ", "5,0", "1e", "٣", "9007199254740993", "123456789012345678901234567890", "0.1e1", "1E3", "00012"} {
		t.Run(number, func(t *testing.T) {
			check(t, twins.Row{Script: always(Scalar(number))})
			check(t, twins.Row{Script: always(Vector(number))})
		})
	}
	for _, number := range []string{"0x1p-2", "1_000"} {
		t.Run(number, func(t *testing.T) {
			check(t, twins.Row{Script: always(Scalar(number)), Differs: twins.MalformedSamples})
		})
	}
}

// TestServerErrors: refusals and rubbish, into Error; what is tried again is tried again alike.
func TestServerErrors(t *testing.T) {
	checkAll(t, []twins.Row{
		{Name: "400 bad_data", Script: always(Error(400, "bad_data", `1:5: parse error: unexpected end of input`))},
		{Name: "422 execution", Script: always(Error(422, "execution", `found duplicate series for the match group`))},
		{Name: "503 timeout", Script: always(Error(503, "timeout", "query timed out in expression evaluation"))},
		{Name: "503 unavailable", Script: always(Answer{Status: 503, Body: "upstream connect error"})},
		{Name: "502", Script: always(Answer{Status: 502, Body: "<html>bad gateway</html>"})},
		{Name: "500 internal", Script: always(Error(500, "internal", "out of memory"))},
		{Name: "500 text", Script: always(Answer{Status: 500, Body: "oops"})},
		{Name: "404", Script: always(Answer{Status: 404, Body: "404 page not found"})},
		{Name: "401", Script: always(Answer{Status: 401, Body: "Unauthorized"})},
		{Name: "403", Script: always(Answer{Status: 403, Body: "Forbidden"}), Differs: twins.ForbiddenAsGET},
		{Name: "429", Script: always(Answer{Status: 429, Header: map[string]string{"Retry-After": "1"}})},
		{Name: "200 HTML", Script: always(Answer{Body: "<html>Sign in</html>", Header: map[string]string{"Content-Type": "text/html"}})},
		{Name: "200 empty", Script: always(Answer{})},
		{Name: "200 status error", Script: always(Answer{Body: `{"status":"error","errorType":"execution","error":"late"}`})},
		{Name: "400 success", Script: always(Answer{Status: 400, Body: Scalar("10").Body})},
		{Name: "204", Script: always(Answer{Status: 204})},
		{Name: "400 text", Script: always(Answer{Status: 400, Body: "bad request"})},
		{Name: "422 HTML", Script: always(Answer{Status: 422, Body: "<html>"})},
		{Name: "400 with warnings", Script: always(Error(400, "bad_data", "no").With("warnings", `["one"]`))},
		{Name: "206", Script: always(Answer{Status: 206, Body: Scalar("10").Body})},
		{Name: "299", Script: always(Answer{Status: 299, Body: Scalar("10").Body})},
		{Name: "304", Script: always(Answer{Status: 304})},
		{Name: "600", Script: always(Answer{Status: 600, Body: Scalar("10").Body})},
		{Name: "405 then GET", Script: always(func() Answer { a := Scalar("10"); a.Method = "GET"; return a }()), Success: "result == 10"},
		{Name: "405 for both", Script: always(Answer{Status: 405})},
		{Name: "501 for both", Script: always(Answer{Status: 501})},
		{Name: "redirect", Script: Script{"/elsewhere": Scalar("10"), "up": {Status: 302, Header: map[string]string{"Location": "/elsewhere"}}}, Success: "result == 10", Differs: twins.RedirectsRefused},
		{Name: "redirect of the method", Script: Script{"/elsewhere": Scalar("10"), "/api/v1/query": {Status: 307, Header: map[string]string{"Location": "/elsewhere"}}},
			Success: "result == 10", Differs: twins.RedirectsRefused},
	})
}

// rangeOverAnHour is a range query at a fixed time.
const rangeOverAnHour = `rangeQuery: {start: 'date("2023-08-13T23:00:00Z")', end: 'date("2023-08-14T00:00:00Z")', step: 1m}`

// TestRangeQueries: times, steps and what is wrong with them.
func TestRangeQueries(t *testing.T) {
	matrix := always(Matrix([]string{"11", "12", "13", "14"}))
	rangeQuery := func(start, end, step string) string {
		return "rangeQuery: {start: '" + start + "', end: '" + end + "', step: '" + step + "'}"
	}
	checkAll(t, []twins.Row{
		{Name: "dates", With: rangeOverAnHour, Script: matrix, Success: "all(result, # > 10)"},
		{Name: "now", With: rangeQuery(`now() - duration("1h")`, `now()`, "30s"), Script: matrix, Success: "all(result, # > 10)"},
		{Name: "parts of a second", With: rangeQuery(`date("2023-08-13T23:00:00.5Z")`, `date("2023-08-14T00:00:00.25+02:00")`, "1m30.5s"), Script: matrix},
		{Name: "layout", With: rangeQuery(`date("2023-08-13", "2006-01-02")`, `now()`, "1h"), Script: matrix},
		{Name: "layout and zone", With: rangeQuery(`date("13.08.2023 12:30", "02.01.2006 15:04", "Europe/Berlin")`, `now()`, "1h"), Script: matrix},
		{Name: "condition in a time", With: rangeQuery(`isNaN(1.0) ? now() : date("2023-08-13T23:00:00Z")`, `now()`, "1h"), Script: matrix},
		{Name: "step in hours and milliseconds", With: rangeQuery(`date("2023-08-13T23:00:00Z")`, `date("2023-08-14T00:00:00Z")`, "1h0m0.25s"), Script: matrix},
		{Name: "end before start", With: rangeQuery(`date("2023-08-14T00:00:00Z")`, `date("2023-08-13T00:00:00Z")`, "1m"), Script: always(Error(400, "bad_data", "end timestamp must not be before start time"))},
		{Name: "bad start", With: rangeQuery("??", "now()", "1m"), Script: matrix},
		{Name: "bad end", With: rangeQuery("now()", "??", "1m"), Script: matrix},
		{Name: "bad step", With: rangeQuery("now()", "now()", "??"), Script: matrix},
		{Name: "step without unit", With: rangeQuery("now()", "now()", "60"), Script: matrix},
		{Name: "step of a day", With: rangeQuery("now()", "now()", "1d"), Script: matrix},
		{Name: "step missing", With: "rangeQuery: {start: now(), end: now()}", Script: matrix},
		{Name: "start missing", With: "rangeQuery: {end: now(), step: 1m}", Script: matrix},
		{Name: "start is no time", With: rangeQuery("1", "now()", "1m"), Script: matrix},
		{Name: "start of an unknown name", With: rangeQuery("later()", "now()", "1m"), Script: matrix},
		{Name: "negative step", With: rangeQuery(`date("2023-08-13T23:00:00Z")`, `date("2023-08-14T00:00:00Z")`, "-1m"), Script: matrix},
		{Name: "405 then GET", With: rangeOverAnHour, Script: always(func() Answer { a := Matrix([]string{"1"}); a.Method = "GET"; return a }())},
	})
}
