//go:build !linux

package bench

import "syscall"

// lifeline keeps a Ctrl-C in the terminal from a server that is not ours, which the benchmark ends by itself.
func lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
