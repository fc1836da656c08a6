// Command fakeprom is the benches' Prometheus: it answers every query with one sample, and the guard rails' questions with
// a witness and events, costs next to nothing, and prints its address. It ends when its standard input does.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"promql-guard/tests/conformance/fakeprom"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sample := []byte(fakeprom.Vector("0.97").Body)
	evidence := []byte(fakeprom.Success("vector", `[{"metric":{"__part__":"w"},"value":[1,"1"]},{"metric":{"__part__":"e"},"value":[1,"3000"]}]`).Body)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, _ := io.ReadAll(r.Body)
		body := sample
		if bytes.Contains(form, []byte("__part__")) {
			body = evidence
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	}))
	fmt.Printf("http://%s\n", listener.Addr())
	io.Copy(io.Discard, os.Stdin)
}
