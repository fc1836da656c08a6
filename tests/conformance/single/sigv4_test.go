package single

import (
	"strings"
	"testing"

	"promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/host"
	"promql-guard/tests/conformance/twins"
)

// signs is a plugin whose operator lets the environment's credentials sign for the fake server.
var signs = host.Entry{Name: "promql-guard/signs", Args: []string{"--awsHosts=[127.0.0.1]"}}

// TestSigV4: who signs, for which region and service. The signature itself hangs on the second, and the built-in
// provider signs a header that it does not send.
func TestSigV4(t *testing.T) {
	const secretKey = "s3cr3t-access-key"
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": "s3cr3t-session",
		"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	const workspace = "address: $ADDRESS/workspaces/aps-workspaces/ws-1\n"
	for _, row := range []twins.Row{
		{Name: "region", With: workspace + "authentication: {sigv4: {region: us-east-1}}"},
		{Name: "headers", With: workspace + "authentication: {sigv4: {region: us-east-1}}\nheaders: [{key: X-Scope-OrgID, value: a}]"},
		{Name: "Authorization set", With: workspace + "authentication: {sigv4: {region: us-east-1}}\nheaders: [{key: Authorization, value: Bearer mine}]"},
		{Name: "range", With: workspace + "authentication: {sigv4: {region: us-east-1}}\n" + rangeOverAnHour},
		{Name: "empty block", With: workspace + "authentication: {sigv4: {}}"},
		{Name: "no workspace", With: "authentication: {sigv4: {region: us-east-1}}", Theirs: workspace, Differs: twins.SignedElsewhere},
		{Name: "unknown profile", With: workspace + "authentication: {sigv4: {region: us-east-1, profile: nobody}}"},
	} {
		t.Run(row.Name, func(t *testing.T) {
			row.Entry, row.Secrets = signs, []string{secretKey, "s3cr3t-session"}
			server := fakeprom.Start(always(fakeprom.Vector("1")))
			defer server.Close()
			theirs := measureBuiltin(t, row, server.URL)
			theirRequests := scopes(t, server.Take())
			ours := measurePlugin(t, row, server.URL)
			compare(t, row, theirs, ours)
			compareRequests(t, row.Differs, theirRequests, scopes(t, server.Take()))
		})
	}
}

// scopes leaves of each signature what does not hang on the time.
func scopes(t *testing.T, requests []fakeprom.Request) []fakeprom.Request {
	t.Helper()
	for _, request := range requests {
		if date := request.Header.Get("X-Amz-Date"); date != "" {
			request.Header.Set("X-Amz-Date", "a date")
			scope, _, _ := strings.Cut(request.Header.Get("Authorization"), ", SignedHeaders")
			request.Header.Set("Authorization", strings.Replace(scope, date[:8], "day", 1))
		}
	}
	return requests
}
