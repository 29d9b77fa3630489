package bench

import "syscall"

// lifeline keeps a Ctrl-C in the terminal from a server that is not ours, which the benchmark ends by itself, and ends it when the benchmark dies.
func lifeline() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
