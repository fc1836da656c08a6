package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is what one plugin did over all rounds.
type load struct {
	cpu, wall time.Duration
	latencies []time.Duration
}

// takeTurns measures both plugins with so many workers, in rounds.
func takeTurns(o options, workers int, how string, ours, theirs plugin) ([]figure, error) {
	var our, their load
	for range o.rounds {
		if err := our.add(ours, workers, o.measurements/o.rounds); err != nil {
			return nil, err
		}
		if err := their.add(theirs, workers, o.measurements/o.rounds); err != nil {
			return nil, err
		}
	}
	targets := map[int][3]string{1: {"1/2.5", "", ""}, 30: {"1/4", "0.7", "3"}}[workers]
	if how != plain.name {
		targets = [3]string{}
	}
	at := fmt.Sprintf("%s, %d at once", how, workers)
	return []figure{
		{name: "CPU a 1000 measurements" + at, unit: "ms", target: targets[0], ours: our.cpuPerThousand(), theirs: their.cpuPerThousand()},
		{name: "p99" + at, unit: "ms", target: targets[1], ours: milliseconds(percentile(our.latencies, 99)), theirs: milliseconds(percentile(their.latencies, 99))},
		{name: "measurements a second" + at, target: targets[2], ours: our.perSecond(), theirs: their.perSecond()},
	}, nil
}

// add takes n measurements by so many workers and counts what they cost.
func (l *load) add(p plugin, workers, n int) error {
	before, err := p.cpu()
	if err != nil {
		return err
	}
	begun := time.Now()
	latencies, err := measure(p, workers, n)
	l.wall += time.Since(begun)
	l.latencies = append(l.latencies, latencies...)
	after, cpuErr := p.cpu()
	l.cpu += after - before
	return errors.Join(err, cpuErr)
}

// measure shares n measurements out among the workers and returns how long each took.
func measure(p plugin, workers, n int) ([]time.Duration, error) {
	latencies, failures := make([]time.Duration, n), make([]error, workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begun := time.Now()
				if err := p.measure(); err != nil {
					failures[worker] = err
					return
				}
				latencies[i] = time.Since(begun)
			}
		}()
	}
	group.Wait()
	return latencies, errors.Join(failures...)
}

func (l load) cpuPerThousand() float64 {
	return milliseconds(l.cpu) / float64(len(l.latencies)) * 1000
}

func (l load) perSecond() float64 { return float64(len(l.latencies)) / l.wall.Seconds() }
