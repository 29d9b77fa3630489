//go:build !linux

package chdb

import "syscall"

// lifeline puts the child into its own process group, so that a Ctrl-C in the terminal reaches the parent alone. The end of its standard input
// tells it that the parent has died.
func lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
