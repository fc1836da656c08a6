package plane

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// app is what podinfo would expose in each pod that annotations ask to scrape. How many requests a pod gets a second is its
// annotation `traffic`: `200=5 500=0.5`, by status; none, as long as there is no such annotation. As in podinfo a status has no
// series before its first request; 200 has it from the first probe on.
type app struct {
	address  string
	listener net.Listener
	api      *api

	mutex sync.Mutex
	pods  map[string]*traffic
}

type traffic struct {
	seen   time.Time
	counts map[string]float64
}

func startApp(api *api) (*app, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePort()))
	if err != nil {
		return nil, err
	}
	a := &app{address: listener.Addr().String(), listener: listener, api: api, pods: map[string]*traffic{}}
	go http.Serve(listener, a)
	return a, nil
}

func (a *app) close() { a.listener.Close() }

func (a *app) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	said, err := a.api.get("/api/v1/pods")
	var pods struct {
		Items []struct {
			Metadata struct {
				Name, Namespace, UID string
				Annotations          map[string]string
			}
			Status struct{ Phase string }
		}
	}
	if err == nil {
		err = json.Unmarshal(said, &pods)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	now := time.Now()
	for _, pod := range pods.Items {
		if pod.Status.Phase != "Running" || pod.Metadata.Annotations["prometheus.io/scrape"] != "true" {
			continue
		}
		known := a.pods[pod.Metadata.UID]
		if known == nil {
			known = &traffic{counts: map[string]float64{"200": 1}}
			a.pods[pod.Metadata.UID] = known
		}
		var statuses []string
		for _, rate := range strings.Fields(pod.Metadata.Annotations["traffic"]) {
			status, number, _ := strings.Cut(rate, "=")
			perSecond, err := strconv.ParseFloat(number, 64)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			if !known.seen.IsZero() {
				known.counts[status] += perSecond * now.Sub(known.seen).Seconds()
			}
		}
		known.seen = now
		for status := range known.counts {
			statuses = append(statuses, status)
		}
		sort.Strings(statuses)
		for _, status := range statuses {
			fmt.Fprintf(w, "http_requests_total{namespace=%q,pod=%q,status=%q} %.0f\n",
				pod.Metadata.Namespace, pod.Metadata.Name, status, known.counts[status])
		}
	}
}
