package config

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"vestnik/cmd/vestnik/tongue"
)

// exampleWidth is how many columns a comment of the example may take.
const exampleWidth = 110

// Example writes an annotated file in the language: what is required stands there with an example, everything else is commented out
// with its default.
func Example(w io.Writer, t tongue.Tongue) error {
	var b strings.Builder
	comment(&b, "", t.Say(
		"Настройки «Вестника». Каждый ключ можно задать и переменной окружения (её имя в скобках), и она важнее файла. Секреты — ещё и файлом: "+
			"ключ с _file на конце, переменная с _FILE. Неизвестный ключ — ошибка. Проверить всё: vestnik check.",
		"The set-up of Vestnik. Each key can also come by an environment variable (its name in brackets), which wins over the file. Secrets can come "+
			"by file as well: the key with _file at its end, the variable with _FILE. An unknown key is an error. To check everything: vestnik check."))
	example(&b, t, keys(), "")
	_, err := io.WriteString(w, b.String())
	return err
}

func example(b *strings.Builder, t tongue.Tongue, list []key, indent string) {
	for _, k := range list {
		b.WriteByte('\n')
		text := t.Say(k.tag.Get("ru"), k.tag.Get("en"))
		if k.section {
			comment(b, indent, text)
			fmt.Fprintf(b, "%s%s:\n", indent, k.name)
			example(b, t, k.children, indent+"  ")
			continue
		}
		comment(b, indent, fmt.Sprintf("%s (%s)", text, k.variable()))
		value, set := k.tag.Lookup("default")
		if !set {
			value = k.tag.Get("example")
		}
		off := "# "
		if k.must() {
			off = ""
		}
		fmt.Fprintf(b, "%s%s%s: %s\n", indent, off, k.name, quoted(value))
	}
}

// quoted puts quotes around what YAML would read as something else than plain text.
func quoted(value string) string {
	if value == "" || strings.HasPrefix(value, ":") || strings.ContainsAny(value, ", =#") {
		return `"` + value + `"`
	}
	return value
}

// comment writes a text in lines of a comment.
func comment(b *strings.Builder, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > exampleWidth {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
