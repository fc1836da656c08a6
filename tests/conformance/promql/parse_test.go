// Package promql asks the built binary and Prometheus's own parser what queries are.
//
// A module of its own: Argo Rollouts and Prometheus want other versions of what both import.
package promql

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// The queries: a committed selection, and the corpus where a checkout has it beside it.
var lists = []string{"../../it/data/promql.json", "../../../../shared/corpus/promql.json"}

type answer struct {
	OK        bool   `json:"ok"`
	Type      string `json:"type"`
	Canonical string `json:"canonical"`
	Error     string `json:"error"`
}

func queries(t *testing.T) []string {
	var found []string
	for n, list := range lists {
		text, err := os.ReadFile(filepath.FromSlash(list))
		if os.IsNotExist(err) && n > 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var entries []struct{ Input string }
		if err := json.Unmarshal(text, &entries); err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		for _, entry := range entries {
			found = append(found, entry.Input)
		}
	}
	return found
}

func ours(t *testing.T, features string, queries []string) []answer {
	var asked bytes.Buffer
	lines := json.NewEncoder(&asked)
	for _, query := range queries {
		if err := lines.Encode(map[string]string{"query": query}); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(os.Getenv("PROMQL_GUARD"), "parse", "--ndjson", "--features", features)
	command.Stdin, command.Stderr = &asked, os.Stderr
	said, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	scanner := bufio.NewScanner(bytes.NewReader(said))
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var one answer
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, one)
	}
	if len(answers) != len(queries) {
		t.Fatalf("expected %d answers, found %d", len(queries), len(answers))
	}
	return answers
}

func theirs(options parser.Options, query string) answer {
	expr, err := parser.NewParser(options).ParseExpr(query)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Type: string(expr.Type()), Canonical: expr.String()}
}

func TestQueriesAreWhatPrometheusSays(t *testing.T) {
	if os.Getenv("PROMQL_GUARD") == "" {
		t.Fatal("expected the path of the binary in PROMQL_GUARD, found none")
	}
	queries := queries(t)
	for features, options := range map[string]parser.Options{
		"stock": {},
		"all": {
			EnableExperimentalFunctions: true,
			EnableBinopFillModifiers:    true,
			EnableUnquotedUTF8Names:     true,
		},
	} {
		t.Run(features, func(t *testing.T) {
			accepted := 0
			for n, found := range ours(t, features, queries) {
				expected := theirs(options, queries[n])
				if expected.OK {
					accepted++
				}
				if found.OK != expected.OK || found.Type != expected.Type || found.Canonical != expected.Canonical {
					t.Errorf("%q: expected %+v, found %+v", queries[n], expected, found)
				}
			}
			t.Logf("%d queries, %d of them accepted", len(queries), accepted)
		})
	}
}
