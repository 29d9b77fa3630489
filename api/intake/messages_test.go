package intake

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMessages holds every sentence that people read, in both languages, by code.
func TestMessages(t *testing.T) {
	var got bytes.Buffer
	for _, code := range slices.Sorted(maps.Keys(messages)) {
		args := make([]any, 0, 2)
		for _, verb := range regexp.MustCompile(`%[ds]`).FindAllString(messages[code][0], -1) {
			if verb == "%d" {
				args = append(args, len(args)+7)
			} else {
				args = append(args, "«ФИО», «Сумма»")
			}
		}
		fmt.Fprintf(&got, "%s\n  %s\n  %s\n", code, message(Russian, code, args...), message(English, code, args...))
	}
	const golden = "testdata/messages.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("messages differ from %s; run with -update and look at the difference:\n%s", golden, got.Bytes())
	}
}
