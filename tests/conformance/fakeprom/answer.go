package fakeprom

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Answer is what the server says to one request.
type Answer struct {
	// Status is the HTTP status; 0 is 200.
	Status int
	// Header is added to the answer.
	Header map[string]string
	// Body is sent as it is.
	Body string
	// Hang holds the request until the client gives up; nothing is sent.
	Hang bool
	// Method, if set, is the only one answered so: any other is told 405.
	Method string
	// Gzip compresses the body, if the client accepts that.
	Gzip bool
	// Cut closes the connection halfway through the body.
	Cut bool
	// Endless sends the body over and over until the client gives up.
	Endless bool
}

// Script holds an answer per query text, or per path for requests that carry no query: with a `?` and the look-up's matcher,
// or for all matchers. The key Named answers queries whose parts carry names and that are no key themselves, the key "" the
// rest.
type Script map[string]Answer

// Named is the key of queries that ask for several numbers at once.
const Named = "several numbers"

// partLabel is the label by which the plugin tells the numbers apart.
const partLabel = "__part__"

// Parts is the answer to a query whose parts carry names: one series a part.
func Parts(numbers map[string]string) Answer {
	series := make([]string, 0, len(numbers))
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		series = append(series, fmt.Sprintf(`{"metric":{%q:%q},"value":%s}`, partLabel, name, point(numbers[name])))
	}
	return Success("vector", list(series))
}

// Bare is an instant vector of one series without labels: what `vector` and an aggregation give.
func Bare(value string) Answer {
	return Success("vector", list([]string{fmt.Sprintf(`{"metric":{},"value":%s}`, point(value))}))
}

// Values is the answer to a look-up of label values.
func Values(values ...string) Answer {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = strconv.Quote(value)
	}
	return Answer{Body: fmt.Sprintf(`{"status":"success","data":%s}`, list(quoted))}
}

// Success is an API answer with data of one result type, its `result` given as JSON.
func Success(resultType, result string) Answer {
	return Answer{Body: fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, resultType, result)}
}

// Scalar is a scalar result, its value spelled as Prometheus spells it: `10`, `NaN`, `+Inf`.
func Scalar(value string) Answer {
	return Success("scalar", point(value))
}

// Vector is an instant vector, one series a value.
func Vector(values ...string) Answer {
	series := make([]string, len(values))
	for i, value := range values {
		series[i] = fmt.Sprintf(`{"metric":{"__name__":"up","instance":"%d"},"value":%s}`, i, point(value))
	}
	return Success("vector", list(series))
}

// Matrix is a range vector: the values of each series at one point a second.
func Matrix(series ...[]string) Answer {
	rows := make([]string, len(series))
	for i, values := range series {
		points := make([]string, len(values))
		for j, value := range values {
			points[j] = fmt.Sprintf(`[%d,%q]`, 1691967600+j, value)
		}
		rows[i] = fmt.Sprintf(`{"metric":{"instance":"%d"},"values":%s}`, i, list(points))
	}
	return Success("matrix", list(rows))
}

// Error is Prometheus' own form of a refusal.
func Error(status int, kind, message string) Answer {
	text, _ := json.Marshal(message) // a string cannot fail to marshal
	return Answer{Status: status, Body: fmt.Sprintf(`{"status":"error","errorType":%q,"error":%s}`, kind, text)}
}

// Token is an OAuth2 token server's answer.
func Token(token string) Answer {
	return Answer{
		Header: map[string]string{"Content-Type": "application/json"},
		Body:   fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token),
	}
}

// With puts one more member, given as JSON, into the answer's envelope: warnings, infos.
func (a Answer) With(member, value string) Answer {
	a.Body = strings.TrimSuffix(a.Body, "}") + fmt.Sprintf(",%q:%s}", member, value)
	return a
}

// send writes the answer, or holds the request.
func (a Answer) send(w http.ResponseWriter, r *http.Request) {
	if a.Method != "" && a.Method != r.Method {
		a = Answer{Status: http.StatusMethodNotAllowed}
	}
	if a.Hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	for key, value := range a.Header {
		w.Header().Set(key, value)
	}
	body := []byte(a.Body)
	for a.Endless {
		if _, err := w.Write(body); err != nil {
			return
		}
	}
	if a.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = compressed(body)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	if a.Cut {
		body = body[:len(body)/2] // net/http closes a connection on which less came than was announced
	}
	w.Write(body)
}

func compressed(body []byte) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	writer.Write(body) // a bytes.Buffer takes everything
	writer.Close()
	return buffer.Bytes()
}

func point(value string) string { return fmt.Sprintf(`[1691967600,%q]`, value) }

func list(items []string) string { return "[" + strings.Join(items, ",") + "]" }
