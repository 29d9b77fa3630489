package api

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// TestHooksGetTheirProvider has a hook answer what its caller asks for.
func TestHooksGetTheirProvider(t *testing.T) {
	w := newWorld(t)
	w.config.Hooks = map[string]http.Handler{"vk": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var code int
		if body, err := io.ReadAll(r.Body); err != nil || r.PathValue(HookProvider) != "p1" {
			t.Errorf("the hook of %q gets %q, %v", r.PathValue(HookProvider), body, err)
		} else if _, err := fmt.Sscanf(string(body), `{"answer":%d}`, &code); err != nil {
			t.Error(err)
		}
		rw.Header().Set("Content-Type", "text/plain")
		rw.WriteHeader(code)
		_, _ = io.WriteString(rw, "ok")
	})}
	w.restart()
	for _, code := range []int{200, 403, 413, 500, 503} {
		if a := w.ask(http.MethodPost, "/hooks/vk/p1", fmt.Sprintf(`{"answer":%d}`, code), as("")); a.Code != code || a.Body.String() != "ok" {
			t.Errorf("it is answered %d %q", a.Code, a.Body)
		}
	}
	for _, path := range []string{"/hooks/max/p1", "/hooks/vk/P%201", "/hooks/vk/" + "0123456789012345678901234567890123"} {
		if a := w.ask(http.MethodPost, path, `{"answer":200}`, as("")); a.Code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, a.Code)
		}
	}
}
