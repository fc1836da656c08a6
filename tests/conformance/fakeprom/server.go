// Package fakeprom turns a script (what to say to which query) into an HTTP server on loopback that speaks Prometheus'
// query API and remembers what it was asked. It evaluates no PromQL: a query is only the key of its answer.
package fakeprom

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

	mutex    sync.Mutex
	script   Script
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

// StartOn serves the script over http at a loopback address other than 127.0.0.1, from which nobody dials: its port stays
// the server's own while it is down.
func StartOn(ip string, script Script) (*Server, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return nil, err
	}
	server := &Server{script: script}
	server.listen(listener)
	return server, nil
}

// Say has the server answer by another script from now on.
func (s *Server) Say(script Script) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.script = script
}

// Down ends the server: who dials is refused.
func (s *Server) Down() { s.Close() }

// Up starts a server that is down again, at the address that it had.
func (s *Server) Up() error {
	listener, err := net.Listen("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		return err
	}
	s.listen(listener)
	return nil
}

func (s *Server) listen(listener net.Listener) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	s.Server = server
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
	answer := s.script.find(r)
	s.mutex.Unlock()
	answer.send(w, r)
}

func (s Script) find(r *http.Request) Answer {
	query := r.Form.Get("query")
	keys := []string{query, r.URL.Path + "?" + r.Form.Get("match[]"), r.URL.Path}
	if strings.Contains(query, partLabel) {
		keys = []string{query, Named, r.URL.Path}
	}
	for _, key := range keys {
		if answer, found := s[key]; found && key != "" {
			return answer
		}
	}
	return s[""]
}
