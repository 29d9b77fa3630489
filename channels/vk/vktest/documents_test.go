package vktest

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// uploaded puts files, by the names of their fields and their own, to an address, and gives what docs.save may know them by.
func uploaded(t *testing.T, address, token string, files ...[2]string) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := form.CreateFormFile(f[0], f[1])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte("%PDF-"))
	}
	_ = form.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct{ File, Error string }
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil || (said.File == "") == (said.Error == "") {
		t.Fatalf("the answer is %+v, %v", said, err)
	}
	return said.File
}

func TestStrictWithDocuments(t *testing.T) {
	s := start(t, Options{Rate: -1})
	s.Refuse(6, 901)
	var told struct {
		URL string `json:"upload_url"`
	}
	if err := json.Unmarshal([]byte(ask(t, s, "docs.getMessagesUploadServer", url.Values{"type": {"doc"}, "peer_id": {"5"}})), &told); err != nil {
		t.Fatal(err)
	}
	bill := [2]string{"file", "bill.pdf"}
	for _, test := range []struct {
		name, address, token string
		files                [][2]string
		taken                bool
	}{
		{"a document", told.URL, "", [][2]string{bill}, true},
		{"another field", told.URL, "", [][2]string{{"photo", "bill.pdf"}}, false},
		{"no name", told.URL, "", [][2]string{{"file", ""}}, false},
		{"two", told.URL, "", [][2]string{bill, bill}, false},
		{"none", told.URL, "", nil, false},
		{"music", told.URL, "", [][2]string{{"file", "a.MP3"}}, false},
		{"for another user", strings.Replace(told.URL, "peer=5", "peer=7", 1), "", [][2]string{bill}, false},
		{"the token is told", told.URL, DefaultToken, [][2]string{bill}, false},
	} {
		if got := uploaded(t, test.address, test.token, test.files...); (got != "") != test.taken {
			t.Errorf("%s: taken as %q", test.name, got)
		}
	}
	file := url.Values{"file": {uploaded(t, told.URL, "", bill)}, "title": {"bill.pdf"}}
	var saved struct {
		Doc struct {
			Key string `json:"access_key"`
		}
	}
	if err := json.Unmarshal([]byte(ask(t, s, "docs.save", file)), &saved); err != nil || saved.Doc.Key == "" {
		t.Fatalf("it is saved as %+v, %v", saved, err)
	}
	name := "doc-1_1000_" + saved.Doc.Key
	send := func(peer, names string) url.Values {
		return url.Values{"peer_ids": {peer}, "random_id": {"1"}, "message": {"x"}, "attachment": {names}}
	}
	for _, test := range []struct {
		name, method string
		form         url.Values
		want         string // the beginning of the answer
	}{
		{"saved twice", "docs.save", file, "error 100"},
		{"another type", "docs.getMessagesUploadServer", url.Values{"type": {"audio_message"}, "peer_id": {"5"}}, "error 100"},
		{"without permission", "docs.getMessagesUploadServer", url.Values{"type": {"doc"}, "peer_id": {"6"}}, "error 901"},
		{"to another user", "messages.send", send("7", name), `[{"peer_id":7,"error":{"code":100,`},
		{"without its key", "messages.send", send("5", "doc-1_1000"), `[{"peer_id":5,"error":{"code":100,`},
		{"too often", "messages.send", send("5", name+strings.Repeat(","+name, 10)), `[{"peer_id":5,"error":{"code":100,`},
		{"where it belongs", "messages.send", send("5", name), `[{"peer_id":5,"message_id":1,`},
	} {
		if got := ask(t, s, test.method, test.form); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: the answer is %s, want %s", test.name, got, test.want)
		}
	}
	if m, _ := s.Newest(5); len(m.Enclosed) != 1 || m.Enclosed[0].Title != "bill.pdf" || m.Enclosed[0].Size != 5 {
		t.Errorf("the user has %+v", m)
	}
}
