package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// figure is one line of the table.
type figure struct {
	name, unit   string
	ours, theirs float64
	// target is the ratio to reach, empty if none is set.
	target string
}

var heads = []string{"figure", "promql-guard", "built-in provider as Go plugin", "ratio", "target"}

// tell writes the figures, aligned for the eye or as Markdown, with what they were measured on.
func tell(w io.Writer, o options, figures []figure) {
	if o.markdown {
		fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
		for _, f := range figures {
			fmt.Fprintf(w, "| %s |\n", strings.Join(f.cells(), " | "))
		}
	} else {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, strings.Join(heads, "\t"))
		for _, f := range figures {
			fmt.Fprintln(table, strings.Join(f.cells(), "\t"))
		}
		table.Flush()
	}
	fmt.Fprintf(w, "\n%d measurements a plugin and number at once in %d rounds, %d starts; %s\n", o.measurements, o.rounds, o.execs, machine())
}

func (f figure) cells() []string {
	number := func(value float64) string {
		if value < 100 {
			return strings.TrimSpace(fmt.Sprintf("%.2f %s", value, f.unit))
		}
		return strings.TrimSpace(fmt.Sprintf("%.0f %s", value, f.unit))
	}
	return []string{f.name, number(f.ours), number(f.theirs), f.ratio(), f.target}
}

// ratio is ours to theirs, written as a fraction where it is well under 1, as the targets are.
func (f figure) ratio() string {
	ratio := f.ours / f.theirs
	if ratio > 0 && ratio < 0.5 {
		return fmt.Sprintf("1/%.1f", 1/ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

// machine describes what the figures were measured on.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for _, line := range strings.Split(string(text), "\n") {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores of %s, %s/%s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
