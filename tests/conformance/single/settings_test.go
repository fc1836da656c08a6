package single

import (
	"net/http"
	"testing"
	"time"

	. "promql-guard/tests/conformance/fakeprom"
	"promql-guard/tests/conformance/twins"
)

// TestAddresses: where the address comes from and what is one.
func TestAddresses(t *testing.T) {
	ten := always(Scalar("10"))
	checkAll(t, []twins.Row{
		{Name: "path suffix", With: "address: $ADDRESS/prometheus", Script: ten},
		{Name: "path suffix with slash", With: "address: $ADDRESS/prometheus/", Script: ten},
		{Name: "only a slash", With: "address: $ADDRESS/", Script: ten},
		{Name: "two slashes", With: "address: $ADDRESS//", Script: ten},
		{Name: "user in the address", With: "address: http://ada:s3cr3t-pass@$HOST", Script: ten, Secrets: []string{"s3cr3t-pass"}},
		{Name: "escaped user in the address", With: "address: http://ada%40x:p%20w-s3cr3t@$HOST", Script: ten, Secrets: []string{"w-s3cr3t"}},
		{Name: "user without password", With: "address: http://ada@$HOST", Script: ten},
		{Name: "query in the address", With: `address: "$ADDRESS/?tenant=a"`, Script: ten},
		{Name: "upper-case scheme", With: "address: HTTP://$HOST", Script: ten},
		{Name: "no scheme", With: "address: $HOST", Script: ten},
		{Name: "invalid", With: `address: ":invalid::url"`, Script: ten},
		{Name: "no host", With: `address: "http://"`, Script: ten},
		{Name: "other scheme", With: "address: ftp://$HOST", Script: ten},
		{Name: "nobody listens", With: "address: http://127.0.0.1:1", Script: ten},
		{Name: "unknown name", With: "address: http://prometheus.invalid:9090", Script: ten},
		{Name: "metadata address", With: "address: http://169.254.169.254\ntimeout: 1", Script: ten},
		{Name: "IPv6, nobody listens", With: "address: 'http://[::1]:1'", Script: ten},
		{Name: "host of upper case", With: "address: http://LOCALHOST:1", Script: ten},
		{Name: "fragment in the address", With: "address: '$ADDRESS/#top'", Script: ten},
		{Name: "escaped path", With: "address: '$ADDRESS/a%20b'", Script: ten},
		{Name: "escaped slash in the path", With: "address: '$ADDRESS/a%2Fb'", Script: ten},
		{Name: "dots in the path", With: "address: '$ADDRESS/a/../b'", Script: ten},
		{Name: "path with API", With: "address: '$ADDRESS/api/v1/query'", Script: ten},
		{Name: "space around", With: "address: ' $ADDRESS '", Script: ten},
		{Name: "space behind", With: "address: '$ADDRESS '", Script: ten},
		{Name: "port out of range", With: "address: http://127.0.0.1:70000", Script: ten},
		{Name: "port is no number", With: "address: http://127.0.0.1:http", Script: ten},
		{Name: "no port after the colon", With: "address: 'http://127.0.0.1:'\ntimeout: 1", Script: ten},
		{Name: "no address", With: "address: null", Script: ten},
		{Name: "empty address", With: `address: ""`, Script: ten},
		{Name: "address of the environment", With: "address: null", Environment: "$ADDRESS", Script: ten, Entry: withAddress, Success: "result == 10"},
		{Name: "metric before environment", Environment: "http://127.0.0.1:1", Script: ten, Entry: withAddress, Success: "result == 10"},
		{Name: "bad address of the environment", With: "address: null", Environment: ":invalid::url", Script: ten, Entry: withBadAddress},
	})
}

// TestTimeouts: seconds, from the client's side only.
func TestTimeouts(t *testing.T) {
	ten, hang := always(Scalar("10")), always(Answer{Hang: true})
	checkAll(t, []twins.Row{
		{Name: "five seconds", With: "timeout: 5", Script: ten},
		{Name: "one second passes", With: "timeout: 1", Script: hang},
		{Name: "one second passes, range", With: "timeout: 1\n" + rangeOverAnHour, Script: hang},
		{Name: "zero", With: "timeout: 0", Script: ten},
		{Name: "negative", With: "timeout: -5", Script: ten},
		{Name: "fraction", With: "timeout: 1.5", Script: ten},
		{Name: "null", With: "timeout: null", Script: ten},
		{Name: "past the policy's", With: "timeout: 100", Script: ten, Differs: twins.TimeoutLimited},
		{Name: "text", With: "timeout: soon", Script: ten},
		{Name: "number in quotes", With: `timeout: "5"`, Theirs: "timeout: 5", Script: ten, Differs: twins.StringsAccepted},
	})
}

