package grpc

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// service is the provider's service as proto/metric_provider.proto describes it. It is compiled here, by another
// compiler than the plugin's, so no generated code is kept.
var service = sync.OnceValues(func() (protoreflect.ServiceDescriptor, error) {
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), "..", "..", "..", "proto")
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{folder}}}
	files, err := compiler.Compile(context.Background(), "metric_provider.proto")
	if err != nil {
		return nil, err
	}
	found := files[0].Services().ByName("MetricProvider")
	if found == nil {
		return nil, fmt.Errorf("expected a service MetricProvider in %s, found none", files[0].Path())
	}
	return found, nil
})

// object is one of upstream's objects, which encode themselves as generated.proto says.
type object interface{ Marshal() ([]byte, error) }

// fields are a request's, by name. An object comes in upstream's own bytes, of which the plugin's schema knows a part.
type fields map[protoreflect.Name]any

// fill sets the fields of a request.
func fill(request *dynamicpb.Message, values fields) error {
	for name, value := range values {
		field := request.Descriptor().Fields().ByName(name)
		if field == nil {
			return fmt.Errorf("expected a field %s in %s, found none", name, request.Descriptor().FullName())
		}
		switch value := value.(type) {
		case object:
			bytes, err := value.Marshal()
			if err != nil {
				return err
			}
			if err := proto.Unmarshal(bytes, request.Mutable(field).Message().Interface()); err != nil {
				return fmt.Errorf("read upstream's %s as %s: %w", name, field.Message().FullName(), err)
			}
		case int64:
			request.Set(field, protoreflect.ValueOfInt64(value))
		default:
			return fmt.Errorf("field %s: no way to send a %T", name, value)
		}
	}
	return nil
}
