package cluster

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"promql-guard/tests/cluster/plane"
)

// stage is what the scripts of a folder play on.
type stage struct {
	plane   *plane.Plane
	version string
}

// setup gives a script a namespace of its own, named after it, which is kubectl's default; and in its environment NAMESPACE,
// EXAMPLES (the folder of the tutorial), PROMETHEUS (the server's address) and LOGS (the folder of what the programs write).
func (s stage) setup(env *testscript.Env) error {
	examples, err := filepath.Abs("../../examples/silent-canary")
	if err != nil {
		return err
	}
	namespace := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")
	kubeconfig := filepath.Join(env.WorkDir, ".kubeconfig")
	admin, err := os.ReadFile(s.plane.Kubeconfig)
	if err != nil {
		return err
	}
	own := bytes.Replace(admin, []byte("context: {"), []byte("context: {namespace: "+namespace+", "), 1)
	if err := os.WriteFile(kubeconfig, own, 0o600); err != nil {
		return err
	}
	env.Setenv("PATH", s.plane.Path+":"+os.Getenv("PATH"))
	env.Setenv("KUBECONFIG", kubeconfig)
	env.Setenv("KUBECACHEDIR", filepath.Dir(s.plane.Kubeconfig)+"/kubectl")
	env.Setenv("NAMESPACE", namespace)
	env.Setenv("EXAMPLES", examples)
	env.Setenv("PROMETHEUS", s.plane.Prometheus)
	env.Setenv("LOGS", filepath.Dir(s.plane.Kubeconfig))
	_, err = s.plane.Kubectl(nil, "create", "namespace", namespace)
	return err
}

// condition knows `v1.8` and its like: the release of Argo Rollouts is of that minor.
func (s stage) condition(name string) (bool, error) {
	if !strings.HasPrefix(name, "v1.") {
		return false, fmt.Errorf("no condition is called %s", name)
	}
	return strings.HasPrefix(s.version, name+"."), nil
}

type command = func(*testscript.TestScript, bool, []string)

func (s stage) commands() map[string]command {
	return map[string]command{
		"apply":   apply,
		"await":   s.await,
		"halt":    s.halt,
		"hashes":  s.hashes,
		"picture": picture,
		"restart": s.restart,
		"runs":    s.runs,
	}
}

// apply [-built-in] [-with SETTING]... FILE|FOLDER applies a manifest, or what kustomize makes of a folder, with the address of
// this cluster's Prometheus in place of the tutorial's. With -built-in the gates are the built-in provider's, as the README moves
// one the other way: by renaming its key. Each SETTING, such as `noDataFor: 20s`, is one more of the gates.
func apply(ts *testscript.TestScript, neg bool, args []string) {
	var settings []string
	builtIn := false
	for len(args) > 1 {
		switch args[0] {
		case "-built-in":
			builtIn = true
			args = args[1:]
		case "-with":
			settings = append(settings, args[1])
			args = args[2:]
		default:
			ts.Fatalf("apply: unknown argument `%s`", args[0])
		}
	}
	source := ts.MkAbs(args[0])
	manifest := ""
	if info, err := os.Stat(source); err == nil && info.IsDir() {
		ts.Check(ts.Exec("kubectl", "kustomize", source))
		manifest = ts.ReadFile("stdout")
	} else {
		manifest = ts.ReadFile(source)
	}
	manifest = strings.ReplaceAll(manifest, inCluster, ts.Getenv("PROMETHEUS"))
	for _, setting := range settings {
		manifest = ours.ReplaceAllString(manifest, "$1$2$3\n${4}"+setting+"\n$4")
	}
	if builtIn {
		manifest = ours.ReplaceAllString(manifest, "${1}prometheus:\n$4")
	}
	path := ts.MkAbs(".applied.yaml")
	ts.Check(os.WriteFile(path, []byte(manifest), 0o600))
	if err := ts.Exec("kubectl", "apply", "-f", path); (err != nil) != neg {
		ts.Fatalf("kubectl apply: %v", err)
	}
}

// inCluster is the address that the tutorial's templates name.
const inCluster = "http://prometheus-server.prometheus.svc.cluster.local"

// ours is the beginning of a gate's settings: the provider's indentation, both keys, and the indentation of the settings.
var ours = regexp.MustCompile(`(?m)^( *)(plugin:\n)( *promql-guard/promql-guard:)\n( *)`)

