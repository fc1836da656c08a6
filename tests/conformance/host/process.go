package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Pids are the running processes of an entry's file: children of this process whose executable is that file.
func Pids(entry Entry) []int {
	file, err := filepath.Abs(filepath.Join("plugin-bin", entry.Name))
	if err != nil {
		return nil
	}
	var pids []int
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		target, err := os.Readlink(link)
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		if err == nil && target == file && parent(pid) == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent is the fourth field of /proc/PID/stat (proc_pid_stat(5)), counted from behind the name's closing parenthesis.
func parent(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

// PeakMemory is the most that a process ever held, in KiB: VmHWM of /proc/PID/status.
func PeakMemory(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			peak, _ := strconv.Atoi(fields[1])
			return peak
		}
	}
	return 0
}
