package promql

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// The mean of real queries, as benches/parse.rs takes it.
func BenchmarkQueries(b *testing.B) {
	text, err := os.ReadFile("../../../benches/queries.txt")
	if err != nil {
		b.Fatal(err)
	}
	queries := strings.Split(strings.TrimRight(string(text), "\n"), "\n---\n")[1:]
	prometheus := parser.NewParser(parser.Options{})
	for b.Loop() {
		for _, query := range queries {
			if _, err := prometheus.ParseExpr(query); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(queries)), "ns/query")
}
