package inbound

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// name stands in the samples for the name of the letter.
const name = "0123456789abcdefghjkmnpqrstvwxyz0123456789abc"

// sample reads a message of testdata as it comes over the wire.
func sample(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")), []byte("NAME"), []byte(name))
}

// samples lists the messages of testdata. The last word of a name before .eml is the class it must be read as.
func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) < 30 {
		t.Fatal(files, err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	return files
}

// classOf is what a sample must be read as.
func classOf(file string) Class {
	words := strings.Split(strings.TrimSuffix(file, ".eml"), ".")
	return Class(words[len(words)-1])
}

func TestSamples(t *testing.T) {
	for _, file := range samples(t) {
		r := read(sample(t, file), false)
		if r.class != classOf(file) {
			t.Errorf("%s is read as %+v", file, r.verdict)
		}
		if named := len(r.outer)+len(r.inner) > 0; !named && file != "garbage.unknown.eml" && file != "own.loop.eml" {
			t.Errorf("%s: its letter is not found", file)
		}
		for _, found := range r.inner {
			if found != name {
				t.Errorf("%s: found %q", file, found)
			}
		}
		if strings.Contains(r.code, "@") {
			t.Errorf("%s: an address in the code %q", file, r.code)
		}
		if r.human != (file == "person.unknown.eml") {
			t.Errorf("%s: human is %v", file, r.human)
		}
	}
}

func TestCodesAndReasons(t *testing.T) {
	for file, want := range map[string]verdict{
		"postfix.hard":         {Hard, engine.BadAddress, "5.1.1"},
		"gmail.hard":           {Hard, engine.BadAddress, "550 5.1.1"},
		"gmail.full.soft":      {Soft, engine.Unavailable, "452 4.2.2"},
		"exchange.hard":        {Hard, engine.BadAddress, "550 5.1.10"},
		"exchange.denied.hard": {Hard, engine.BadAddress, "550 5.4.1"},
		"exchange55.hard":      {Hard, engine.BadAddress, "5.1.1"},
		"yandex.hard":          {Hard, engine.BadAddress, "550 5.7.1"},
		"yandex.spam.refused":  {Refused, engine.Refused, "554 5.7.1"},
		"mailru.hard":          {Hard, engine.BadAddress, "550"},
		"mailru.full.soft":     {Soft, engine.Unavailable, "552 5.2.2"},
		"qmail.hard":           {Hard, engine.BadAddress, "5.1.1"},
		"qmail.remote.soft":    {Soft, engine.Unavailable, "552 5.2.2"},
		"several.hard":         {Hard, engine.BadAddress, "550 5.1.1"},
		"silent.soft":          {Soft, engine.Unknown, "5.0.0"},
		"toolarge.refused":     {Refused, engine.BadMessage, "552 5.3.4"},
		"postfix.expired.soft": {Soft, engine.Unavailable, "4.4.1"},
	} {
		if got := read(sample(t, file+".eml"), false).verdict; got != want {
			t.Errorf("%s: %+v, want %+v", file, got, want)
		}
	}
}

// TestTheEnvelopeTellsOfMachines reads bounces whose envelope alone tells that no person sent them.
func TestTheEnvelopeTellsOfMachines(t *testing.T) {
	bounce := []byte("From: <robot@old.example>\r\nSubject: Mail delivery failed\r\n\r\nNo such user here.\r\n")
	if got := read(bounce, true); got.class != Hard {
		t.Errorf("a bounce is read as %+v", got)
	}
	if got := read(bounce, false); got.class != Unknown || !got.human {
		t.Errorf("a letter with such a subject is read as %+v", got)
	}
	if got := read([]byte("From: <robot@old.example>\r\nSubject: hello\r\n\r\nI am a robot.\r\n"), true); got.class != AutoReply || got.human {
		t.Errorf("a letter without a sender is read as %+v", got)
	}
}

// TestEveryCutOfASampleIsRead cuts messages anywhere: what was read until there counts, and nothing is read that was not said.
func TestEveryCutOfASampleIsRead(t *testing.T) {
	for _, file := range samples(t) {
		raw := sample(t, file)
		for at := 0; at < len(raw); at += 7 {
			got := read(raw[:at], false)
			if got.class == Complaint && classOf(file) != Complaint || got.class == Hard && slices.Contains([]Class{AutoReply, Receipt, Feedback, Delayed}, classOf(file)) {
				t.Errorf("%s cut at %d is read as %+v", file, at, got.verdict)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(sample(f, file), true)
	}
	known := Classes()
	f.Fuzz(func(t *testing.T, raw []byte, null bool) {
		r := read(raw, null)
		if !slices.Contains(known, r.class) || len(r.code) > 20 || strings.ContainsAny(r.code, "@<>") {
			t.Errorf("read as %+v", r.verdict)
		}
		if fact, _ := r.class.fact(); (fact == engine.Bounced) != (r.reason != engine.NoReason) {
			t.Errorf("read as %+v", r.verdict)
		}
		if len(r.inner) > 2*mostNames*(mostParts+1) {
			t.Errorf("%d names", len(r.inner))
		}
	})
}

// BenchmarkRead reads one report of Postfix.
func BenchmarkRead(b *testing.B) {
	raw := sample(b, "postfix.hard.eml")
	b.ReportAllocs()
	for b.Loop() {
		read(raw, true)
	}
}
