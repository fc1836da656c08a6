// Package plane runs a Kubernetes control plane without kubelets, with Argo Rollouts in it, as programs of this machine: etcd,
// the API server, the controller manager and the scheduler; kwok in place of nodes and their pods; the unmodified Rollouts
// controller, which loads the plugin as its ConfigMap says; kube-state-metrics; an exporter in place of the pods' own metrics;
// and a Prometheus that scrapes both.
//
// All is at 127.0.0.1, but for the controller's metrics and health, for which it has no flag. The controller does not run as an
// administrator: it has the service account and the roles of upstream's install.yaml and no more, so that what works here
// needs no more.
package plane

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

//go:embed nodes.yaml
var nodes []byte

// Plane is a control plane that runs.
type Plane struct {
	// Kubeconfig is an administrator's.
	Kubeconfig string
	// Prometheus is the server's address, with its scheme.
	Prometheus string
	// Path holds kubectl and its plugin.
	Path string

	folder    string
	programs  Programs
	rollouts  string
	api       *api
	app       *app
	processes []*process
}

// Start starts one in `folder`, with Argo Rollouts of a version such as v1.10.1, and the plugin registered by `config`, a
// ConfigMap. Until Close it is the caller's to end; where it fails, what was started is ended.
func Start(folder string, programs Programs, version string, config []byte) (*Plane, error) {
	rollouts, known := programs["argo-rollouts-"+version]
	if !known {
		return nil, fmt.Errorf("start a control plane: tests/tools/cluster builds no argo-rollouts-%s", version)
	}
	p := &Plane{
		Kubeconfig: folder + "/admin.kubeconfig",
		Path:       rollouts + ":" + filepath.Dir(programs["kubectl"]),
		folder:     folder,
		programs:   programs,
		rollouts:   rollouts,
	}
	for _, step := range []func() error{
		p.startKubernetes,
		func() error { return p.startRollouts(config) },
		p.startMonitoring,
	} {
		if err := step(); err != nil {
			p.Close()
			return nil, fmt.Errorf("start a control plane: %w", err)
		}
	}
	return p, nil
}

// Close ends everything, the last started first.
func (p *Plane) Close() {
	for i := len(p.processes) - 1; i >= 0; i-- {
		p.processes[i].stop()
	}
	if p.app != nil {
		p.app.close()
	}
}

// Stop ends one program: `prometheus` or `controller`.
func (p *Plane) Stop(name string) { p.find(name).stop() }

// Restart starts one program that was stopped, or stops it first.
func (p *Plane) Restart(name string) error {
	found := p.find(name)
	found.stop()
	return found.start()
}

