package twins

import (
	"fmt"
	"strings"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// ownMetadata are the keys that the plugin may add to the built-in provider's measurement.
var ownMetadata = map[string]bool{"ResolvedPrometheusQuery": true, "infos": true}

// Compare holds a measurement of the plugin against the built-in provider's and returns what differs; none if nothing.
// With strict set the two are to be alike but for their messages: the plugin is the built-in provider itself.
func Compare(difference Difference, theirs, ours v1alpha1.Measurement, strict bool) []string {
	var told []string
	differ := func(what string, theirs, ours any) {
		told = append(told, fmt.Sprintf("%s: expected %q, found %q", what, theirs, ours))
	}
	want := theirs
	if !strict {
		want = Differences[difference].want(theirs)
	}
	if want.Phase != ours.Phase {
		differ("phase", want.Phase, ours.Phase)
	}
	if want.Value != ours.Value {
		differ("value", want.Value, ours.Value)
	}
	if want.Metadata["warnings"] != ours.Metadata["warnings"] {
		differ("warnings", want.Metadata["warnings"], ours.Metadata["warnings"])
	}
	for key, value := range ours.Metadata {
		// Settings that cannot be read say no guard either: the measurement tells what refused, as under the default.
		refused := key == "outcome" && Differences[difference].Refused
		if _, known := theirs.Metadata[key]; !known && !refused && (strict || !ownMetadata[key]) {
			differ("metadata "+key, "", value)
		}
	}
	if !strict && (ours.Message == "") != (ours.Phase == v1alpha1.AnalysisPhaseSuccessful) {
		differ("message on "+string(ours.Phase), "one unless Successful", ours.Message)
	}
	if ours.StartedAt == nil || ours.FinishedAt == nil || ours.FinishedAt.Before(ours.StartedAt) {
		differ("times", "startedAt, then finishedAt", fmt.Sprint(ours.StartedAt, " ", ours.FinishedAt))
	}
	return told
}

// Leaks are the secrets that a measurement shows.
func Leaks(m v1alpha1.Measurement, secrets []string) []string {
	shown := fmt.Sprint(m.Message, m.Value, m.Metadata)
	var leaks []string
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			leaks = append(leaks, fmt.Sprintf("`%s` in %s", secret, shown))
		}
	}
	return leaks
}
