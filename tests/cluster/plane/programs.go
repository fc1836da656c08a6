package plane

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Programs are the paths of what a control plane consists of, by name.
type Programs map[string]string

// Find asks tests/tools/cluster and tests/tools/prometheus, which build what is not there.
func Find() (Programs, error) {
	_, here, _, _ := runtime.Caller(0)
	tools := filepath.Join(filepath.Dir(here), "../../tools")
	found := Programs{}
	lines, err := ask(filepath.Join(tools, "cluster"))
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(lines, "\n") {
		name, path, _ := strings.Cut(line, " ")
		found[name] = path
	}
	if found["prometheus"] = os.Getenv("PROMETHEUS_BIN"); found["prometheus"] == "" {
		if found["prometheus"], err = ask(filepath.Join(tools, "prometheus")); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func ask(tool string) (string, error) {
	command := exec.Command(tool)
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w; its last lines are above", tool, err)
	}
	return strings.TrimSpace(string(said)), nil
}
