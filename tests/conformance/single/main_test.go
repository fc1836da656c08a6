// Package single holds single measurements of the plugin against the built-in provider's, row by row.
package single

import (
	"os"
	"testing"

	"promql-guard/tests/conformance/host"
)

// The processes that the rows are asked of. An entry whose environment matters is asked first while it is set.
var (
	withAddress    = host.Entry{Name: "promql-guard/with-address"}
	withBadAddress = host.Entry{Name: "promql-guard/with-bad-address"}
)

func TestMain(m *testing.M) {
	os.Unsetenv(addressVariable)
	host.Main(m, keepAnswers, host.Plain, withAddress, withBadAddress, signs)
}
