package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// file takes the keys of a YAML file. Only a file that cannot be read is an error: what is wrong inside becomes problems.
func (r *reader) file(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%s: %s", r.Say("файл настроек не читается", "the config file cannot be read"), cause(err))
	}
	tree, err := parser.ParseBytes(content, 0)
	if syntax := (*yaml.SyntaxError)(nil); errors.As(err, &syntax) {
		at := syntax.GetToken().Position
		// The parser's own text would quote the lines around, and with them secrets.
		r.problem(fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column), "YAML", syntax.GetMessage())
		return nil
	} else if err != nil {
		r.problem(name, "YAML", r.Say("не разбирается", "cannot be parsed"))
		return nil
	}
	for _, document := range tree.Docs {
		if document.Body != nil {
			r.section(name, "", r.keys, document.Body)
		}
	}
	return nil
}

// place tells where a node stands.
func place(file string, n ast.Node) string {
	at := n.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", file, at.Line, at.Column)
}

// section takes the keys of one mapping.
func (r *reader) section(file, path string, known []key, n ast.Node) {
	if _, null := n.(*ast.NullNode); null {
		return
	}
	mapping, ok := n.(ast.MapNode)
	if !ok {
		r.problem(place(file, n), path, r.Say("здесь должны быть ключи со значениями", "keys with values belong here"))
		return
	}
	for pairs := mapping.MapRange(); pairs.Next(); {
		name := pairs.Key().String()
		here := place(file, pairs.Key())
		k, byFile, ok := find(known, name)
		switch {
		case !ok:
			full := strings.TrimPrefix(path+"."+name, ".")
			r.problem(here, full, r.Say("такого ключа нет", "there is no such key")+r.nearest(known, name))
		case k.section:
			r.section(file, k.path, k.children, pairs.Value())
		case r.twice(k, here):
		default:
			r.value(k, here, byFile, pairs.Value())
		}
	}
}

// twice notes a key that was given already, as itself and as a file.
func (r *reader) twice(k key, here string) bool {
	_, before := r.where[k.path]
	if before {
		r.problem(here, k.path, r.Say("задано и значение, и файл", "both the value and a file are given"))
	}
	return before
}

// find looks a name up among keys; byFile tells that it names the file of a secret.
func find(known []key, name string) (k key, byFile, ok bool) {
	for _, k := range known {
		if k.name == name {
			return k, false, true
		}
		if k.secret() && k.name+fileSuffix == name {
			return k, true, true
		}
	}
	return key{}, false, false
}

// value gives a key what stands in the file.
func (r *reader) value(k key, here string, byFile bool, n ast.Node) {
	if _, null := n.(*ast.NullNode); null {
		return
	}
	text, ok := plain(n)
	switch {
	case !ok:
		r.where[k.path] = here
		r.problem(here, k.path, r.Say("здесь должно быть простое значение", "a plain value belongs here"))
	case text == "": // as good as not there, like a variable set to nothing
	case byFile:
		r.setFrom(k, here, text)
	default:
		r.set(k, here, text)
	}
}

// plain writes a value as the environment would: a list with commas, a mapping as NAME=VALUE with commas.
func plain(n ast.Node) (string, bool) {
	var words []string
	add := func(before string, n ast.Node) bool {
		word, ok := scalar(n)
		words = append(words, before+word)
		return ok
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, item := range n.Values {
			if !add("", item) {
				return "", false
			}
		}
	case ast.MapNode:
		for items := n.MapRange(); items.Next(); {
			if !add(items.Key().String()+"=", items.Value()) {
				return "", false
			}
		}
	default:
		return scalar(n)
	}
	return strings.Join(words, ","), true
}

// scalar gives the text of a plain value as it was written.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case ast.ScalarNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// nearest suggests the known key that differs least, if it is close.
func (r *reader) nearest(known []key, name string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if d := distance(k.name, name); d <= least {
			best, least = k.name, d
		}
	}
	if best == "" {
		return ""
	}
	return r.Say("; может быть, ", "; perhaps ") + best
}

// distance is how many letters must be changed, added or dropped to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
