package sign

import (
	"bytes"
	"cmp"
	"slices"
)

// canonical gives the exclusive canonical form (https://www.w3.org/TR/xml-exc-c14n/, without comments) of one element, and where in it the
// first tag ends. It reads what encoding/xml writes and nothing else: tags and text, both escaped, no empty-element tags, no comments, no
// DTD. That is quick, some hundred megabytes a second, where a reader of any XML would cost more than writing the request did; the tests hold
// it against another canonicalizer. The form of the form is itself, so that what was digested can be sent as it stands.
func canonical(text []byte) (form []byte, head int, err error) {
	w := former{out: make([]byte, 0, len(text)+len(text)/4)}
	for len(text) > 0 {
		if text[0] != '<' {
			end := bytes.IndexByte(text, '<')
			if end < 0 || len(w.open) == 0 {
				return nil, 0, errNotSimple
			}
			if w.out, err = unescape(w.out, text[:end], inText); err != nil {
				return nil, 0, err
			}
			text = text[end:]
			continue
		}
		end := tagEnd(text)
		if end < 2 {
			return nil, 0, errNotSimple
		}
		if err := w.tag(text[1:end]); err != nil {
			return nil, 0, err
		}
		if head == 0 {
			head = len(w.out)
		}
		if text = text[end+1:]; len(w.open) == 0 && len(text) > 0 {
			return nil, 0, errNotSimple
		}
	}
	if len(w.open) > 0 || head == 0 {
		return nil, 0, errNotSimple
	}
	return w.out, head, nil
}

// tagEnd finds the end of the tag that a text begins with: the first > outside quotes.
func tagEnd(text []byte) int {
	end := bytes.IndexByte(text, '>')
	for end >= 0 && bytes.Count(text[:end], []byte{'"'})%2 == 1 {
		more := bytes.IndexByte(text[end+1:], '>')
		if more < 0 {
			return -1
		}
		end += more + 1
	}
	return end
}

// former writes a canonical form.
type former struct {
	out     []byte
	open    []opened
	scope   []binding // the declarations that hold, the innermost last
	written []binding // those of them that were written
	attrs   []attribute
	used    []binding
}

// opened is an element that has not ended, and what held before it.
type opened struct {
	name           []byte
	scope, written int
}

// binding says what a prefix stands for.
type binding struct {
	prefix []byte
	space  []byte // as it is written, escaped
}

type attribute struct {
	space, name, value []byte
}

// tag writes what stands between < and >.
func (w *former) tag(tag []byte) error {
	if tag[0] == '/' {
		last := len(w.open) - 1
		if last < 0 || !bytes.Equal(w.open[last].name, tag[1:]) {
			return errNotSimple
		}
		w.out = append(append(append(w.out, '<'), tag...), '>')
		w.scope, w.written, w.open = w.scope[:w.open[last].scope], w.written[:w.open[last].written], w.open[:last]
		return nil
	}
	if tag[0] == '!' || tag[0] == '?' || tag[len(tag)-1] == '/' {
		return errNotSimple
	}
	name, rest, _ := bytes.Cut(tag, []byte{' '})
	w.open = append(w.open, opened{name, len(w.scope), len(w.written)})
	if err := w.read(rest); err != nil {
		return err
	}
	w.out = append(append(w.out, '<'), name...)
	if err := w.declare(name); err != nil {
		return err
	}
	for _, a := range w.attrs {
		w.out = append(append(append(w.out, ' '), a.name...), `="`...)
		w.out = append(append(w.out, a.value...), '"')
	}
	w.out = append(w.out, '>')
	return nil
}

// read reads attributes; declarations hold from here on.
func (w *former) read(rest []byte) error {
	w.attrs = w.attrs[:0]
	for len(rest) > 0 {
		name, after, found := bytes.Cut(rest, []byte(`="`))
		text, next, closed := bytes.Cut(after, []byte{'"'})
		if !found || !closed || len(next) > 0 && next[0] != ' ' {
			return errNotSimple
		}
		value := text
		if bytes.IndexByte(text, '&') >= 0 {
			var err error
			if value, err = unescape(nil, text, inAttribute); err != nil {
				return err
			}
		}
		if prefix, is := bytes.CutPrefix(name, []byte("xmlns:")); is {
			w.scope = append(w.scope, binding{prefix, value})
		} else if string(name) == "xmlns" {
			return errNotSimple // no request has a namespace without a prefix
		} else {
			w.attrs = append(w.attrs, attribute{name: name, value: value})
		}
		rest = bytes.TrimPrefix(next, []byte{' '})
	}
	return nil
}

// declare declares the prefixes that a tag uses and that were not declared before it with the same meaning, and puts attributes in order:
// by namespace and then by name, those without a namespace first.
func (w *former) declare(name []byte) error {
	w.used = w.used[:0]
	if _, err := w.use(name); err != nil {
		return err
	}
	for i := range w.attrs {
		var err error
		if w.attrs[i].space, err = w.use(w.attrs[i].name); err != nil {
			return err
		}
	}
	slices.SortFunc(w.used, func(a, b binding) int { return bytes.Compare(a.prefix, b.prefix) })
	for _, b := range w.used {
		w.out = append(append(append(w.out, " xmlns:"...), b.prefix...), `="`...)
		w.out = append(append(w.out, b.space...), '"')
	}
	slices.SortFunc(w.attrs, func(a, b attribute) int {
		return cmp.Or(bytes.Compare(a.space, b.space), bytes.Compare(local(a.name), local(b.name)))
	})
	return nil
}

// use gives the namespace of a name, and notes its prefix if it has to be declared here.
func (w *former) use(name []byte) (space []byte, err error) {
	at := bytes.IndexByte(name, ':')
	if at < 0 {
		return nil, nil
	}
	space, known := find(w.scope, name[:at])
	if !known {
		return nil, errNotSimple
	}
	if before, was := find(w.written, name[:at]); !was || !bytes.Equal(before, space) {
		w.written = append(w.written, binding{name[:at], space})
		w.used = append(w.used, binding{name[:at], space})
	}
	return space, nil
}

func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// find gives the innermost meaning of a prefix.
func find(list []binding, prefix []byte) (space []byte, known bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if bytes.Equal(list[i].prefix, prefix) {
			return list[i].space, true
		}
	}
	return nil, false
}

// How what encoding/xml escapes is written in canonical form: in text, and in the value of an attribute.
var (
	inText = map[string]string{
		"amp": "&amp;", "lt": "&lt;", "gt": "&gt;", "#xD": "&#xD;", "#34": `"`, "#39": "'", "quot": `"`, "apos": "'", "#x9": "\t", "#xA": "\n",
	}
	inAttribute = map[string]string{
		"amp": "&amp;", "lt": "&lt;", "gt": ">", "#xD": "&#xD;", "#34": "&quot;", "#39": "'", "quot": "&quot;", "apos": "'", "#x9": "&#x9;", "#xA": "&#xA;",
	}
)

// unescape appends a text, escaped as the canonical form wants it.
func unescape(out, text []byte, entities map[string]string) ([]byte, error) {
	for {
		at := bytes.IndexByte(text, '&')
		if at < 0 {
			return append(out, text...), nil
		}
		out, text = append(out, text[:at]...), text[at+1:]
		end := bytes.IndexByte(text[:min(len(text), 8)], ';')
		if end < 0 {
			return nil, errNotSimple
		}
		written, known := entities[string(text[:end])]
		if !known {
			return nil, errNotSimple
		}
		out, text = append(out, written...), text[end+1:]
	}
}
