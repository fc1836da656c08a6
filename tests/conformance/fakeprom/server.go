// Package fakeprom turns a script (what to say to which query) into an HTTP server on loopback that speaks Prometheus'
// query API and remembers what it was asked. It evaluates no PromQL: a query is only the key of its answer.
package fakeprom

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
)

// Request is what a client sent, as far as two clients can be compared by it.
type Request struct {
	Method, Path, Host string
	Form               url.Values
	Header             http.Header
}

// Server is a running fake. Close it after use.
type Server struct {
	*httptest.Server
	script Script

	mutex    sync.Mutex
	requests []Request
}

// Start serves the script over http.
func Start(script Script) *Server {
	server := &Server{script: script}
	server.Server = httptest.NewServer(http.HandlerFunc(server.answer))
	return server
}

// StartTLS serves the script over https, with a certificate that no system trusts.
func StartTLS(script Script) *Server {
	server := &Server{script: script}
	server.Server = httptest.NewTLSServer(http.HandlerFunc(server.answer))
	return server
}

// Take returns the requests since the last call, in the order of their arrival.
func (s *Server) Take() []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	taken := s.requests
	s.requests = nil
	return taken
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mutex.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.Host, r.Form, r.Header})
	s.mutex.Unlock()
	s.script.find(r).send(w, r)
}

func (s Script) find(r *http.Request) Answer {
	for _, key := range []string{r.Form.Get("query"), r.URL.Path} {
		if answer, found := s[key]; found && key != "" {
			return answer
		}
	}
	return s[""]
}
