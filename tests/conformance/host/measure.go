package host

import (
	"time"

	log "github.com/sirupsen/logrus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-rollouts/metric"
	"github.com/argoproj/argo-rollouts/metricproviders"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// Provider is the provider of a metric, made as the controller makes it before each measurement: for a plugin that
// means to start it if it does not run, and to ping it.
func Provider(m v1alpha1.Metric) (metric.Provider, error) {
	return new(metricproviders.ProviderFactory).NewProvider(*log.NewEntry(log.StandardLogger()), "", m)
}

// Measure takes one measurement as the controller does (analysis/analysis.go, runMeasurements): a provider that cannot
// be made is an Error.
func Measure(run *v1alpha1.AnalysisRun, m v1alpha1.Metric) v1alpha1.Measurement {
	provider, err := Provider(m)
	if err != nil {
		now := metav1.NewTime(time.Now())
		return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error(), StartedAt: &now, FinishedAt: &now}
	}
	return provider.Run(run, m)
}
