package main

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// handshakes is the time from exec to the handshake line, the median of many starts.
func handshakes(o options) (figure, error) {
	var ours, theirs []time.Duration
	for range o.execs {
		for _, one := range []struct {
			path  string
			times *[]time.Duration
		}{{o.ours, &ours}, {o.theirs, &theirs}} {
			spent, err := handshake(one.path)
			if err != nil {
				return figure{}, err
			}
			*one.times = append(*one.times, spent)
		}
	}
	return figure{
		name: "exec to handshake line", unit: "ms", target: "1/10",
		ours: milliseconds(percentile(ours, 50)), theirs: milliseconds(percentile(theirs, 50)),
	}, nil
}

// handshake starts a plugin with go-plugin's environment, waits for its line, and kills it.
func handshake(path string) (time.Duration, error) {
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), "ARGO_ROLLOUTS_RPC_PLUGIN=metricprovider", "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000", "PLUGIN_PROTOCOL_VERSIONS=1")
	output, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	spent := time.Since(begun)
	cmd.Process.Kill()
	cmd.Wait()
	if fields := strings.Split(line, "|"); len(fields) > 3 {
		os.Remove(fields[3])
	}
	return spent, err
}

// percentile is the value that p of 100 do not exceed.
func percentile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100]
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
