// Package grpc is the host's side of the plugin's second protocol, through go-plugin's own gRPC client: what a
// controller would do that offers protocol version 2. Runs, metrics and measurements go over the wire in upstream's own
// encoding.
package grpc

import (
	"context"
	"errors"
	"fmt"

	goplugin "github.com/hashicorp/go-plugin"
	googlegrpc "google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/metric"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
)

// Plugin makes a Provider of go-plugin's connection.
type Plugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (Plugin) GRPCServer(*goplugin.GRPCBroker, *googlegrpc.Server) error {
	return errors.New("this is the host's side")
}

func (Plugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *googlegrpc.ClientConn) (any, error) {
	return &Provider{conn}, nil
}

// Provider answers as rpc.MetricsPluginRPC, which speaks the first protocol, down to the words for errors.
type Provider struct{ conn *googlegrpc.ClientConn }

var _ rpc.MetricProviderPlugin = &Provider{}

func (p *Provider) InitPlugin() types.RpcError {
	return p.outcome("InitPlugin", fields{})
}

func (p *Provider) Run(run *v1alpha1.AnalysisRun, m v1alpha1.Metric) v1alpha1.Measurement {
	return p.measure("Run", "run", run, fields{"metric": &m})
}

func (p *Provider) Resume(run *v1alpha1.AnalysisRun, m v1alpha1.Metric, before v1alpha1.Measurement) v1alpha1.Measurement {
	return p.measure("Resume", "resume", run, fields{"metric": &m, "measurement": &before})
}

func (p *Provider) Terminate(run *v1alpha1.AnalysisRun, m v1alpha1.Metric, before v1alpha1.Measurement) v1alpha1.Measurement {
	return p.measure("Terminate", "terminate", run, fields{"metric": &m, "measurement": &before})
}

func (p *Provider) GarbageCollect(run *v1alpha1.AnalysisRun, m v1alpha1.Metric, limit int) types.RpcError {
	return p.outcome("GarbageCollect", with(run, fields{"metric": &m, "limit": int64(limit)}))
}

func (p *Provider) Type() string {
	answer, err := p.call("Type", fields{})
	if err != nil {
		return "Type rpc call error: " + err.Error()
	}
	return text(answer, "type")
}

func (p *Provider) GetMetadata(m v1alpha1.Metric) map[string]string {
	metadata := map[string]string{}
	answer, err := p.call("GetMetadata", fields{"metric": &m})
	if err != nil {
		metadata["error"] = "GetMetadata rpc call error: " + err.Error()
		return metadata
	}
	entries := answer.Get(answer.Descriptor().Fields().ByName("metadata")).Map()
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		metadata[key.String()] = value.String()
		return true
	})
	return metadata
}

// measure is a call that is answered with a measurement, which upstream's own decoder reads.
func (p *Provider) measure(method protoreflect.Name, act string, run *v1alpha1.AnalysisRun, values fields) (measured v1alpha1.Measurement) {
	answer, err := p.call(method, with(run, values))
	if err == nil {
		var bytes []byte
		if bytes, err = proto.Marshal(answer); err == nil {
			err = measured.Unmarshal(bytes)
		}
	}
	if err != nil {
		return metric.MarkMeasurementError(v1alpha1.Measurement{}, fmt.Errorf("%s rpc call error: %w", method, err))
	}
	if measured.Phase == v1alpha1.AnalysisPhaseError {
		measured.Message = fmt.Sprintf("failed to %s via plugin: %s", act, measured.Message)
	}
	return measured
}

// outcome is a call that is answered with a refusal or none.
func (p *Provider) outcome(method protoreflect.Name, values fields) types.RpcError {
	answer, err := p.call(method, values)
	if err != nil {
		return types.RpcError{ErrorString: fmt.Sprintf("%s rpc call error: %s", method, err)}
	}
	return types.RpcError{ErrorString: text(answer, "error")}
}

func (p *Provider) call(method protoreflect.Name, values fields) (*dynamicpb.Message, error) {
	service, err := service()
	if err != nil {
		return nil, err
	}
	found := service.Methods().ByName(method)
	if found == nil {
		return nil, fmt.Errorf("expected a method %s in %s, found none", method, service.FullName())
	}
	request, answer := dynamicpb.NewMessage(found.Input()), dynamicpb.NewMessage(found.Output())
	if err := fill(request, values); err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/%s/%s", service.FullName(), method)
	return answer, p.conn.Invoke(context.Background(), path, request, answer)
}

// with adds the run, where there is one.
func with(run *v1alpha1.AnalysisRun, values fields) fields {
	if run != nil {
		values["analysisRun"] = run
	}
	return values
}

func text(message *dynamicpb.Message, field protoreflect.Name) string {
	return message.Get(message.Descriptor().Fields().ByName(field)).String()
}