// TestHeaders: custom headers and their order of precedence.
func TestHeaders(t *testing.T) {
	ten := always(Scalar("10"))
	checkAll(t, []twins.Row{
		{Name: "one", With: "headers: [{key: X-Scope-OrgID, value: tenant-a}]", Script: ten},
		{Name: "several", With: "headers: [{key: X-Scope-OrgID, value: a}, {key: X-Other, value: b c}]", Script: ten},
		{Name: "last wins", With: "headers: [{key: X-Scope-OrgID, value: a}, {key: x-scope-orgid, value: b}]", Script: ten},
		{Name: "none", With: "headers: []", Script: ten},
		{Name: "empty value", With: `headers: [{key: X-Empty, value: ""}]`, Script: ten},
		{Name: "Authorization", With: "headers: [{key: Authorization, value: Bearer s3cr3t-token}]", Script: ten},
		{Name: "Authorization over the address's user", With: "address: http://ada:pass@$HOST\nheaders: [{key: Authorization, value: Bearer mine}]", Script: ten},
		{Name: "Host has no effect", With: "headers: [{key: Host, value: elsewhere.example}]", Script: ten},
		{Name: "Content-Type replaced", With: "headers: [{key: Content-Type, value: application/x-www-form-urlencoded; charset=utf-8}]", Script: ten},
		{Name: "value not ASCII", With: `headers: [{key: X-Name, value: "ä"}]`, Script: ten},
		{Name: "value with a line break", With: `headers: [{key: X-Name, value: "a\nb"}]`, Script: ten},
		{Name: "name with a space", With: "headers: [{key: X Name, value: a}]", Script: ten},
		{Name: "empty name", With: `headers: [{key: "", value: a}]`, Script: ten},
	})
}

// TestAuthentication: basic, bearer, OAuth2.
func TestAuthentication(t *testing.T) {
	granted := Script{"": Scalar("10"), "/token": Token("granted-t0ken")}
	oauth2 := func(keys string) string { return "authentication: {oauth2: {" + keys + "}}" }
	const complete = "tokenUrl: $ADDRESS/token, clientId: id, clientSecret: s3cr3t-client"
	secrets := []string{"s3cr3t-client", "granted-t0ken"}
	checkAll(t, []twins.Row{
		{Name: "empty block", With: "authentication: {}", Script: granted},
		{Name: "empty blocks", With: "authentication: {oauth2: {}, sigv4: {}}", Script: granted},
		{Name: "oauth2", With: oauth2(complete), Script: granted, Secrets: secrets},
		{Name: "oauth2 scopes", With: oauth2(complete + ", scopes: [read, 'metrics.all']"), Script: granted, Secrets: secrets},
		{Name: "oauth2 secret to be escaped", With: oauth2("tokenUrl: $ADDRESS/token, clientId: 'i d', clientSecret: 's3cr3t/+ &='"), Script: granted, Secrets: []string{"s3cr3t/+ &="}},
		{Name: "oauth2 with headers", With: oauth2(complete) + "\nheaders: [{key: X-Scope-OrgID, value: a}]", Script: granted, Secrets: secrets},
		{Name: "oauth2 without id", With: oauth2("tokenUrl: $ADDRESS/token, clientSecret: s3cr3t-client"), Script: granted, Secrets: secrets},
		{Name: "oauth2 without secret", With: oauth2("tokenUrl: $ADDRESS/token, clientId: id"), Script: granted},
		{Name: "oauth2 without tokenUrl", With: oauth2("clientId: id, clientSecret: s3cr3t-client"), Script: granted, Secrets: secrets},
		{Name: "oauth2 token refused", With: oauth2(complete), Script: Script{"/token": {Status: 401, Body: `{"error":"invalid_client"}`}, "": Scalar("10")}, Secrets: secrets},
		{Name: "oauth2 token server fails", With: oauth2(complete), Script: Script{"/token": {Status: 500}, "": Scalar("10")}, Secrets: secrets},
		{Name: "oauth2 token is HTML", With: oauth2(complete), Script: Script{"/token": {Body: "<html>"}, "": Scalar("10")}, Secrets: secrets},
		{Name: "oauth2 token missing", With: oauth2(complete), Script: Script{"/token": {Body: "{}"}, "": Scalar("10")}, Secrets: secrets},
		{Name: "oauth2 token not accepted", With: oauth2(complete), Script: Script{"/token": Token("granted-t0ken"), "": {Status: 401}}, Secrets: secrets},
		{Name: "oauth2 token type", With: oauth2(complete), Script: Script{"": Scalar("10"), "/token": {
			Header: map[string]string{"Content-Type": "application/json"}, Body: `{"access_token":"granted-t0ken","token_type":"MAC"}`}}, Secrets: secrets},
		{Name: "basic", With: "authentication: {basicAuth: {username: ada, password: s3cr3t-pass}}", Theirs: "authentication: null\naddress: http://ada:s3cr3t-pass@$HOST",
			Script: granted, Differs: twins.NewerSettings, Secrets: []string{"s3cr3t-pass"}},
		{Name: "basic, Authorization set", With: "authentication: {basicAuth: {username: ada, password: s3cr3t-pass}}\nheaders: [{key: Authorization, value: Bearer mine}]", Theirs: "authentication: null",
			Script: granted, Differs: twins.NewerSettings, Secrets: []string{"s3cr3t-pass"}},
		{Name: "basic without password", With: "authentication: {basicAuth: {username: ada}}", Script: granted, Differs: twins.SettingsValidated},
		{Name: "basic without username", With: "authentication: {basicAuth: {password: s3cr3t-pass}}", Script: granted, Differs: twins.SettingsValidated, Secrets: []string{"s3cr3t-pass"}},
	})
}

