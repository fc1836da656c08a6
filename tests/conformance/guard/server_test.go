package guard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a Prometheus that holds the scenarios' histories.
type server struct {
	// Name is its version.
	Name    string
	Older   bool
	Address string
}

// variables name the binaries, as tests/run sets them; tests/tools/prometheus prints a path where they do not.
var variables = map[bool]string{false: "PROMETHEUS_BIN", true: "PROMETHEUS_DEBIAN_BIN"}

func binary(t *testing.T, older bool) string {
	t.Helper()
	if named := os.Getenv(variables[older]); named != "" {
		return named
	}
	var args []string
	if older {
		args = append(args, "--debian")
	}
	command := exec.Command(filepath.Join(here, "../../tools/prometheus"), args...)
	command.Dir, command.Stderr = here, os.Stderr
	path, err := command.Output()
	if err != nil {
		t.Fatalf("tests/tools/prometheus: %v; set %s", err, variables[older])
	}
	return strings.TrimSpace(string(path))
}

// blocks builds the command that writes time series: of another module, which imports Prometheus.
func blocks(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blocks")
	command := exec.Command("go", "build", "-o", path, "./blocks")
	command.Dir = filepath.Join(here, "../promql")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build ./blocks: %v\n%s", err, said)
	}
	return path
}

// write puts the histories of all scenarios, as of the moment, into a new data folder for each of the servers.
func write(t *testing.T, command string, scenarios []scenario, moment time.Time, folders ...string) {
	t.Helper()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	add := func(s scenario, h history) {
		all, err := h.series(s, moment)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if err := encoder.Encode(one); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The server itself, so that its newest `up` is fresh.
	add(scenario{ID: "elf"}, history{Metric: "up", Of: "none", Labels: map[string]string{"namespace": "monitoring", "job": "prometheus", "instance": "localhost:9090"}, Start: 1})
	for _, s := range scenarios {
		for _, h := range s.Series {
			add(s, h)
		}
	}
	for _, folder := range folders {
		writer := exec.Command(command, folder)
		writer.Stdin = bytes.NewReader(lines.Bytes())
		if said, err := writer.CombinedOutput(); err != nil {
			t.Fatalf("blocks: %v\n%s", err, said)
		}
	}
}

var listening = regexp.MustCompile(`Listening on.*address=(127\.0\.0\.1:\d+)`)

// serve starts a server on a data folder and returns once it answers. It ends with the test.
func serve(t *testing.T, binary, data string, older bool) server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(config, []byte("scrape_configs: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+data, "--web.listen-address=127.0.0.1:0")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(command) })
	log := new(log)
	found := make(chan string, 1)
	go log.follow(stderr, found)
	deadline, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var address string
	select {
	case address = <-found:
	case <-deadline.Done():
		t.Fatalf("%s: expected an address within 30 s, found in its log:\n%s", binary, log)
	}
	for !answers(deadline, address) {
		if deadline.Err() != nil {
			t.Fatalf("%s: expected it to be ready within 30 s, found in its log:\n%s", binary, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return server{Name: version(t, address), Older: older, Address: "http://" + address}
}

func end(command *exec.Cmd) {
	_ = command.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = command.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = command.Process.Kill()
		<-done
	}
}

func answers(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/-/ready", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func version(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/api/v1/status/buildinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var info struct {
		Data struct{ Version string }
	}
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("Prometheus ", info.Data.Version)
}

// log keeps what a server says.
type log struct {
	mutex sync.Mutex
	lines []string
}

func (l *log) follow(from io.Reader, address chan<- string) {
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		line := scanner.Text()
		if match := listening.FindStringSubmatch(line); match != nil {
			select {
			case address <- match[1]:
			default:
			}
		}
		l.mutex.Lock()
		l.lines = append(l.lines, line)
		l.mutex.Unlock()
	}
}

func (l *log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Join(l.lines, "\n")
}
