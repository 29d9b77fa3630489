package vk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// enclosing is the provider of a community who wants files to go with messages.
func enclosing(server *vktest.Server) engine.Sender {
	from := sender(server)
	from.Provider.Settings[engine.SettingDocuments] = engine.DocumentsOn
	return from
}

// bill is the file of the i-th letter.
func bill(i int) engine.File {
	return engine.File{Name: fmt.Sprintf("Квитанция \"2026-10\" %d.pdf", 9000000+i), Type: "application/pdf",
		Make: func() ([]byte, error) { return fmt.Appendf(nil, "%%PDF-1.7 %d\x00\xff", i), nil }}
}

// bills are letters with their files.
func bills(n int) []engine.Message {
	msgs := letters(n)
	for i := range msgs {
		msgs[i].Content.Files = []engine.File{bill(i)}
	}
	return msgs
}

// arrived checks that each resident has one message, with just the files of theirs.
func arrived(t *testing.T, server *vktest.Server, msgs []engine.Message) {
	t.Helper()
	if server.Count() != len(msgs) {
		t.Errorf("%d of %d messages were taken", server.Count(), len(msgs))
	}
	for i, m := range msgs {
		got, _ := server.Newest(m.Recipient.VKID)
		if len(got.Enclosed) != len(m.Content.Files) || got.RandomID != int64(RandomID(m.Key)) {
			t.Fatalf("message %d has %d files of %d", i, len(got.Enclosed), len(m.Content.Files))
		}
		for k, f := range m.Content.Files {
			data, err := f.Bytes()
			if d := got.Enclosed[k]; err != nil || d.Name != f.Name || d.Title != f.Name || d.Type != f.Type || d.Sum != sha256.Sum256(data) {
				t.Errorf("file %d of message %d is %+v", k, i, d)
			}
		}
	}
}

func TestDocuments(t *testing.T) {
	for _, test := range []struct {
		name     string
		setting  string
		files    func(i int) int // of the i-th of 60 messages
		arrive   bool
		requests int
	}{
		{"nothing is set", "", func(int) int { return 1 }, false, 3},
		{"switched off", engine.DocumentsOff, func(int) int { return 1 }, false, 3},
		{"a bill each", engine.DocumentsOn, func(int) int { return 1 }, true, 9},
		{"no files", engine.DocumentsOn, func(int) int { return 0 }, true, 3},
		{"some have two, some none", engine.DocumentsOn, func(i int) int { return i % 3 }, true, 9},
		{"as many as there may be", engine.DocumentsOn, func(i int) int { return max(0, mostDocuments-mostDocuments*i) }, true, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			channel, server := unpaced(t)
			from := sender(server)
			from.Provider.Settings[engine.SettingDocuments] = test.setting
			msgs := letters(60)
			for i := range msgs {
				for k := range test.files(i) {
					msgs[i].Content.Files = append(msgs[i].Content.Files, bill(100*i+k))
				}
			}
			for range 2 { // the second time as after a lost answer
				before := server.Requests()
				want(t, channel.Send(t.Context(), from, msgs), engine.NoReason, "")
				if n := server.Requests() - before; n != test.requests {
					t.Errorf("it took %d requests, want %d", n, test.requests)
				}
			}
			if !test.arrive {
				for i := range msgs {
					msgs[i].Content.Files = nil
				}
			}
			arrived(t, server, msgs)
		})
	}
}

// TestDocumentIsAtFault has one message whose files cannot go out: it alone fails.
func TestDocumentIsAtFault(t *testing.T) {
	made := errors.New("made of nothing")
	for _, test := range []struct {
		name   string
		files  []engine.File
		reason engine.Reason
		code   string
	}{
		{"nothing in it", []engine.File{{Name: "a.pdf"}}, engine.BadMessage, ""},
		{"it cannot be made", []engine.File{bill(1), {Name: "a.pdf", Make: func() ([]byte, error) { return nil, made }}}, engine.BadMessage, ""},
		{"too many", make([]engine.File, mostDocuments+1), engine.BadMessage, ""},
		{"what VK does not take", []engine.File{{Name: "a.mp3", Data: []byte("a")}, bill(1)}, engine.Unknown, "VK upload 200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			channel, server := unpaced(t)
			msgs := bills(30)
			msgs[7].Content.Files = test.files
			results := channel.Send(t.Context(), enclosing(server), msgs)
			want(t, results[:7], engine.NoReason, "")
			want(t, results[7:8], test.reason, test.code)
			want(t, results[8:], engine.NoReason, "")
			if results[7].Fault.Whole {
				t.Error("it speaks for the channel")
			}
			arrived(t, server, append(msgs[:7:7], msgs[8:]...))
		})
	}
}

