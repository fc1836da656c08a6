package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// The table stands between these in README.md.
const (
	begins = "<!-- scenarios -->"
	ends   = "<!-- /scenarios -->"
)

// row is one line of the table.
type row struct{ name, builtin, off, observe, enforce string }

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

// expectedRow is a scenario's row as README.md has it.
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

// TestReadme: the table in README.md is the one that the scenarios make.
func TestReadme(t *testing.T) {
	scenarios, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, s := range scenarios {
		made, err := expectedRow(s)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, made)
	}
	path := filepath.Join(here, "../../../README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(readme), begins+"\n")
	_, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		t.Logf("README.md has no %s and %s", begins, ends)
		return
	}
	whole := before + begins + "\n" + table(rows) + ends + after
	if whole == string(readme) {
		return
	}
	if !*update {
		t.Fatalf("expected README.md's table to be that of scenarios.yaml; run this package's tests with -update\n%s", table(rows))
	}
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}
