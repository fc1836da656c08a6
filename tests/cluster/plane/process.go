package plane

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a program of the control plane that can be ended and started again with the same arguments.
type process struct {
	name    string
	program string
	args    []string
	folder  string
	env     []string
	// answers tells whether it does its work.
	answers func() error

	command *exec.Cmd
	ended   chan struct{}
}

// patience is how long a program may take to answer: seconds on an idle machine.
const patience = 2 * time.Minute

func (p *process) log() string { return p.folder + "/" + p.name + ".log" }

func (p *process) start() error {
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.command = exec.Command(p.program, p.args...)
	p.command.Dir, p.command.Stdout, p.command.Stderr = p.folder, log, log
	p.command.Env = append(os.Environ(), p.env...)
	// A test run that is killed takes its servers with it.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.ended = make(chan struct{})
	go func(command *exec.Cmd, ended chan struct{}) {
		_ = command.Wait()
		close(ended)
	}(p.command, p.ended)

	deadline := time.Now().Add(patience)
	for {
		err := p.answers()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it answered; its log ends with:\n%s", p.name, p.tail())
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer within %s: %w; its log ends with:\n%s", p.name, patience, err, p.tail())
		}
	}
}

func (p *process) stop() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	p.command = nil
}

func (p *process) tail() string {
	said, _ := os.ReadFile(p.log())
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// Ports are looked for below those that the kernel gives to outgoing connections, of which a control plane has many.
var nextPort atomic.Int32

func init() { nextPort.Store(int32(20000 + os.Getpid()%8000)) }

func freePort() int {
	for {
		port := int(nextPort.Add(1))
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
}
