package enginetest

import (
	"testing"
	"time"

	"vestnik/engine"
)

var noteTests = map[string]func(*testing.T, engine.Stores){
	"notes":        testNotes,
	"notes expire": testNotesExpire,
}

// wantNotes reads notes and compares; an empty text stands for none.
func wantNotes(t *testing.T, s engine.Stores, provider engine.ProviderID, want ...string) {
	t.Helper()
	names := []string{"a", "b", "c"}[:len(want)]
	texts := must[[][]byte](t)(s.Notes.Read(t.Context(), provider, names))
	for i, text := range texts {
		if string(text) != want[i] || (text == nil) != (want[i] == "") {
			t.Errorf("note %s is %q, want %q", names[i], text, want[i])
		}
	}
	equal(t, "as many as were asked for", len(texts), len(want))
}

func testNotes(t *testing.T, s engine.Stores) {
	ctx, provider, other := t.Context(), newProvider(), newProvider()
	wantNotes(t, s, provider)
	wantNotes(t, s, provider, "", "")
	ok(t, s.Notes.Write(ctx, provider, nil, time.Hour))
	ok(t, s.Notes.Write(ctx, provider, map[string][]byte{"a": []byte("1"), "c": []byte("3")}, time.Hour))
	ok(t, s.Notes.Write(ctx, other, map[string][]byte{"a": []byte("another's")}, time.Hour))
	wantNotes(t, s, provider, "1", "", "3")
	ok(t, s.Notes.Write(ctx, provider, map[string][]byte{"a": nil, "b": []byte("2"), "c": []byte("new")}, time.Hour))
	wantNotes(t, s, provider, "", "2", "new")
	wantNotes(t, s, other, "another's")
}

func testNotesExpire(t *testing.T, s engine.Stores) {
	provider := newProvider()
	ok(t, s.Notes.Write(t.Context(), provider, map[string][]byte{"a": []byte("soon gone")}, 50*time.Millisecond))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if must[[][]byte](t)(s.Notes.Read(t.Context(), provider, []string{"a"}))[0] == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the note is still there")
		}
	}
}
