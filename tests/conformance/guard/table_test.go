package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// A table stands between these in each document.
const (
	begins = "<!-- scenarios -->"
	ends   = "<!-- /scenarios -->"
)

// The documents that have one, from the root of the repository.
const (
	readmePath = "README.md"
	allPath    = "docs/scenarios.md"
)

// row is one line of the table.
type row struct{ name, builtin, off, observe, enforce string }

// short is README.md's table: what an author moves from and to.
func short(rows []row) string {
	var lines strings.Builder
	lines.WriteString("| scenario | built-in | promql-guard |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&lines, "| %s | %s | %s |\n", strings.ReplaceAll(r.name, "|", `\|`), r.builtin, r.enforce)
	}
	return lines.String()
}

func table(rows []row) string {
	var lines strings.Builder
	lines.WriteString("| scenario | built-in | off | observe (would be) | enforce |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&lines, "| %s | %s | %s | %s | %s |\n", strings.ReplaceAll(r.name, "|", `\|`), r.builtin, r.off, r.observe, r.enforce)
	}
	return lines.String()
}

func makeRow(name string, builtin, off, observed, would, first, last v1alpha1.AnalysisPhase, outcome string) row {
	enforced := string(first)
	if last != first {
		enforced = fmt.Sprintf("waits, then %s", last)
	}
	return row{name, string(builtin), string(off), fmt.Sprintf("%s (%s)", observed, would), fmt.Sprintf("%s: `%s`", enforced, outcome)}
}

// expectedRow is a scenario's row as the documents have it.
func expectedRow(s scenario) (row, error) {
	want, err := s.on(false)
	if err != nil {
		return row{}, err
	}
	made := makeRow(s.Name, want.Builtin, want.off(), want.off(), want.final(), want.Enforce, want.final(), want.Outcome)
	older, err := s.on(true)
	if err != nil || s.Older == nil {
		return made, err
	}
	there := makeRow(s.Name, older.Builtin, older.off(), older.off(), older.final(), older.Enforce, older.final(), older.Outcome)
	return row{made.name, both(made.builtin, there.builtin), both(made.off, there.off), both(made.observe, there.observe), both(made.enforce, there.enforce)}, nil
}

// both is a cell where the older server's may differ.
func both(newer, older string) string {
	if newer == older {
		return newer
	}
	return fmt.Sprintf("%s; Prometheus 2: %s", newer, older)
}

// foundRow is a scenario's row as it was measured.
func foundRow(s scenario, said answer) row {
	first := said.measured[enforce]
	last := first
	if said.end != nil {
		last = *said.end
	}
	observed := said.measured[observe]
	return makeRow(s.ID+" "+s.Name, said.measured[builtin].Phase, said.measured[off].Phase, observed.Phase,
		v1alpha1.AnalysisPhase(observed.Metadata["wouldBe"]), first.Phase, last.Phase, first.Metadata["outcome"])
}

// TestReadme: the tables in README.md and docs/scenarios.md are those that the scenarios make.
func TestReadme(t *testing.T) {
	scenarios, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var all, chosen []row
	for _, s := range scenarios {
		made, err := expectedRow(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, made)
		if s.Readme {
			chosen = append(chosen, made)
		}
	}
	holds(t, readmePath, short(chosen))
	holds(t, allPath, table(all))
}

// holds fails where a document has another table, or none; with -update it is written.
func holds(t *testing.T, document, table string) {
	t.Helper()
	path := filepath.Join(here, "../../..", document)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), begins+"\n")
	_, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		t.Fatalf("expected %s to have a place for the table, %s and %s", document, begins, ends)
	}
	whole := before + begins + "\n" + table + ends + after
	if whole == string(text) {
		return
	}
	if !*update {
		t.Fatalf("expected the table of %s to be that of scenarios.yaml; run this package's tests with -update\n%s", document, table)
	}
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}
