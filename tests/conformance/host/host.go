// Package host runs a plugin binary as the Argo Rollouts controller does: the plugin is named in the ConfigMap
// argo-rollouts-config, placed by utils/plugin, started by metricproviders/plugin/client, and asked through a provider
// of metricproviders. What the plugin logs is kept, so that tests can look for what must not be there.
//
// The packages of argo-rollouts hold one configuration and one set of clients a process: so does this one.
package host

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	log "github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-rollouts/utils/config"
	"github.com/argoproj/argo-rollouts/utils/defaults"
	"github.com/argoproj/argo-rollouts/utils/plugin"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
)

// Binary is the environment variable that names the plugin under test.
const Binary = "PROMQL_GUARD"

// Entry is one plugin of the ConfigMap: the same binary may be entered under several names, each of which the
// controller runs as a process of its own.
type Entry struct {
	Name string
	Args []string
}

// Plain is the entry without arguments.
var Plain = Entry{Name: "promql-guard/promql-guard"}

// Wrapped says that the binary under test is cmd/builtin, the built-in provider itself: no difference is then allowed.
func Wrapped() bool { return filepath.Base(os.Getenv(Binary)) == "builtin" }

// Main is TestMain's body: it enters the plugins, runs the tests from an empty folder, calls after, ends the plugins
// and looks at what they left behind.
func Main(m *testing.M, after func() error, entries ...Entry) {
	os.Exit(run(m, after, entries))
}

func run(m *testing.M, after func() error, entries []Entry) int {
	folder, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(folder)
	if err := install(folder, entries); err != nil {
		return fail(err)
	}
	hclog.DefaultOutput = &logged
	log.SetOutput(io.Discard)
	code := m.Run()
	if err := after(); err != nil {
		return fail(err)
	}
	goplugin.CleanupClients()
	if left, _ := filepath.Glob(filepath.Join(folder, "tmp", "*")); len(left) > 0 && code == 0 {
		return fail(fmt.Errorf("expected the plugins to remove their files at the end, found %v", left))
	}
	return code
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// install is the controller's start: the working folder, the ConfigMap, the plugins' files (cmd/rollouts-controller
// with utils/config.InitializeConfig and utils/plugin.DownloadPlugins). Temporary files of the plugins go to tmp/.
func install(folder string, entries []Entry) error {
	binary, err := filepath.Abs(os.Getenv(Binary))
	if err != nil || os.Getenv(Binary) == "" {
		return fmt.Errorf("expected the path of the plugin under test in %s, found none; build it and set %[1]s", Binary)
	}
	var items []types.PluginItem
	for _, entry := range entries {
		items = append(items, types.PluginItem{Name: entry.Name, Location: "file://" + binary, Args: entry.Args})
	}
	list, err := yaml.Marshal(items)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "tmp"), 0o700); err != nil {
		return err
	}
	os.Setenv(Binary, binary)
	os.Setenv("TMPDIR", filepath.Join(folder, "tmp"))
	if err := os.Chdir(folder); err != nil {
		return err
	}
	kube := fake.NewSimpleClientset(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: defaults.DefaultRolloutsConfigMapName, Namespace: defaults.Namespace()},
		Data:       map[string]string{"metricProviderPlugins": string(list)},
	})
	if _, err := config.InitializeConfig(kube, defaults.DefaultRolloutsConfigMapName); err != nil {
		return err
	}
	return plugin.DownloadPlugins(plugin.FileDownloaderImpl{}, kube)
}
