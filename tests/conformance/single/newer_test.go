package single

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// The plugin answers as the newest controller's built-in provider does; an older one holds an older condition language.
// So the run at the newest version writes the built-in provider's phases to the file that writeAnswers names, and a run
// at an older version, given the file in newerAnswers, leaves out what its own built-in provider answers otherwise.
const (
	writeAnswers = "CONFORMANCE_WRITE_ANSWERS"
	newerAnswers = "CONFORMANCE_NEWER_ANSWERS"
)

type answers map[string]v1alpha1.AnalysisPhase

var (
	written  = answers{}
	readOnce = sync.OnceValues(readNewer)
	leftOut  int
)

// alikeInNewest keeps the built-in provider's phase for a row, and says whether the newest one's is the same.
func alikeInNewest(row string, phase v1alpha1.AnalysisPhase) (bool, error) {
	written[row] = phase
	newer, err := readOnce()
	if err != nil || newer == nil {
		return err == nil, err
	}
	newest, known := newer[row]
	if !known {
		return false, fmt.Errorf("expected row %q among the newest version's answers, found none; write them anew with %s", row, writeAnswers)
	}
	if newest != phase {
		leftOut++
	}
	return newest == phase, nil
}

// readNewer is nil without a file: every row is then compared.
func readNewer() (answers, error) {
	path := os.Getenv(newerAnswers)
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	newer := answers{}
	return newer, json.Unmarshal(text, &newer)
}

// keepAnswers ends a run: it writes the file and tells what was left out.
func keepAnswers() error {
	if leftOut > 0 {
		fmt.Printf("%d of %d rows not compared: this version's built-in provider answers otherwise than the newest\n", leftOut, len(written))
	}
	path := os.Getenv(writeAnswers)
	if path == "" {
		return nil
	}
	text, err := json.Marshal(written)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
