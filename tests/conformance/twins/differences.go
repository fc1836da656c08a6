package twins

import (
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/fakeprom"
)

// Difference names one way in which `guard: off` differs from the built-in provider on purpose.
type Difference string

// The differences, each with its reason in Differences.
const (
	None               Difference = ""
	SettingsValidated  Difference = "settings validated"
	StringsAccepted    Difference = "strings for numbers and booleans"
	NewerSettings      Difference = "settings beyond the built-in provider's"
	MalformedSamples   Difference = "malformed samples refused"
	RedirectsRefused   Difference = "redirects not followed"
	HistogramsRefused  Difference = "native histograms refused"
	TokensReused       Difference = "tokens reused"
	ForbiddenAsGET     Difference = "403 asked again as GET"
	SignedElsewhere    Difference = "hosts of the operator's awsHosts signed for"
	NoRun              Difference = "no AnalysisRun"
	LimitsHold         Difference = "limits hold"
	TimeoutLimited     Difference = "timeout within the policy's"
	PlaceholdersFilled Difference = "placeholders filled in"
)

// Allowed is what a difference changes in the built-in provider's answer to get the plugin's. A field left zero changes
// nothing.
type Allowed struct {
	Why string
	// Refused: the plugin's answer is an Error without a value.
	Refused bool
	// Requests is what the plugin sends, made from what the built-in provider sent.
	Requests func([]fakeprom.Request) []fakeprom.Request
}

// Differences is the whole list. Two more hold for every row and stand in Compare: a message on every phase but
// Successful, and ResolvedPrometheusQuery and infos in Metadata.
var Differences = map[Difference]Allowed{
	None: {},
	SettingsValidated: {
		Why:      "a misspelt key would silently be a default: the built-in provider's unknown keys are pruned",
		Refused:  true,
		Requests: first(0),
	},
	StringsAccepted: {
		Why: "argument substitution only makes strings; the row's Theirs has the number itself",
	},
	NewerSettings: {
		Why: "the row's Theirs says the same in settings that the module's version has",
	},
	MalformedSamples: {
		Why:     "the built-in provider reads a sample without a value as 0, or leaves it out; no server writes such, nor numbers as 0x1p-2",
		Refused: true,
	},
	RedirectsRefused: {
		Why:      "a redirect carries credentials and headers to an address that no policy has seen",
		Refused:  true,
		Requests: first(1),
	},
	HistogramsRefused: {
		Why:     "the built-in provider reads a native histogram as 0, or as no point at all",
		Refused: true,
	},
	TokensReused: {
		Why: "the built-in provider fetches a token for each measurement: the plugin's later measurements are those without the token request",
		Requests: func(theirs []fakeprom.Request) []fakeprom.Request {
			return theirs[1:]
		},
	},
	LimitsHold: {
		Why:     "an answer past the operator's limits is refused: it would be kept in the run's status",
		Refused: true,
	},
	TimeoutLimited: {
		Why:      "a template cannot hold a worker for longer than the operator's policy says",
		Refused:  true,
		Requests: first(0),
	},
	PlaceholdersFilled: {
		Why: "the built-in provider has none; the row's Theirs has the values themselves",
	},
	SignedElsewhere: {
		Why: "the built-in provider signs only where the address names a workspace, so never for a private endpoint; the row's Theirs names one",
		Requests: func(theirs []fakeprom.Request) []fakeprom.Request {
			for i := range theirs {
				theirs[i].Path = "/api/v1/query"
			}
			return theirs
		},
	},
	NoRun: {
		Why:      "without the run nobody knows which texts are secret; the controller always sends one",
		Refused:  true,
		Requests: first(0),
	},
	ForbiddenAsGET: {
		Why: "client_golang does so from 1.24 on, the module's version only after 405 and 501: proxies refuse POST with 403 too",
		Requests: func(theirs []fakeprom.Request) []fakeprom.Request {
			again := theirs[0]
			again.Method = "GET"
			again.Header = again.Header.Clone()
			again.Header.Del("Content-Type")
			return []fakeprom.Request{theirs[0], again}
		},
	},
}

// first keeps the first n requests.
func first(n int) func([]fakeprom.Request) []fakeprom.Request {
	return func(theirs []fakeprom.Request) []fakeprom.Request { return theirs[:min(n, len(theirs))] }
}

// want is the plugin's measurement as it follows from the built-in provider's.
func (a Allowed) want(theirs v1alpha1.Measurement) v1alpha1.Measurement {
	if a.Refused {
		return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError}
	}
	return theirs
}
