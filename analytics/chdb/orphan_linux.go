package chdb

import "syscall"

// lifeline ties the child's life to the parent's: its own process group, so that a Ctrl-C in the terminal reaches the parent alone, and SIGTERM when
// the thread that started it ends, which covers a parent that dies while the child does not read its standard input.
func lifeline() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
