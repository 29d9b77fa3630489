package vktest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Limits of documents (dev.vk.com/ru/api/upload/document-in-message, dev.vk.com/ru/method/messages.send).
const (
	mostDocument  = 200 << 20
	mostDocuments = 10
)

// Document is a file that came with a message. Its bytes are not kept, only what tells them from others.
type Document struct {
	Name  string // of the file that was uploaded
	Title string // of the document it was saved as
	Type  string // media type
	Size  int64
	Sum   [sha256.Size]byte
	peer  int64 // in whose dialog it may be
}

// documents are those of the community.
type documents struct {
	count    int
	uploaded map[string]Document // by what docs.save knows them by
	saved    map[string]Document // by what messages name them by
	trouble  UploadTrouble
	left     int // uploads that the trouble still meets; negative: all
}

// UploadTrouble is how the server that documents are uploaded to misbehaves. The zero UploadTrouble is none.
type UploadTrouble struct {
	Status  int    // is answered instead of 200, with a page of HTML; 3xx lead here again
	Answer  string // is answered instead of what was uploaded
	Cut     Cut    // the connection
	Hang    bool   // no answer, for as long as the client waits
	Place   string // is told as the address to upload to
	Uploads int    // how many it meets, the telling of Place not counted; 0: all until the next MisbehaveUploads
}

// MisbehaveUploads makes trouble from the next upload on, and ends the trouble before.
func (s *Server) MisbehaveUploads(t UploadTrouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents.trouble, s.documents.left = t, -1
	if t.Uploads > 0 {
		s.documents.left = t.Uploads
	}
}

// meetUpload gives the trouble that an upload meets.
func (s *Server) meetUpload() UploadTrouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.documents.left == 0 {
		return UploadTrouble{}
	}
	s.documents.left--
	return s.documents.trouble
}

// placeFor is docs.getMessagesUploadServer.
func (s *Server) placeFor(params json.RawMessage) (any, int) {
	var p struct {
		Type   string `json:"type"`
		PeerID int64  `json:"peer_id"`
	}
	if err := strictly(params, &p); err != nil {
		return nil, broken(err)
	}
	at := s.URL() + "/upload/document?" + url.Values{"peer": {itoa(p.PeerID)}, "key": {s.uploadKey(itoa(p.PeerID))}}.Encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Type != "doc" {
		return nil, 100
	}
	if code := s.refusal(p.PeerID); code != 0 {
		return nil, code
	}
	if told := s.documents.trouble.Place; told != "" {
		at = told
	}
	return map[string]any{"upload_url": at}, 0
}

// uploadKey opens the upload server for the documents of a peer.
func (s *Server) uploadKey(peer string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(s.options.Token+"/"+peer)))[:32]
}

// uploadDocument takes a document at the address that docs.getMessagesUploadServer told.
func (s *Server) uploadDocument(w http.ResponseWriter, r *http.Request) {
	trouble := s.meetUpload()
	switch {
	case trouble.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // until then nobody looks whether the client waits
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case trouble.Cut == CutBefore:
		panic(http.ErrAbortHandler)
	case trouble.Status != 0:
		w.Header().Set("Content-Type", "text/html")
		if trouble.Status/100 == 3 {
			w.Header().Set("Location", r.URL.String())
		}
		w.WriteHeader(trouble.Status)
		_, _ = fmt.Fprintf(w, "<html><h1>%d</h1></html>", trouble.Status)
		return
	case trouble.Answer != "":
		_, _ = io.WriteString(w, trouble.Answer)
		return
	}
	said := map[string]string{}
	if d, err := s.documentIn(r); err != nil {
		said["error"], said["error_descr"] = "bad_request", err.Error()
	} else {
		said["file"] = s.take(d)
	}
	if trouble.Cut == CutAfter {
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(said)
}

// documentIn reads an upload: a form whose one field is the file. The token of the community has no business here.
func (s *Server) documentIn(r *http.Request) (d Document, err error) {
	query := r.URL.Query()
	if _, err := fmt.Sscan(query.Get("peer"), &d.peer); err != nil || query.Get("key") != s.uploadKey(query.Get("peer")) || r.Header.Get("Authorization") != "" {
		return d, errors.New("nobody is expected here")
	}
	form, err := r.MultipartReader()
	if err != nil {
		return d, err
	}
	part, err := form.NextPart()
	if err != nil {
		return d, err
	}
	d.Name, d.Type = part.FileName(), part.Header.Get("Content-Type")
	if part.FormName() != "file" || d.Name == "" || slices.Contains([]string{".mp3", ".exe", ".bat", ".apk"}, strings.ToLower(path.Ext(d.Name))) {
		return d, errors.New("no file that is taken")
	}
	sum := sha256.New()
	if d.Size, err = io.Copy(sum, io.LimitReader(part, mostDocument+1)); err != nil || d.Size == 0 || d.Size > mostDocument {
		return d, errors.Join(errors.New("no size that is taken"), err)
	}
	sum.Sum(d.Sum[:0])
	if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
		return d, errors.New("more than a file")
	}
	return d, nil
}

// take keeps an upload until it is saved, and gives what docs.save knows it by.
func (s *Server) take(d Document) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents.count++
	token = fmt.Sprintf(`%d|0|-1|%x|"pdf"`, s.documents.count, d.Sum[:8])
	if s.documents.uploaded == nil {
		s.documents.uploaded, s.documents.saved = map[string]Document{}, map[string]Document{}
	}
	s.documents.uploaded[token] = d
	return token
}

// saveDocument is docs.save. An upload is saved once.
func (s *Server) saveDocument(params json.RawMessage) (any, int) {
	var p struct {
		File  string `json:"file"`
		Title string `json:"title"`
	}
	if err := strictly(params, &p); err != nil {
		return nil, broken(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, is := s.documents.uploaded[p.File]
	if !is {
		return nil, 100
	}
	delete(s.documents.uploaded, p.File)
	d.Title = p.Title
	id, key := int64(1000+len(s.documents.saved)), fmt.Sprintf("%x", d.Sum[8:16])
	s.documents.saved[fmt.Sprintf("doc-%d_%d_%s", s.options.Group, id, key)] = d
	return map[string]any{"type": "doc", "doc": map[string]any{"id": id, "owner_id": -s.options.Group, "title": d.Title, "size": d.Size, "access_key": key}}, 0
}

// enclosed reads an attachment that is a list of documents that were saved for a dialog, with their keys; s.mu is held.
func (s *Server) enclosed(peer int64, attachment string) (list []Document, ok bool) {
	if attachment == "" {
		return nil, true
	}
	for name := range strings.SplitSeq(attachment, ",") {
		d, is := s.documents.saved[name]
		if !is || d.peer != peer {
			return nil, false
		}
		list = append(list, d)
	}
	return list, len(list) <= mostDocuments
}
