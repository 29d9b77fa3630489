package templates

import (
	"fmt"
	"strings"

	"vestnik/engine"
)

// front is what stands at the head of message.txt, one "key: value" a line, up to a line of three dashes.
type front struct {
	kind        engine.Kind
	titleRU     string
	titleEN     string
	description string
	required    []Variable
	optional    []Variable
	subject     string // a template of one line
	preheader   string // the same: what mailboxes show beside the subject
	why         string // the same: why one gets this message
	encloses    Enclosure
	buttons     []button
}

// readFront splits a file into its front matter and what follows.
func readFront(file string) (f front, body string, err error) {
	head, body, found := strings.Cut(file, "\n---\n")
	if !found {
		return f, "", fmt.Errorf(`message.txt has no front matter: lines "key: value" and a line "---"`)
	}
	seen := map[string]bool{}
	for i, text := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		if seen[key] {
			return f, "", fmt.Errorf("line %d: %q stands twice", i+1, key)
		}
		seen[key] = true
		if err := f.set(key, value); err != nil {
			return f, "", fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for _, key := range []string{"kind", "title", "title-en", "about", "subject", "preheader", "why"} {
		if !seen[key] {
			return f, "", fmt.Errorf("%q is missing", key)
		}
	}
	return f, body, nil
}

func (f *front) set(key, value string) (err error) {
	texts := map[string]*string{"title": &f.titleRU, "title-en": &f.titleEN, "about": &f.description,
		"subject": &f.subject, "preheader": &f.preheader, "why": &f.why}
	switch key {
	case "kind":
		if f.kind = engine.Kind(value); !f.kind.Known() {
			err = fmt.Errorf("there is no kind %q", value)
		}
	case "encloses":
		if f.encloses = Enclosure(value); f.encloses != EnclosesBill && f.encloses != EnclosesEvent {
			err = fmt.Errorf("there is no enclosure %q", value)
		}
	case "requires":
		f.required, err = readVariables(value)
	case "uses":
		f.optional, err = readVariables(value)
	case "buttons":
		f.buttons, err = readButtons(value)
	default:
		text, ok := texts[key]
		if !ok {
			return fmt.Errorf("unknown key %q", key)
		}
		if *text = value; value == "" {
			return fmt.Errorf("%q is empty", key)
		}
	}
	return err
}

// readVariables reads a list such as "period period, amount money".
func readVariables(list string) (variables []Variable, err error) {
	for item := range strings.SplitSeq(list, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(item), " ")
		v := Variable{Name: name, Type: Type(strings.TrimSpace(kind))}
		if !isIdentifier(name) {
			return nil, fmt.Errorf("a variable is named with small letters, digits and _, not %q", name)
		}
		if !v.Type.known() {
			return nil, fmt.Errorf("variable %q has no known type", name)
		}
		variables = append(variables, v)
	}
	return variables, nil
}

func isIdentifier(name string) bool {
	for i, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}
