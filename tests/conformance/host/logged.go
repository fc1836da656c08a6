package host

import (
	"bytes"
	"strings"
	"sync"
)

// Logged is all that plugins wrote to stderr so far, as go-plugin passed it on.
func Logged() string { return logged.String() }

// LogsHold says whether a text is in the logs.
func LogsHold(text string) bool { return strings.Contains(Logged(), text) }

var logged buffer

// buffer is a bytes.Buffer for several writers.
type buffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}
