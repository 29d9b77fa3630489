package templates

import "strings"

// unbroken writes every space as the no-break one that formatted sums have.
func unbroken(s string) string { return strings.ReplaceAll(s, " ", nbsp) }

// spaced writes ordinary spaces for no-break ones, to compare without them.
func spaced(s string) string { return strings.ReplaceAll(s, nbsp, " ") }
