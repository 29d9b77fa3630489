package templates

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds every built-in template over every channel to what people have looked at and found good.
func TestGolden(t *testing.T) {
	for _, info := range library(t).List() {
		template, letter := letterOf(t, info.Name)
		for _, ch := range info.Channels {
			content, err := template.Render(ch, &letter)
			if err != nil {
				t.Errorf("%s over %s: %v", info.Name, ch, err)
				continue
			}
			text := "Subject: " + content.Subject + "\nUnsubscribe: " + content.Unsubscribe + "\nLinks: " +
				strings.Join(content.Links, " ") + "\n\n" + content.Text
			for _, b := range content.Buttons {
				text += "\n[" + b.Label + "] " + b.URL
			}
			golden(t, info.Name+"."+string(ch)+".txt", text)
			if ch == engine.Email {
				golden(t, info.Name+".html", content.HTML)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the tests with -update once)", err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was; look at the difference and run with -update if it is better:\n%s", name, got)
	}
}