// TestUploadServerOnABadDay has the upload server fail once: one message fails, and arrives when all are sent again.
func TestUploadServerOnABadDay(t *testing.T) {
	for _, test := range []struct {
		name    string
		trouble vktest.UploadTrouble
		reason  engine.Reason
		code    string
		whole   bool
	}{
		{"it fails", vktest.UploadTrouble{Status: 502}, engine.Unavailable, "VK upload 502", true},
		{"it does not let us in", vktest.UploadTrouble{Status: 403}, engine.Unavailable, "VK upload 403", false},
		{"it sends us elsewhere", vktest.UploadTrouble{Status: 307}, engine.Unavailable, "VK upload 307", false},
		{"too large", vktest.UploadTrouble{Status: 413}, engine.BadMessage, "VK upload 413", false},
		{"cut before", vktest.UploadTrouble{Cut: vktest.CutBefore}, engine.Unavailable, "", true},
		{"cut after", vktest.UploadTrouble{Cut: vktest.CutAfter}, engine.Unavailable, "", true},
		{"no JSON", vktest.UploadTrouble{Answer: "<html>"}, engine.Unknown, "VK upload 200", false},
		{"an error", vktest.UploadTrouble{Answer: `{"error":"no_file","error_descr":"Квитанция"}`}, engine.Unknown, "VK upload 200", false},
		{"nothing told", vktest.UploadTrouble{Answer: `{"file":""}`}, engine.Unknown, "VK upload 200", false},
		{"a control character", vktest.UploadTrouble{Answer: `{"file":"a\u0007"}`}, engine.Unknown, "VK upload 200", false},
		{"too much told", vktest.UploadTrouble{Answer: `{"file":"` + strings.Repeat("a", mostUploadToken+1) + `"}`}, engine.Unknown, "VK upload 200", false},
		{"an answer without end", vktest.UploadTrouble{Answer: strings.Repeat(" ", 1<<20) + `{"file":"a"}`}, engine.Unknown, "VK upload 200", false},
		{"what docs.save does not know", vktest.UploadTrouble{Answer: `{"file":"7|\"];\nreturn"}`}, engine.Unknown, "VK 100", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			channel, server := unpaced(t)
			msgs := bills(30)
			test.trouble.Uploads = 1
			server.MisbehaveUploads(test.trouble)
			failed := 0
			for i, r := range channel.Send(t.Context(), enclosing(server), msgs) {
				if r.Fault == nil {
					want(t, []engine.Result{r}, engine.NoReason, "")
					continue
				}
				failed++
				want(t, []engine.Result{r}, test.reason, test.code)
				if r.Fault.Whole != test.whole || strings.Contains(r.Fault.Error(), "Квитанция") || strings.Contains(r.Fault.Error(), "key=") {
					t.Errorf("message %d: %v", i, r.Fault)
				}
			}
			if failed != 1 || server.Count() != len(msgs)-1 {
				t.Errorf("%d messages failed, %d were taken", failed, server.Count())
			}
			want(t, channel.Send(t.Context(), enclosing(server), msgs), engine.NoReason, "")
			arrived(t, server, msgs)
		})
	}
}

