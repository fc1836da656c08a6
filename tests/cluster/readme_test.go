package cluster

import (
	"os"
	"regexp"
	"testing"

	"golang.org/x/tools/txtar"
)

var shown = regexp.MustCompile("(?s)(<!-- tests/cluster/(\\S+): (\\S+) -->\n```\n)(.*?)(```\n)")

// TestReadme: what README.md shows of a scenario is what that scenario expects.
func TestReadme(t *testing.T) {
	const path = "../../README.md"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	held := shown.ReplaceAllStringFunc(string(readme), func(block string) string {
		found++
		parts := shown.FindStringSubmatch(block)
		archive, err := txtar.ParseFile(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == parts[3] {
				return parts[1] + string(file.Data) + parts[5]
			}
		}
		t.Fatalf("%s shows %s of %s, which has no such file", path, parts[3], parts[2])
		return ""
	})
	if found == 0 {
		t.Fatalf("%s shows no scenario", path)
	}
	if held == string(readme) {
		return
	}
	if !*update {
		t.Fatalf("%s shows another picture than the scenario has; write it anew: tests/cluster/run -run TestReadme -update", path)
	}
	if err := os.WriteFile(path, []byte(held), 0o644); err != nil {
		t.Fatal(err)
	}
}
