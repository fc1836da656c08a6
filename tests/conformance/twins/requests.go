package twins

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"

	"promql-guard/tests/conformance/fakeprom"
)

// incidental are the headers that say which client asks, not what is asked.
var incidental = []string{"User-Agent", "Accept-Encoding", "Accept", "Content-Length", "Connection"}

// clock are the form fields that hold a time of now; two clients agree on them to within clockSlack seconds.
var clock = []string{"time", "start", "end"}

const clockSlack = 10

// CompareRequests holds what the plugin sent against what the built-in provider sent and returns what differs.
func CompareRequests(theirs, ours []fakeprom.Request) []string {
	if len(theirs) != len(ours) {
		return []string{fmt.Sprintf("requests: expected %d (%s), found %d (%s)", len(theirs), summary(theirs), len(ours), summary(ours))}
	}
	var told []string
	for i := range theirs {
		for _, difference := range compareRequest(theirs[i], ours[i]) {
			told = append(told, fmt.Sprintf("request %d: %s", i+1, difference))
		}
	}
	return told
}

func compareRequest(theirs, ours fakeprom.Request) []string {
	var told []string
	differ := func(what string, theirs, ours any) {
		if fmt.Sprint(theirs) != fmt.Sprint(ours) {
			told = append(told, fmt.Sprintf("%s: expected %q, found %q", what, theirs, ours))
		}
	}
	differ("method", theirs.Method, ours.Method)
	differ("path", theirs.Path, ours.Path)
	differ("host", theirs.Host, ours.Host)
	for _, key := range keys(theirs.Form, ours.Form) {
		if !slices.Contains(clock, key) || !near(theirs.Form, ours.Form, key) {
			differ("form field "+key, theirs.Form[key], ours.Form[key])
		}
	}
	for _, key := range keys(theirs.Header, ours.Header) {
		if !slices.Contains(incidental, key) {
			differ("header "+key, theirs.Header[key], ours.Header[key])
		}
	}
	return told
}

// keys are the keys of both maps, sorted.
func keys[M ~map[string][]string](maps ...M) []string {
	var all []string
	for _, m := range maps {
		for key := range m {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// near says that both forms hold one time under the key, and about the same.
func near(theirs, ours url.Values, key string) bool {
	their, err1 := strconv.ParseFloat(theirs.Get(key), 64)
	our, err2 := strconv.ParseFloat(ours.Get(key), 64)
	return err1 == nil && err2 == nil && math.Abs(their-our) < clockSlack
}

func summary(requests []fakeprom.Request) string {
	lines := make([]string, len(requests))
	for i, r := range requests {
		lines[i] = r.Method + " " + r.Path
	}
	return fmt.Sprint(lines)
}