// TestTokensReused: the second measurement with the same credentials asks for no token.
func TestTokensReused(t *testing.T) {
	server := Start(Script{"": Scalar("10"), "/token": Token("granted-t0ken")})
	defer server.Close()
	row := twins.Row{Name: "second", With: "authentication: {oauth2: {tokenUrl: $ADDRESS/token, clientId: id, clientSecret: s3cr3t-client}}", Differs: twins.TokensReused}
	measureBuiltin(t, row, server.URL)
	server.Take()
	theirs := measureBuiltin(t, row, server.URL)
	theirRequests := server.Take()
	measurePlugin(t, row, server.URL)
	server.Take()
	ours := measurePlugin(t, row, server.URL)
	compare(t, row, theirs, ours)
	compareRequests(t, row.Differs, theirRequests, server.Take())
}

// TestTLS: a certificate of nobody's, with and without insecure.
func TestTLS(t *testing.T) {
	ten := always(Scalar("10"))
	checkAll(t, []twins.Row{
		{Name: "insecure", With: "insecure: true", TLS: true, Script: ten},
		{Name: "refused", TLS: true, Script: ten},
		{Name: "refused with insecure false", With: "insecure: false", TLS: true, Script: ten},
		{Name: "insecure in quotes", With: `insecure: "true"`, Theirs: "insecure: true", TLS: true, Script: ten, Differs: twins.StringsAccepted},
		{Name: "insecure over http", With: "insecure: true", Script: ten},
		{Name: "insecure with user", With: "address: https://ada:pass@$HOST\ninsecure: true", TLS: true, Script: ten},
		{Name: "http asked of https", With: "address: http://$HOST", TLS: true, Script: ten},
		{Name: "https asked of http", With: "address: https://$HOST", Script: ten},
	})
}

// TestSettings: keys and types.
func TestSettings(t *testing.T) {
	ten := always(Scalar("10"))
	checkAll(t, []twins.Row{
		{Name: "unknown key", With: "adress: http://elsewhere.example", Script: ten, Differs: twins.SettingsValidated},
		{Name: "unknown key inside", With: "authentication: {oauth: {tokenUrl: $ADDRESS/token}}", Script: ten, Differs: twins.SettingsValidated},
		// kubectl and Argo CD read YAML 1.1, where off without quotes is false: so it arrives.
		{Name: "guard off without quotes", With: "guard: off", Script: ten},
		{Name: "guard of no mode", With: "guard: lenient", Script: ten, Differs: twins.SettingsValidated},
		{Name: "no query", With: "query: null", Script: always(Error(400, "bad_data", "unexpected end of input")), Differs: twins.SettingsValidated},
		{Name: "empty query", With: "query: ''", Script: always(Error(400, "bad_data", "unexpected end of input")), Differs: twins.SettingsValidated},
		{Name: "query of the wrong type", With: "query: [up]", Script: ten},
		{Name: "headers of the wrong type", With: "headers: {X-Scope-OrgID: a}", Script: ten},
		{Name: "insecure of the wrong type", With: "insecure: 7", Script: ten},
		{Name: "rangeQuery of the wrong type", With: "rangeQuery: 5m", Script: ten},
	})
}

// TestDroppedConnection: a server that closes idle connections costs no measurement.
func TestDroppedConnection(t *testing.T) {
	server := Start(always(Scalar("10")))
	defer server.Close()
	for range 5 {
		row := twins.Row{Name: "dropped"}
		theirs := measureBuiltin(t, row, server.URL)
		ours := measurePlugin(t, row, server.URL)
		compare(t, row, theirs, ours)
		server.CloseClientConnections()
	}
}

// TestDeadline: a server that accepts and never answers costs no more than the timeout and a second.
func TestDeadline(t *testing.T) {
	server := Start(always(Answer{Hang: true}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	begun := time.Now()
	measured := measurePlugin(t, twins.Row{Name: "hang", With: "timeout: 1"}, server.URL)
	if spent := time.Since(begun); spent > 2*time.Second || measured.Phase != "Error" {
		t.Errorf("expected an Error within 2 s, found %s after %s", measured.Phase, spent)
	}
}
