package inbound

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vestnik/engine"
)

// maildir makes an empty folder.
func (o *office) maildir() *Maildir {
	o.Helper()
	dir := o.TempDir()
	for _, name := range []string{"new", "cur", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			o.Fatal(err)
		}
	}
	return &Maildir{Dir: dir, Desk: o.desk, Rest: 10 * time.Millisecond, Log: o.desk.Log}
}

func (o *office) put(m *Maildir, file string, raw []byte) {
	o.Helper()
	if err := os.WriteFile(filepath.Join(m.Dir, "new", file), raw, 0o600); err != nil {
		o.Fatal(err)
	}
}

// lie counts the messages in new/ and cur/.
func (o *office) lie(m *Maildir) (fresh, seen int) {
	o.Helper()
	counts := map[string]int{}
	for _, name := range []string{"new", "cur"} {
		list, err := os.ReadDir(filepath.Join(m.Dir, name))
		if err != nil {
			o.Fatal(err)
		}
		counts[name] = len(list)
	}
	return counts["new"], counts["cur"]
}

func TestMaildirIsReadOnce(t *testing.T) {
	o := newOffice(t)
	m := o.maildir()
	one, two := o.letter(o.campaign, 1), o.letter(o.campaign, 2)
	o.put(m, "1.a.host", append([]byte("Return-Path: <>\r\nDelivered-To: b+"+one+"@bounces.example\r\n"), o.mail("postfix.hard", one)...))
	o.put(m, "2.b.host", append([]byte("Return-Path: <>\r\nX-Original-To: b+"+two+"@bounces.example\r\n"), o.mail("mailru.complaint", two)...))
	o.put(m, "3.c.host", []byte("no mail at all"))
	o.put(m, ".hidden", []byte("of another program"))
	if err := os.Symlink("/etc/passwd", filepath.Join(m.Dir, "new", "4.d.host")); err != nil {
		t.Fatal(err)
	}
	if n, err := m.Look(t.Context()); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if list := o.observed(); len(list) != 2 || list[0].Ordinal != 1 || list[1].Fact != engine.Complained {
		t.Errorf("observed %+v", list)
	}
	if fresh, seen := o.lie(m); fresh != 2 || seen != 3 {
		t.Errorf("%d are new and %d seen", fresh, seen)
	}
	if n, err := m.Look(t.Context()); n != 0 || err != nil || len(o.observed()) != 0 {
		t.Errorf("looked again: %d %v", n, err)
	}
}

// TestMaildirSurvives stores that are down, a crash between reading and moving, another reader, and a folder that is not there.
func TestMaildirSurvives(t *testing.T) {
	o := newOffice(t)
	m := o.maildir()
	about := o.letter(o.campaign, 1)
	o.put(m, "1.a.host", o.mail("postfix.hard", about))
	o.fail(engine.ErrDown)
	if n, err := m.Look(t.Context()); n != 0 || err == nil {
		t.Error(n, err)
	}
	if fresh, _ := o.lie(m); fresh != 1 {
		t.Error("a message that was not taken has gone")
	}
	o.fail(nil)
	if n, err := m.Look(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	o.put(m, "1.a.host", o.mail("postfix.hard", about)) // as if the crash had come before the move
	if n, err := m.Look(t.Context()); n != 1 || err != nil || len(o.observed()) != 2 {
		t.Error(n, err)
	}
	if fresh, seen := o.lie(m); fresh != 0 || seen != 1 {
		t.Errorf("%d are new and %d seen", fresh, seen)
	}
	if err := os.Rename(filepath.Join(m.Dir, "new"), filepath.Join(m.Dir, "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Look(t.Context()); err == nil {
		t.Error("a folder that is not there was read")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	if err := os.Rename(filepath.Join(m.Dir, "away"), filepath.Join(m.Dir, "new")); err != nil {
		t.Fatal(err)
	}
	o.put(m, "5.e.host", o.mail("mailru.hard", about))
	for fresh, _ := o.lie(m); fresh > 0; fresh, _ = o.lie(m) {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
