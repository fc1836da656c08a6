package life

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// secret is what the Secret argument of each row holds: it changes when it is quoted for a URL, for JSON, for Go.
const secret = `s3cr3t/"pass word"+&`

// run is an AnalysisRun as the controller sends it: the argument's reference still set, its plain text filled in.
func run(value string) *v1alpha1.AnalysisRun {
	return &v1alpha1.AnalysisRun{Spec: v1alpha1.AnalysisRunSpec{Args: []v1alpha1.Argument{{
		Name:      "password",
		Value:     &value,
		ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "prometheus", Key: "password"}},
	}}}}
}

// spellings are the forms in which the secret must not appear: as it is, quoted for URLs, JSON and Go, and in base64
// at each of the three places where it can begin in a group of three bytes.
func spellings(secret string) []string {
	forms := []string{secret, strings.TrimSpace(secret), url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`)}
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("?", before) + secret))
		first, last := (before*8+5)/6, len(strings.TrimRight(encoded, "="))-1
		forms = append(forms, encoded[first:last])
	}
	return forms
}

// TestSecrets puts a secret argument into every setting that may hold one and has each kind of failure speak of it.
func TestSecrets(t *testing.T) {
	quoted := fmt.Sprintf("%q", secret)
	basic := fmt.Sprintf("address: 'http://ada:%s@$HOST'", url.QueryEscape(secret))
	rows := []twins.Row{
		{Name: "header, server echoes it", With: "headers: [{key: X-Password, value: " + quoted + "}]", Script: says(400, "not allowed: "+secret)},
		{Name: "header, echoed in base64", With: "headers: [{key: X-Password, value: " + quoted + "}]", Script: says(400, base64.StdEncoding.EncodeToString([]byte("ada:"+secret)))},
		{Name: "warning echoes it", Script: fakeprom.Script{"": fakeprom.Scalar("1").With("warnings", fmt.Sprintf("[%q]", secret))}},
		{Name: "info echoes it", Script: fakeprom.Script{"": fakeprom.Scalar("1").With("infos", fmt.Sprintf("[%q]", secret))}},
		{Name: "query", With: "query: " + fmt.Sprintf("%q", "up{password="+quoted+"}"), Script: says(400, "bad")},
		{Name: "query, answered", With: "query: " + fmt.Sprintf("%q", "up{password="+quoted+"}"), Script: fakeprom.Script{"": fakeprom.Scalar("1")}},
		{Name: "condition that does not compile", Success: "result == " + quoted, Script: fakeprom.Script{"": fakeprom.Scalar("1")}},
		{Name: "condition that fails", Success: "string(result) == " + quoted, Script: fakeprom.Script{"": fakeprom.Scalar("1")}},
		{Name: "address", With: basic, Script: says(401, "no")},
		{Name: "address, nobody listens", With: fmt.Sprintf("address: 'http://ada:%s@127.0.0.1:1'", url.QueryEscape(secret))},
		{Name: "address path", With: "address: $ADDRESS/" + url.PathEscape(secret), Script: says(404, "no such path")},
		{Name: "address that is none", With: "address: " + quoted},
		{Name: "oauth2", With: "authentication: {oauth2: {tokenUrl: $ADDRESS/token, clientId: id, clientSecret: " + quoted + "}}",
			Script: fakeprom.Script{"/token": fakeprom.Error(401, "invalid_client", "no "+secret), "": fakeprom.Scalar("1")}},
		{Name: "basicAuth", With: "authentication: {basicAuth: {username: ada, password: " + quoted + "}}", Script: says(401, base64.StdEncoding.EncodeToString([]byte("ada:"+secret)))},
		{Name: "unknown key", With: quoted + ": 1"},
		{Name: "value of the wrong type", With: "timeout: " + quoted},
		{Name: "range start", With: "rangeQuery: {start: " + fmt.Sprintf("%q", "date("+quoted+")") + ", end: now(), step: 1m}"},
		{Name: "range step", With: "rangeQuery: {start: now(), end: now(), step: " + quoted + "}"},
		{Name: "answer is no number", Script: fakeprom.Script{"": fakeprom.Scalar(`s3cr3t`)}},
	}
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			if host.Wrapped() {
				t.Skip("the built-in provider masks nothing: the controller does, in Message alone")
			}
			server := fakeprom.Start(row.Script)
			defer server.Close()
			row.Entry = verbose
			metric, err := row.Plugin(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			provider, err := host.Provider(metric)
			if err != nil {
				t.Fatal(err)
			}
			measured := provider.Run(run(secret), metric)
			resumed := provider.Resume(run(secret), metric, measured)
			measured.Metadata = joined(measured.Metadata, provider.GetMetadata(metric))
			for _, leak := range append(twins.Leaks(measured, spellings(secret)), twins.Leaks(resumed, spellings(secret))...) {
				t.Errorf("expected no secret in the measurement, found %s", leak)
			}
			for _, form := range spellings(secret) {
				if host.LogsHold(form) {
					t.Errorf("expected no secret in the log, found `%s`", form)
				}
			}
		})
	}
}

func says(status int, message string) fakeprom.Script {
	return fakeprom.Script{"": fakeprom.Error(status, "bad_data", message)}
}

// joined is both maps, the second one's keys marked as GetMetadata's.
func joined(a, b map[string]string) map[string]string {
	all := map[string]string{}
	for key, value := range a {
		all[key] = value
	}
	for key, value := range b {
		all["GetMetadata "+key] = value
	}
	return all
}
