package grpc

import (
	"os/exec"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
)

// name is the controller's for the plugin that it dispenses.
const name = "RpcMetricProviderPlugin"

// Launched is a plugin's process and its provider. The caller kills the client.
type Launched struct {
	rpc.MetricProviderPlugin
	Protocol goplugin.ClientProtocol
	Client   *goplugin.Client
	Cmd      *exec.Cmd
}

// Launch starts a binary as a controller would that offers protocol version 2 = gRPC and, if both is set, version 1 =
// net/rpc as well, and initialises it.
func Launch(binary string, both bool, args ...string) (Launched, error) {
	cmd := exec.Command(binary, args...)
	offered := map[int]goplugin.PluginSet{2: {name: &Plugin{}}}
	if both {
		offered[1] = goplugin.PluginSet{name: &rpc.RpcMetricProviderPlugin{}}
	}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: "metricprovider",
		},
		VersionedPlugins: offered,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolNetRPC, goplugin.ProtocolGRPC},
		Cmd:              cmd,
	})
	launched, err := dispense(client, cmd)
	if err != nil {
		client.Kill()
	}
	return launched, err
}

func dispense(client *goplugin.Client, cmd *exec.Cmd) (Launched, error) {
	protocol, err := client.Client()
	if err != nil {
		return Launched{}, err
	}
	dispensed, err := protocol.Dispense(name)
	if err != nil {
		return Launched{}, err
	}
	provider := dispensed.(rpc.MetricProviderPlugin)
	if refused := provider.InitPlugin(); refused.HasError() {
		return Launched{}, refused
	}
	return Launched{provider, protocol, client, cmd}, nil
}
