// Command blocks writes time series into a data folder that a Prometheus server can be started on.
//
//	blocks FOLDER <series.ndjson
//
// Each line is one series: its labels (`__name__` among them) and its samples in order of time. All of them become one
// block, written with Prometheus's own packages; its format is read by servers of 2.40 and later, native histograms too.
// Nothing is said on success.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// blockRange holds whatever one call writes: a head takes samples no older than half of it.
const blockRange = 60 * 24 * 3600 * 1000

// series is one line of the input.
type series struct {
	Labels  map[string]string `json:"labels"`
	Samples []sample          `json:"samples"`
}

// sample is a float in Go's words (`NaN`, `+Inf`), the stale marker `stale`, or a native histogram of that many
// observations, each between 0.5 and 1.
type sample struct {
	Millis       int64  `json:"t"`
	Float        string `json:"v,omitempty"`
	Observations uint64 `json:"h,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: blocks FOLDER <series.ndjson")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "blocks:", err)
		os.Exit(1)
	}
}

func write(folder string, input io.Reader) (err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), folder, blockRange)
	if err != nil {
		return err
	}
	defer func() {
		if closed := writer.Close(); err == nil {
			err = closed
		}
	}()
	ctx := context.Background()
	lines := json.NewDecoder(bufio.NewReader(input))
	for {
		var one series
		if err := lines.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if err := add(writer.AppenderV2(ctx), one); err != nil {
			return fmt.Errorf("%v: %w", one.Labels, err)
		}
	}
	_, err = writer.Flush(ctx)
	return err
}

func add(to storage.AppenderV2, one series) error {
	set := labels.FromMap(one.Labels)
	var ref storage.SeriesRef
	for _, sample := range one.Samples {
		float, hist, err := sample.value()
		if err == nil {
			ref, err = to.Append(ref, set, 0, sample.Millis, float, hist, nil, storage.AOptions{})
		}
		if err != nil {
			to.Rollback()
			return err
		}
	}
	return to.Commit()
}

func (s sample) value() (float64, *histogram.Histogram, error) {
	switch {
	case s.Observations > 0:
		return 0, &histogram.Histogram{
			ZeroThreshold:   1e-128,
			Count:           s.Observations,
			Sum:             0.75 * float64(s.Observations),
			PositiveSpans:   []histogram.Span{{Offset: 0, Length: 1}},
			PositiveBuckets: []int64{int64(s.Observations)},
		}, nil
	case s.Float == "stale":
		return math.Float64frombits(value.StaleNaN), nil, nil
	default:
		float, err := strconv.ParseFloat(s.Float, 64)
		return float, nil, err
	}
}
