package email

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// TestLettersAlike writes letters one after another that begin alike or do not, and holds each to what a new writer makes of it.
func TestLettersAlike(t *testing.T) {
	head := strings.Repeat("<style>.card{padding:24px}</style>\n", 40)
	var texts []string
	for n := range 60 { // every place of the difference within a line of base64
		texts = append(texts, head+"<p>Здравствуйте!</p>\n"+strings.Repeat("a", n)+"\n"+head)
	}
	texts = append(texts, head, head+"\r\n", head+"\r", head+"x", head[:len(head)-1], "", "x", head, head+head, head+head+"1", head+head+"2", head+"\nx\ny")
	from, err := senderOf(utility.Provider)
	if err != nil {
		t.Fatal(err)
	}
	var l letter
	for i, text := range slices.Concat(texts, texts[:3], slices.Repeat(texts[60:], 2)) {
		msg := engine.Message{Key: "k", Recipient: &engine.Recipient{}, Content: engine.Content{Subject: "Счёт " + text[:min(len(text), 1)], Text: text, HTML: text + "."}}
		got, err := l.compose(from, "a@b.example", &msg, noon)
		if err != nil {
			t.Fatal(err)
		}
		want, err := new(letter).compose(from, "a@b.example", &msg, noon)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("letter %d is\n%s\nand should be\n%s", i, got, want)
		}
	}
	if len(l.html.begin) < worthwhile {
		t.Errorf("only %d bytes are known to be common", len(l.html.begin))
	}
}