// await rollout NAME PHASE [WITHIN] waits until the controller has seen the Rollout as it is and it is in that phase.
// await run PHASE [WITHIN] waits for the phase of the newest AnalysisRun.
// await measurement METRIC PATTERN [WITHIN] waits until a measurement of that metric, in the newest AnalysisRun that has one, reads
// like `Running no-data/no-traffic no data: …`.
// WITHIN is 3m without it.
func (s stage) await(ts *testscript.TestScript, neg bool, args []string) {
	words := map[string]int{"rollout": 3, "run": 2, "measurement": 3}[at(args, 0)]
	if neg || words == 0 || len(args) < words || len(args) > words+1 {
		ts.Fatalf("usage: await rollout NAME PHASE|run PHASE|measurement METRIC PATTERN [WITHIN]")
	}
	within, err := time.ParseDuration(cmp.Or(at(args, words), "3m"))
	ts.Check(err)
	found := ""
	var wanted func() bool
	switch args[0] {
	case "rollout":
		wanted = func() bool {
			rollout, err := s.plane.Rollout(ts.Getenv("NAMESPACE"), args[1])
			found = fmt.Sprint(rollout.Phase, " ", err)
			return err == nil && rollout.Observed() && rollout.Phase == args[2]
		}
	case "run":
		wanted = func() bool {
			runs, err := s.plane.Runs(ts.Getenv("NAMESPACE"))
			if err != nil || len(runs) == 0 {
				found = fmt.Sprint("no run ", err)
				return false
			}
			found = runs[len(runs)-1].Status.Phase
			return found == args[1]
		}
	case "measurement":
		pattern, err := regexp.Compile(args[2])
		ts.Check(err)
		wanted = func() bool {
			runs, err := s.plane.Runs(ts.Getenv("NAMESPACE"))
			found = fmt.Sprint("no measurement ", err)
			for i := len(runs) - 1; i >= 0; i-- {
				for _, metric := range runs[i].Status.MetricResults {
					if metric.Name != args[1] {
						continue
					}
					for _, one := range metric.Measurements {
						if found = one.String(); pattern.MatchString(found) {
							return true
						}
					}
					return false
				}
			}
			return false
		}
	}
	for deadline := time.Now().Add(within); !wanted(); time.Sleep(250 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = ts.Exec("kubectl", "argo", "rollouts", "list", "rollouts")
			s.runs(ts, false, nil)
			ts.Fatalf("await %s: not within %s; found %s", strings.Join(args, " "), within, found)
		}
	}
}

func at(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// hashes NAME puts the hashes of the pods into the environment: CANARY and STABLE.
func (s stage) hashes(ts *testscript.TestScript, _ bool, args []string) {
	rollout, err := s.plane.Rollout(ts.Getenv("NAMESPACE"), at(args, 0))
	ts.Check(err)
	ts.Setenv("CANARY", rollout.Canary)
	ts.Setenv("STABLE", rollout.Stable)
}

// runs prints all AnalysisRuns of the namespace, the oldest first, as
//
//	revision 2, step 1: Failed: Metric "errors" assessed Failed due to failed (1) > failureLimit (0): …
//	  errors: Failed
//	    Successful data [0.01]
//	    Failed data [0.2]: successCondition "result[0] < 0.05" is false: …
func (s stage) runs(ts *testscript.TestScript, _ bool, _ []string) {
	runs, err := s.plane.Runs(ts.Getenv("NAMESPACE"))
	ts.Check(err)
	for _, run := range runs {
		fmt.Fprint(ts.Stdout(), run)
	}
}

// picture NAME prints what `kubectl argo rollouts get rollout NAME` shows, without the column AGE and with pods' random ends as
// `xxxxx`: the same each time.
func picture(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("kubectl", "argo", "rollouts", "get", "rollout", at(args, 0), "--no-color"))
	lines := strings.Split(ts.ReadFile("stdout"), "\n")
	var from, to int
	for i, line := range lines {
		if column := strings.Index(line, "  AGE"); strings.HasPrefix(line, "NAME ") && column > 0 {
			from, to = column, strings.Index(line, "INFO")
		}
		if cells := []rune(line); from > 0 {
			line = string(cells[:min(from, len(cells))]) + "  " + string(cells[min(to, len(cells)):])
		}
		lines[i] = strings.TrimRight(randomEnd.ReplaceAllString(line, "$1-xxxxx "), " ")
	}
	fmt.Fprint(ts.Stdout(), strings.Join(lines, "\n"))
}

var randomEnd = regexp.MustCompile(`(□ \S+)-[a-z0-9]{5} `)

// halt prometheus|controller|plugin ends that program, the plugin without a warning.
func (s stage) halt(ts *testscript.TestScript, _ bool, args []string) {
	if at(args, 0) == "plugin" {
		ts.Check(s.plane.KillPlugin())
		return
	}
	s.plane.Stop(at(args, 0))
}

// restart prometheus|controller starts that program again, and ends it first where it runs.
func (s stage) restart(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(s.plane.Restart(at(args, 0)))
}

// scripts is a testing.T as testscript wants it, whose scripts run all at once or, where they end programs, in turn.
type scripts struct {
	*testing.T
	inTurn bool
}

func (s scripts) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(scripts{t, s.inTurn}) })
}

func (s scripts) Parallel() {
	if !s.inTurn {
		s.T.Parallel()
	}
}

func (scripts) Verbose() bool { return testing.Verbose() }
