package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vestnik/engine"
)

// TestReturnedMailComesByItsProvidersDoor hands messages to the hook of a provider: with its secret they are read, as far as is needed; without,
// with another's, or where there is no such provider or no secret, all are told the same.
func TestReturnedMailComesByItsProvidersDoor(t *testing.T) {
	w := newWorld(t)
	other := w.addProvider("ТСЖ «Тихое»")
	for p, hook := range map[engine.ProviderID]string{w.owner: "open sesame\n", other: "another"} {
		_, err := w.memory.Stores().Registry.ChangeProvider(t.Context(), p, func(p *engine.Provider) error {
			p.Settings[settingHookSecret] = hook
			return nil
		})
		w.must(err)
	}
	mute := w.addProvider("УК «Немая»")
	var got []string
	var trouble error
	w.config.Returned = func(_ context.Context, p engine.ProviderID, raw []byte) (string, error) {
		got = append(got, fmt.Sprint(p, " ", len(raw)))
		return "hard", trouble
	}
	w.restart()
	door, mail := "/hooks/mail/"+string(w.owner), header("Content-Type", "message/rfc822")
	letter := "Subject: failure notice\r\n\r\nuser unknown\r\n"

	if class := read[struct{ Class string }](w.ask("POST", door, letter, mail, as("open sesame")).want(200)).Class; class != "hard" {
		t.Errorf("it amounts to %q", class)
	}
	w.ask("POST", door, strings.Repeat("x", 300<<10), mail, as("open sesame")).want(200)
	if want := fmt.Sprintf("[%s %d %s %d]", w.owner, len(letter), w.owner, 256<<10); fmt.Sprint(got) != want {
		t.Errorf("taken: %v, want %s", got, want)
	}
	for path, secrets := range map[string][]string{
		door:                            {"", "open", "open sesame2", "another", w.keys["operator"]},
		"/hooks/mail/" + string(mute):   {"", " ", "open sesame"},
		"/hooks/mail/0123456789abcdef":  {"", "open sesame"},
		"/hooks/mail/%2e%2e%2fprovider": {"open sesame"},
	} {
		for _, text := range secrets {
			if a := w.ask("POST", path, letter, mail, as(text)).want(401); a.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no WWW-Authenticate", path)
			}
		}
	}
	w.ask("POST", door, letter, as("open sesame")).want(415)
	w.ask("POST", door, "", mail, as("open sesame"), func(r *http.Request) { r.ContentLength = huge + 1 }).want(413)
	trouble = fmt.Errorf("observe: %w", engine.ErrDown)
	if a := w.ask("POST", door, letter, mail, as("open sesame")).want(503); a.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.config.Returned = nil
	w.restart()
	w.ask("POST", door, letter, mail, as("open sesame")).want(401)
}

func TestClassesAreCounted(t *testing.T) {
	w := newWorld(t)
	w.config.Metrics.Inbound("hard", 1)
	w.config.Metrics.Inbound("loop", 0)
	text := w.ask("GET", "/metrics", "").want(200).Body.String()
	for _, line := range []string{`vestnik_inbound_total{class="hard"} 1`, `vestnik_inbound_total{class="loop"} 0`} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
}
