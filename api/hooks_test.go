package api

import (
	"io"
	"net/http"
	"testing"
)

func TestHooksGetTheirProvider(t *testing.T) {
	w := newWorld(t)
	w.config.Hooks = map[string]http.Handler{"vk": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != `{"type":"x"}` || r.PathValue(HookProvider) != "p1" {
			t.Errorf("the hook of %q gets %q, %v", r.PathValue(HookProvider), body, err)
		}
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(rw, "ok")
	})}
	w.restart()
	if a := w.ask(http.MethodPost, "/hooks/vk/p1", `{"type":"x"}`, as("")); a.Code != http.StatusOK || a.Body.String() != "ok" {
		t.Errorf("it is answered %d %q", a.Code, a.Body)
	}
	for _, path := range []string{"/hooks/max/p1", "/hooks/vk/P%201", "/hooks/vk/" + "0123456789012345678901234567890123"} {
		if a := w.ask(http.MethodPost, path, `{"type":"x"}`, as("")); a.Code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, a.Code)
		}
	}
}
