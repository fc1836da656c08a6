// Command builtin is a metric plugin that wraps Argo Rollouts' built-in Prometheus provider: the settings of
// provider.plugin become provider.prometheus, and the provider is made anew for each call, as the controller makes it
// (metricproviders.ProviderFactory, which is not linked: with it come the clients of all other providers).
// It is the peer of the benches, and the tests' check of themselves: against it they must find no difference.
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/go-plugin"
	log "github.com/sirupsen/logrus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/metricproviders/prometheus"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
)

// builtin answers each call of the plugin protocol with the built-in provider.
type builtin struct{}

// open makes the provider of a metric whose settings stand under provider.plugin, and the metric as that provider reads
// it. Keys that provider.prometheus lacks are ignored, as the API server's pruning would.
func open(m v1alpha1.Metric) (*prometheus.Provider, v1alpha1.Metric, error) {
	for _, settings := range m.Provider.Plugin {
		m.Provider = v1alpha1.MetricProvider{Prometheus: new(v1alpha1.PrometheusMetric)}
		if err := json.Unmarshal(settings, m.Provider.Prometheus); err != nil {
			return nil, m, err
		}
		api, err := prometheus.NewPrometheusAPI(m)
		if err != nil {
			return nil, m, err
		}
		provider, err := prometheus.NewPrometheusProvider(api, *log.NewEntry(log.StandardLogger()), m)
		return provider, m, err
	}
	return nil, m, fmt.Errorf("no plugin in metric %s", m.Name)
}

func (builtin) InitPlugin() types.RpcError { return types.RpcError{} }

func (builtin) Run(run *v1alpha1.AnalysisRun, m v1alpha1.Metric) v1alpha1.Measurement {
	provider, m, err := open(m)
	if err != nil {
		now := metav1.NewTime(time.Now())
		return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error(), StartedAt: &now, FinishedAt: &now}
	}
	return provider.Run(run, m)
}

func (builtin) Resume(_ *v1alpha1.AnalysisRun, _ v1alpha1.Metric, m v1alpha1.Measurement) v1alpha1.Measurement {
	return m
}

func (builtin) Terminate(_ *v1alpha1.AnalysisRun, _ v1alpha1.Metric, m v1alpha1.Measurement) v1alpha1.Measurement {
	return m
}

func (builtin) GarbageCollect(*v1alpha1.AnalysisRun, v1alpha1.Metric, int) types.RpcError {
	return types.RpcError{}
}

func (builtin) Type() string { return prometheus.ProviderType }

func (builtin) GetMetadata(m v1alpha1.Metric) map[string]string {
	provider, m, err := open(m)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return provider.GetMetadata(m)
}

func main() {
	log.SetLevel(log.WarnLevel)
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: "metricprovider",
		},
		Plugins: map[string]plugin.Plugin{"RpcMetricProviderPlugin": &rpc.RpcMetricProviderPlugin{Impl: builtin{}}},
	})
}