// TestNoUploadServer has all uploads fail in one way. Nothing arrives until it is over, and the API is not troubled with what makes no sense.
func TestNoUploadServer(t *testing.T) {
	for _, test := range []struct {
		name     string
		uploads  vktest.UploadTrouble
		calls    vktest.Trouble
		reason   engine.Reason
		code     string
		requests int
	}{
		{"it is down", vktest.UploadTrouble{Status: 503}, vktest.Trouble{}, engine.Unavailable, "VK upload 503", 2},
		{"no place", vktest.UploadTrouble{Place: "://"}, vktest.Trouble{}, engine.Unknown, "", 2},
		{"a place in the open", vktest.UploadTrouble{Place: "http://127.0.0.1:9/upload"}, vktest.Trouble{}, engine.Unknown, "", 2},
		{"none is told", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 10, CallMethod: "docs.getMessagesUploadServer"}, engine.Unavailable, "VK 10", 2},
		{"nobody allows it", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 901, CallMethod: "docs.getMessagesUploadServer"}, engine.Refused, "VK 901", 2},
		{"no such people", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 100, CallMethod: "docs.getMessagesUploadServer"}, engine.BadAddress, "VK 100", 2},
		{"not saved", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 105, CallMethod: "docs.save"}, engine.Unavailable, "VK 105", 4},
		{"unknown when it is saved", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 100, CallMethod: "docs.save"}, engine.Unknown, "VK 100", 4},
		{"not attached", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 100}, engine.Unknown, "VK 100", 6},
		{"the token has no right to documents", vktest.UploadTrouble{}, vktest.Trouble{CallCode: 15, CallMethod: "docs.save"}, engine.Misconfigured, "VK 15", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, vktest.Options{Rate: -1})
			channel := open(t, Config{Requests: -1, Concurrent: 1})
			server.MisbehaveUploads(test.uploads)
			server.Misbehave(test.calls)
			msgs := bills(50)
			for i, r := range channel.Send(t.Context(), enclosing(server), msgs) {
				if r.Fault == nil || r.Fault.Reason != test.reason || i == 0 && r.Fault.Code != test.code {
					t.Fatalf("message %d: %v", i, r.Fault)
				}
			}
			if server.Count() != 0 || server.Requests() > test.requests {
				t.Errorf("%d messages were taken, %d requests made", server.Count(), server.Requests())
			}
			server.MisbehaveUploads(vktest.UploadTrouble{})
			server.Misbehave(vktest.Trouble{})
			want(t, channel.Send(t.Context(), enclosing(server), msgs), engine.NoReason, "")
			arrived(t, server, msgs)
		})
	}
}

func TestRefusedUpload(t *testing.T) {
	channel, server := unpaced(t)
	server.Refuse(resident(1), 901)
	results := channel.Send(t.Context(), enclosing(server), bills(3))
	want(t, results[:1], engine.NoReason, "")
	want(t, results[1:2], engine.Refused, "VK 901")
	want(t, results[2:], engine.NoReason, "")
	server.Refuse(resident(1), 0)
	if known, err := channel.Allowed(t.Context(), sender(server).Provider, []int64{resident(1)}); err != nil || known[resident(1)] {
		t.Errorf("it is not remembered: %v, %v", known, err)
	}
}

// TestUploadHangs has the upload server answer nothing: the channel's timeout ends it, or ctx.
func TestUploadHangs(t *testing.T) {
	server := start(t, vktest.Options{Rate: -1})
	server.MisbehaveUploads(vktest.UploadTrouble{Hang: true})
	want(t, open(t, Config{Requests: -1, Timeout: 200 * time.Millisecond}).Send(t.Context(), enclosing(server), bills(3)), engine.Unavailable, "")
	ctx, cancel := context.WithCancel(t.Context())
	channel, done, before := open(t, Config{Requests: -1}), make(chan []engine.Result), server.Requests()
	go func() { done <- channel.Send(ctx, enclosing(server), bills(3)) }()
	eventually(t, func() bool { return server.Requests() > before })
	cancel()
	for i, r := range <-done {
		if r.Fault == nil || r.Fault.Reason != engine.Unavailable || r.Fault.Whole || !errors.Is(r.Fault, context.Canceled) {
			t.Errorf("message %d: %v", i, r.Fault)
		}
	}
	if server.Count() != 0 {
		t.Errorf("%d messages were taken", server.Count())
	}
}

func TestTrusts(t *testing.T) {
	for _, test := range []struct {
		api, address string
		want         bool
	}{
		{"https://api.vk.com/method/", "https://pu.vk.com/c1/upload.php?act=add_doc_new&mid=1", true},
		{"https://api.vk.com/method/", "http://pu.vk.com/upload.php", false},
		{"https://api.vk.com/method/", "http://api.vk.com/upload.php", false},
		{"http://127.0.0.1:80/method/", "http://127.0.0.1:80/upload", true},
		{"http://127.0.0.1:80/method/", "http://127.0.0.1:81/upload", false},
		{"http://127.0.0.1:80/method/", "https://a:b@127.0.0.1:80/upload", false},
		{"http://127.0.0.1:80/method/", "file:///etc/passwd", false},
		{"http://127.0.0.1:80/method/", "/upload", false},
		{"http://127.0.0.1:80/method/", "", false},
	} {
		if got := (place{url: test.api}).trusts(test.address); got != test.want {
			t.Errorf("from %s to %s: %t", test.api, test.address, got)
		}
	}
}
