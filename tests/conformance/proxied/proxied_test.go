// Package proxied holds the plugin against the built-in provider where the environment names a proxy, as it does for a
// whole process.
package proxied

import (
	"net/url"
	"os"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// proxy is what HTTP_PROXY and HTTPS_PROXY name: it answers in place of whatever server is asked for, and opens no tunnel.
var proxy *fakeprom.Server

func TestMain(m *testing.M) {
	proxy = fakeprom.Start(fakeprom.Script{"": {Status: 502}, "up": fakeprom.Scalar("10")})
	address, err := url.Parse(proxy.URL)
	if err != nil {
		panic(err)
	}
	address.User = url.UserPassword("proxy-user", "pr0xy-pass")
	os.Setenv("HTTP_PROXY", address.String())
	os.Setenv("HTTPS_PROXY", address.String())
	os.Setenv("NO_PROXY", "direct.invalid,.inside.invalid")
	host.Main(m, func() error { return nil }, host.Plain)
}

func TestProxy(t *testing.T) {
	for _, row := range []twins.Row{
		{Name: "http", With: "address: http://prometheus.invalid:9090"},
		{Name: "http with user", With: "address: http://ada:s3cr3t-pass@prometheus.invalid:9090", Secrets: []string{"s3cr3t-pass"}},
		{Name: "https asks for a tunnel", With: "address: https://prometheus.invalid"},
		{Name: "exempt host", With: "address: http://direct.invalid:9090"},
		{Name: "exempt domain", With: "address: http://prometheus.inside.invalid:9090"},
		{Name: "not exempt", With: "address: http://inside.example:9090"},
		{Name: "loopback goes past", With: "address: http://127.0.0.1:1"},
		{Name: "localhost goes past", With: "address: http://localhost:1"},
		{Name: "token through the proxy", With: "address: http://prometheus.invalid\nauthentication: {oauth2: {tokenUrl: 'http://login.invalid/token', clientId: id, clientSecret: s3cr3t-client}}", Secrets: []string{"s3cr3t-client"}},
	} {
		t.Run(row.Name, func(t *testing.T) {
			row.Secrets = append(row.Secrets, "pr0xy-pass")
			theirs, theirRequests := measure(t, row.Builtin)
			ours, ourRequests := measure(t, row.Plugin)
			differences := twins.Compare(row.Differs, theirs, ours, host.Wrapped())
			for _, difference := range append(differences, twins.CompareRequests(theirRequests, ourRequests)...) {
				t.Errorf("%s (built-in provider %q, plugin %q)", difference, theirs.Message, ours.Message)
			}
			for _, leak := range twins.Leaks(ours, row.Secrets) {
				t.Errorf("expected no secret in the measurement, found %s", leak)
			}
		})
	}
}

func measure(t *testing.T, twin func(string) (v1alpha1.Metric, error)) (v1alpha1.Measurement, []fakeprom.Request) {
	t.Helper()
	metric, err := twin("")
	if err != nil {
		t.Fatal(err)
	}
	return host.Measure(new(v1alpha1.AnalysisRun), metric), proxy.Take()
}
