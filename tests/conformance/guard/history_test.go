package guard

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// The labels that every series gets where its own do not say otherwise.
var pods = map[string][]string{
	"canary": {rollout + "-" + canaryHash + "-x2vbn", rollout + "-" + canaryHash + "-k8s9d", rollout + "-" + canaryHash + "-m4tq7"},
	"stable": {rollout + "-" + stableHash + "-b7wzp", rollout + "-" + stableHash + "-h5rc2", rollout + "-" + stableHash + "-v9dln"},
}

// history is one series for each pod that it is of. All times are before the moment of measuring, negative ones after it.
type history struct {
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels"`
	// Of says whose: `canary` (default) or `stable` pods, three each, or `none` for one series without pod.
	Of string `json:"of"`
	// Only leaves out the pods before and behind: `1` is the first, `3` the last; 0 is all.
	Only int `json:"only"`
	// Every is the scrape interval, default 15s; Last the age of the newest sample at the moment, default 4s.
	Every duration `json:"every"`
	Last  duration `json:"last"`
	// From and To bound the samples: default 2h before to 5m after. Stale: a stale marker follows the last sample.
	From  duration `json:"from"`
	To    duration `json:"to"`
	Stale bool     `json:"stale"`
	// The value is Start, and Rate a second since From, and By for each jump since it
	// happened.
	Start float64 `json:"start"`
	Rate  float64 `json:"rate"`
	Jumps []jump  `json:"jumps"`
	// Value is a text for each sample instead (`NaN`), Values one after the other, again from the first at the end.
	Value  string   `json:"value"`
	Values []string `json:"values"`
	// Histogram: native histograms, the value is the number of observations.
	Histogram bool `json:"histogram"`
}

// jump is something that happened.
type jump struct {
	Ago duration `json:"ago"`
	By  float64  `json:"by"`
}

// series and sample are the lines that the command promql/blocks reads.
type series struct {
	Labels  map[string]string `json:"labels"`
	Samples []sample          `json:"samples"`
}

type sample struct {
	Millis       int64  `json:"t"`
	Float        string `json:"v,omitempty"`
	Observations uint64 `json:"h,omitempty"`
}

// series are the history's, at a moment.
func (h history) series(s scenario, moment time.Time) ([]series, error) {
	var all []series
	samples := h.samples(moment)
	if len(samples) == 0 {
		return nil, fmt.Errorf("scenario %s: %s: expected samples, found none", s.ID, h.Metric)
	}
	for number, pod := range h.pods() {
		if h.Only != 0 && number != h.Only-1 {
			continue
		}
		labels := map[string]string{"__name__": h.Metric, "namespace": s.namespace(), "job": "web"}
		if pod != "" {
			labels["pod"] = pod
			labels["instance"] = fmt.Sprintf("10.0.%d.%d:8080", len(h.Of), number+1)
		}
		own := map[string]string{}
		for name, value := range h.Labels {
			own[name] = s.fill(value)
		}
		maps.Copy(labels, own)
		all = append(all, series{labels, samples})
	}
	return all, nil
}

func (h history) pods() []string {
	switch h.Of {
	case "":
		return pods["canary"]
	case "none":
		return []string{""}
	default:
		return pods[h.Of]
	}
}

func (h history) samples(moment time.Time) []sample {
	every, last := or(h.Every, 15*time.Second), or(h.Last, 4*time.Second)
	from, to := or(h.From, 2*time.Hour), or(h.To, -5*time.Minute)
	first := last + (from-last)/every*every
	if from < last {
		first = last - (last-from+every-1)/every*every
	}
	var samples []sample
	for ago := first; ago >= to; ago -= every {
		samples = append(samples, h.sample(moment, ago, from, len(samples)))
	}
	if h.Stale && len(samples) > 0 {
		samples = append(samples, sample{Millis: samples[len(samples)-1].Millis + every.Milliseconds(), Float: "stale"})
	}
	return samples
}

func (h history) sample(moment time.Time, ago, from time.Duration, number int) sample {
	made := sample{Millis: moment.Add(-ago).UnixMilli()}
	if len(h.Values) > 0 {
		made.Float = h.Values[number%len(h.Values)]
		return made
	}
	if h.Value != "" {
		made.Float = h.Value
		return made
	}
	value := h.Start + h.Rate*(from-ago).Seconds()
	for _, jump := range h.Jumps {
		if ago <= time.Duration(jump.Ago) {
			value += jump.By
		}
	}
	if h.Histogram {
		made.Observations = max(1, uint64(value))
		return made
	}
	made.Float = strconv.FormatFloat(value, 'g', -1, 64)
	return made
}

func or(written duration, otherwise time.Duration) time.Duration {
	if written == 0 {
		return otherwise
	}
	return time.Duration(written)
}
