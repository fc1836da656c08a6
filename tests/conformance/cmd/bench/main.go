// Command bench measures two metric plugins in one go, the plugin and the built-in provider wrapped as one
// (cmd/builtin), against one small server (cmd/fakeprom), and prints both figures and their ratio. The two take turns in
// rounds, so that what else the machine does falls on both.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// options are the command's flags.
type options struct {
	ours, theirs, server string
	measurements         int
	rounds, execs        int
	markdown             bool
}

func main() {
	var o options
	flag.StringVar(&o.ours, "ours", "", "path of promql-guard")
	flag.StringVar(&o.theirs, "theirs", "", "path of the built-in provider as a plugin (cmd/builtin)")
	flag.StringVar(&o.server, "server", "", "path of cmd/fakeprom")
	flag.IntVar(&o.measurements, "measurements", 3000, "measurements a plugin and number at once; 20000 for figures to judge by, as CPU time is counted in ticks of 10 ms")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds in which the two take turns")
	flag.IntVar(&o.execs, "execs", 61, "starts of each plugin; the median counts")
	flag.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flag.Parse()
	hclog.DefaultOutput = io.Discard
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	address, stop, err := serve(o.server)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer stop()
	starts, err := handshakes(o)
	if err != nil {
		return fmt.Errorf("start a plugin: %w", err)
	}
	ours, err := launch(o.ours, address)
	if err != nil {
		return fmt.Errorf("start %s: %w", o.ours, err)
	}
	defer ours.Client.Kill()
	theirs, err := launch(o.theirs, address)
	if err != nil {
		return fmt.Errorf("start %s: %w", o.theirs, err)
	}
	defer theirs.Client.Kill()
	figures := []figure{starts}
	idle, err := idleMemory(ours, theirs)
	if err != nil {
		return err
	}
	figures = append(figures, idle)
	for _, workers := range []int{1, 8, 30} {
		loads, err := takeTurns(o, workers, plain.name, ours, theirs)
		if err != nil {
			return err
		}
		figures = append(figures, loads...)
	}
	for _, how := range guarded {
		asking, err := ours.asking(how, address)
		if err != nil {
			return fmt.Errorf("ask%s: %w", how.name, err)
		}
		for _, workers := range []int{1, 30} {
			loads, err := takeTurns(o, workers, how.name, asking, theirs)
			if err != nil {
				return err
			}
			figures = append(figures, loads...)
		}
	}
	tell(os.Stdout, o, figures)
	return nil
}

// serve starts the server and reads its address.
func serve(path string) (address string, stop func(), err error) {
	cmd := exec.Command(path)
	input, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		input.Close()
		cmd.Wait()
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	return strings.TrimSpace(line), stop, err
}
