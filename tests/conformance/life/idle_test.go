package life

import (
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"

	"promql-guard/tests/conformance/host"
)

// openTimeout is how long hashicorp/yamux waits for a stream to be acknowledged before it closes the whole connection
// (Config.StreamOpenTimeout, 75 s); go-plugin opens two on which a plugin may never write.
const openTimeout = 75 * time.Second

// TestIdleConnection: the connection of a plugin that is not asked for a while stays open. It waits for that long, and
// is left out with -short.
func TestIdleConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for more than a minute")
	}
	t.Parallel()
	plugin := host.Start(t)
	metric, _ := ten(t, host.Plain)
	time.Sleep(openTimeout + 5*time.Second)
	if measured := plugin.Run(new(v1alpha1.AnalysisRun), metric); measured.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("expected the connection to be open still, found %s %s", measured.Phase, measured.Message)
	}
}
