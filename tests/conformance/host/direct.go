package host

import (
	"os"
	"os/exec"
	"testing"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
)

// Direct is a plugin process of the test's own, where the controller's client hides what is to be looked at.
type Direct struct {
	rpc.MetricProviderPlugin
	Client *goplugin.Client
	Cmd    *exec.Cmd
}

// Start runs the binary under test with the controller's client configuration (metricproviders/plugin/client) and
// initialises it. The process ends with the test.
func Start(t testing.TB, args ...string) Direct {
	t.Helper()
	direct, err := Launch(os.Getenv(Binary), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(direct.Client.Kill)
	return direct
}

// Launch is Start for any binary, without a test. The caller kills the client.
func Launch(binary string, args ...string) (Direct, error) {
	cmd := exec.Command(binary, args...)
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: "metricprovider",
		},
		Plugins: map[string]goplugin.Plugin{"RpcMetricProviderPlugin": &rpc.RpcMetricProviderPlugin{}},
		Cmd:     cmd,
		Managed: true,
	})
	protocol, err := client.Client()
	if err != nil {
		return Direct{}, err
	}
	dispensed, err := protocol.Dispense("RpcMetricProviderPlugin")
	if err != nil {
		client.Kill()
		return Direct{}, err
	}
	plugin := dispensed.(rpc.MetricProviderPlugin)
	if failed := plugin.InitPlugin(); failed.HasError() {
		client.Kill()
		return Direct{}, failed
	}
	return Direct{plugin, client, cmd}, nil
}
