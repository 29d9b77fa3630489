package templates

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"vestnik/engine"
)

// TestTextAndHTMLSayTheSame reads both parts of every built-in mail as a resident does: what the one tells of the resident's matter, every word,
// sum, date and address that is not the template's own, the other tells too.
func TestTextAndHTMLSayTheSame(t *testing.T) {
	for _, info := range library(t).List() {
		template, letter := letterOf(t, info.Name)
		content := render(t, template, engine.Email, letter)
		text, page, own := wordsOf(content.Text), wordsOf(visible(t, content.HTML)), lettersOf(layoutHTML+layoutText+"услуг") // which the page counts above its table
		for _, part := range []string{"html", "txt"} {
			source, err := builtin.ReadFile("builtin/" + info.Name + "/message." + part)
			if err != nil {
				t.Fatal(err)
			}
			_, body, found := strings.Cut(string(source), "\n---\n") // what stands above is not told in the body alone
			own = append(own, lettersOf(map[bool]string{true: body, false: string(source)}[found])...)
		}
		facts := 0
		for _, word := range append(missing(text, page), missing(page, text)...) {
			if !slices.Contains(own, word) {
				t.Errorf("%s: %q is in one of text and HTML, and not in the other", info.Name, word)
			}
		}
		for _, word := range text {
			if !slices.Contains(own, word) {
				facts++
			}
		}
		if facts < 8 {
			t.Errorf("%s tells only %d facts:\n%s", info.Name, facts, content.Text)
		}
	}
}

// visible is what a mail program shows of a page, and where its links lead.
func visible(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && !hidden(n) {
			b.WriteString(n.Data + " ")
		}
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" {
				b.WriteString(a.Val + " ")
			}
		}
	}
	return b.String()
}

func hidden(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Data == "head" || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "style" && strings.Contains(a.Val, "display:none") }) {
			return true
		}
	}
	return false
}

// wordsOf are the words of a text in lower case without punctuation around them, no-break spaces as spaces.
func wordsOf(text string) (list []string) {
	for _, word := range strings.FieldsFunc(strings.ToLower(text), unicode.IsSpace) {
		if word = strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '₽' && r != '%' }); word != "" {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// lettersOf are the words of a source, whatever marks stand between.
func lettersOf(source string) []string {
	return strings.FieldsFunc(strings.ToLower(source), func(r rune) bool { return !unicode.IsLetter(r) })
}

// missing lists the words that are not among others.
func missing(words, others []string) (list []string) {
	for _, word := range words {
		if _, there := slices.BinarySearch(others, word); !there {
			list = append(list, word)
		}
	}
	return list
}