// KillPlugin ends the controller's plugin without a warning.
func (p *Plane) KillPlugin() error {
	children := fmt.Sprintf("/proc/%[1]d/task/*/children", p.find("controller").command.Process.Pid)
	found, _ := filepath.Glob(children)
	for _, list := range found {
		said, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(said)) {
			var pid int
			if _, err := fmt.Sscan(child, &pid); err == nil {
				return syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	return fmt.Errorf("kill the plugin: the controller has no child; it starts one with the first measurement")
}

func (p *Plane) find(name string) *process {
	for _, one := range p.processes {
		if one.name == name {
			return one
		}
	}
	panic("no program is called " + name)
}

func (p *Plane) start(one *process) error {
	one.folder = p.folder
	p.processes = append(p.processes, one)
	return one.start()
}

func (p *Plane) startKubernetes() error {
	etcd, peers, apiPort := freePort(), freePort(), freePort()
	url := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	if err := p.start(&process{
		name: "etcd", program: p.programs["etcd"], answers: answers(url(etcd) + "/health"),
		args: []string{
			"--data-dir=" + p.folder + "/etcd", "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=" + url(etcd), "--advertise-client-urls=" + url(etcd),
			"--listen-peer-urls=" + url(peers), "--initial-advertise-peer-urls=" + url(peers), "--initial-cluster=default=" + url(peers),
		},
	}); err != nil {
		return err
	}

	certificate, key := p.folder+"/tls.crt", p.folder+"/tls.key"
	client, err := newAPI(fmt.Sprintf("https://127.0.0.1:%d", apiPort), certificate, key)
	if err != nil {
		return err
	}
	p.api = client
	tokens := p.folder + "/tokens.csv"
	if err := os.WriteFile(tokens, []byte(client.token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return err
	}
	if err := client.writeKubeconfig(p.Kubeconfig, client.token); err != nil {
		return err
	}
	if err := p.start(&process{
		name: "apiserver", program: p.programs["kube-apiserver"],
		answers: func() error { _, err := client.get("/readyz"); return err },
		args: []string{
			"--etcd-servers=" + url(etcd), "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", apiPort),
			"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
			"--tls-cert-file=" + certificate, "--tls-private-key-file=" + key,
			"--token-auth-file=" + tokens, "--authorization-mode=RBAC",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
		},
	}); err != nil {
		return err
	}

	if err := os.WriteFile(p.folder+"/nodes.yaml", nodes, 0o600); err != nil {
		return err
	}
	for _, one := range []*process{
		{
			name: "controller-manager", program: p.programs["kube-controller-manager"],
			answers: client.has("/api/v1/namespaces/default/serviceaccounts/default"),
			args: []string{
				"--kubeconfig=" + p.Kubeconfig, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", freePort()),
				"--leader-elect=false", "--service-account-private-key-file=" + key, "--root-ca-file=" + certificate,
			},
		},
		{
			name: "scheduler", program: p.programs["kube-scheduler"], answers: func() error { return nil },
			args: []string{
				"--kubeconfig=" + p.Kubeconfig, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", freePort()),
				"--leader-elect=false",
			},
		},
		{
			name: "kwok", program: p.programs["kwok"], answers: func() error { return nil },
			// Without leases the controller manager takes the nodes for dead.
			args: []string{
				"--kubeconfig=" + p.Kubeconfig, "--config=" + p.folder + "/nodes.yaml", "--manage-all-nodes=true",
				"--node-lease-duration-seconds=40", "--node-ip=127.0.0.1",
			},
		},
	} {
		if err := p.start(one); err != nil {
			return err
		}
	}
	return p.apply([]byte(`{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node", "labels": {"kubernetes.io/hostname": "node"}},
		"status": {"allocatable": {"cpu": "64", "memory": "256Gi", "pods": "1000"}, "capacity": {"cpu": "64", "memory": "256Gi", "pods": "1000"}}}`))
}

func (p *Plane) startRollouts(config []byte) error {
	const namespace = "argo-rollouts"
	if _, err := p.Kubectl(nil, "create", "namespace", namespace); err != nil {
		return err
	}
	if _, err := p.Kubectl(nil, "apply", "--namespace="+namespace, "--server-side", "--filename="+p.rollouts+"/install.yaml"); err != nil {
		return err
	}
	// The controller runs beside the cluster, where it can be ended and started.
	if _, err := p.Kubectl(nil, "delete", "deployment", "argo-rollouts", "--namespace="+namespace); err != nil {
		return err
	}
	if _, err := p.Kubectl(config, "apply", "--namespace="+namespace, "--server-side", "--force-conflicts", "--filename=-"); err != nil {
		return err
	}
	token, err := p.Kubectl(nil, "create", "token", "argo-rollouts", "--namespace="+namespace, "--duration=24h")
	if err != nil {
		return err
	}
	kubeconfig := p.folder + "/controller.kubeconfig"
	if err := p.api.writeKubeconfig(kubeconfig, strings.TrimSpace(string(token))); err != nil {
		return err
	}
	health := freePort()
	return p.start(&process{
		name: "controller", program: p.rollouts + "/rollouts-controller", env: []string{"POD_NAMESPACE=" + namespace},
		answers: answers(fmt.Sprintf("http://127.0.0.1:%d/healthz", health)),
		args: []string{
			"--kubeconfig=" + kubeconfig, "--leader-elect=false",
			fmt.Sprintf("--metricsport=%d", freePort()), fmt.Sprintf("--healthzPort=%d", health),
		},
	})
}

func (p *Plane) startMonitoring() error {
	app, err := startApp(p.api)
	if err != nil {
		return err
	}
	p.app = app
	metrics, server := freePort(), freePort()
	if err := p.start(&process{
		name: "kube-state-metrics", program: p.programs["kube-state-metrics"],
		answers: answers(fmt.Sprintf("http://127.0.0.1:%d/healthz", metrics)),
		args: []string{
			"--kubeconfig=" + p.Kubeconfig, "--host=127.0.0.1", fmt.Sprintf("--port=%d", metrics),
			"--telemetry-host=127.0.0.1", fmt.Sprintf("--telemetry-port=%d", freePort()),
			"--metric-labels-allowlist=pods=[rollouts-pod-template-hash]",
		},
	}); err != nil {
		return err
	}
	scrapes := fmt.Sprintf(`{"global": {"scrape_interval": "5s"}, "scrape_configs": [
		{"job_name": "kube-state-metrics", "honor_labels": true, "static_configs": [{"targets": ["127.0.0.1:%d"]}]},
		{"job_name": "podinfo", "honor_labels": true, "static_configs": [{"targets": ["%s"]}]}]}`, metrics, app.address)
	if err := os.WriteFile(p.folder+"/prometheus.yml", []byte(scrapes), 0o600); err != nil {
		return err
	}
	p.Prometheus = fmt.Sprintf("http://127.0.0.1:%d", server)
	return p.start(&process{
		name: "prometheus", program: p.programs["prometheus"], answers: answers(p.Prometheus + "/-/ready"),
		args: []string{
			"--config.file=" + p.folder + "/prometheus.yml", "--storage.tsdb.path=" + p.folder + "/prometheus",
			fmt.Sprintf("--web.listen-address=127.0.0.1:%d", server),
		},
	})
}

func (p *Plane) apply(manifest []byte) error {
	_, err := p.Kubectl(manifest, "apply", "--filename=-")
	return err
}

// Kubectl runs kubectl as an administrator, and returns what it says.
func (p *Plane) Kubectl(input []byte, args ...string) ([]byte, error) {
	var said, complained bytes.Buffer
	command := exec.Command(p.programs["kubectl"], append([]string{"--kubeconfig=" + p.Kubeconfig}, args...)...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &said, &complained
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(complained.Bytes()))
	}
	return said.Bytes(), nil
}

// answers asks over plain HTTP.
func answers(url string) func() error {
	return func() error {
		response, err := http.Get(url)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, response.Status)
		}
		return nil
	}
}

var location = regexp.MustCompile(`location: .*`)

// Located is a ConfigMap that names the plugin, at a path of this machine.
func Located(config []byte, plugin string) []byte {
	return location.ReplaceAllLiteral(config, []byte("location: file://"+plugin))
}
