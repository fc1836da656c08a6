package runs

import (
	"context"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeinformers "k8s.io/client-go/informers"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/util/workqueue"

	"github.com/argoproj/argo-rollouts/analysis"
	"github.com/argoproj/argo-rollouts/controller/metrics"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	argofake "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned/fake"
	argo "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned/typed/rollouts/v1alpha1"
	informers "github.com/argoproj/argo-rollouts/pkg/client/informers/externalversions"
	"github.com/argoproj/argo-rollouts/utils/queue"
	"github.com/argoproj/argo-rollouts/utils/record"
)

const (
	namespace = "shop"
	// threads is the controller's own default.
	threads = 30
	// patience bounds a run: the longest waits for one retry after an error, which the controller fixes at 10 s.
	patience = 60 * time.Second
)

// cluster holds objects in memory, as argo-rollouts' own controller_test.go does.
type cluster struct {
	kube   *kubefake.Clientset
	client *argofake.Clientset
}

// newCluster holds a Secret and no AnalysisRuns.
func newCluster(secret map[string]string) cluster {
	return cluster{
		kube: kubefake.NewSimpleClientset(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "prometheus", Namespace: namespace},
			Data:       bytes(secret),
		}),
		client: argofake.NewSimpleClientset(),
	}
}

func (c cluster) runs() argo.AnalysisRunInterface {
	return c.client.ArgoprojV1alpha1().AnalysisRuns(namespace)
}

// startController runs argo-rollouts' AnalysisRun controller on a cluster of its own until the test ends, and returns the
// AnalysisRuns of a namespace that holds a Secret.
func startController(t *testing.T, secret map[string]string) argo.AnalysisRunInterface {
	made := newCluster(secret)
	t.Cleanup(made.control(threads))
	return made.runs()
}

// control runs argo-rollouts' AnalysisRun controller on the cluster until it is told to stop; another one may follow it.
func (c cluster) control(threads int) (stop func()) {
	argoInformers := informers.NewSharedInformerFactory(c.client, 0)
	kubeInformers := kubeinformers.NewSharedInformerFactory(c.kube, 0)
	work := workqueue.NewNamedRateLimitingQueue(queue.DefaultArgoRolloutsRateLimiter(), "AnalysisRuns")
	config := analysis.ControllerConfig{
		KubeClientSet:        c.kube,
		ArgoProjClientset:    c.client,
		AnalysisRunInformer:  argoInformers.Argoproj().V1alpha1().AnalysisRuns(),
		JobInformer:          kubeInformers.Batch().V1().Jobs(),
		AnalysisRunWorkQueue: work,
		MetricsServer:        metrics.NewMetricsServer(metrics.ServerConfig{K8SRequestProvider: &metrics.K8sRequestsCountProvider{}}),
		Recorder:             record.NewFakeEventRecorder(),
	}
	// argo-rollouts 1.10 watches the pods of its jobs, 1.9 has no such field.
	if pods := reflect.ValueOf(&config).Elem().FieldByName(podsOfJobs); pods.IsValid() {
		pods.Set(reflect.ValueOf(kubeInformers.Core().V1().Pods()))
	}
	controller := analysis.NewController(config)
	ctx, cancel := context.WithCancel(context.Background())
	argoInformers.Start(ctx.Done())
	kubeInformers.Start(ctx.Done())
	argoInformers.WaitForCacheSync(ctx.Done())
	kubeInformers.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx, threads)
	return func() {
		cancel()
		// Run itself is not waited for: it counts on workers that do not begin once it is told to stop, and never returns.
		work.ShutDownWithDrain()
		work.ShutDown()
	}
}

// podsOfJobs is a field of the controller's configuration since argo-rollouts 1.10.
const podsOfJobs = "JobPodsInformer"

// isOlder says that the controller is one before argo-rollouts 1.10.
func isOlder() bool {
	_, found := reflect.TypeFor[analysis.ControllerConfig]().FieldByName(podsOfJobs)
	return !found
}

// until polls a run until it is as wanted.
func until(t *testing.T, runs argo.AnalysisRunInterface, name, what string, wanted func(*v1alpha1.AnalysisRun) bool) *v1alpha1.AnalysisRun {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		run, err := runs.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if wanted(run) {
			return run
		}
		if time.Since(begun) > patience {
			t.Fatalf("run %s: expected it to be %s within %s, found %s %q, metrics %+v", name, what, patience, run.Status.Phase, run.Status.Message, run.Status.MetricResults)
		}
	}
}

func bytes(texts map[string]string) map[string][]byte {
	data := map[string][]byte{}
	for key, text := range texts {
		data[key] = []byte(text)
	}
	return data
}
