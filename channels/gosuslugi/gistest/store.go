package gistest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // as the format has it
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
)

// storeRoot is where the file store is, before the name of the context.
const storeRoot = "/ext-bus-file-store-service/rest/"

// mostPart is how large one part of a file may be.
const mostPart = 5 << 20

// File is a file in the file store.
type File struct {
	Name    string
	Data    []byte
	Length  int // as was told before
	parts   [][]byte
	done    bool
	context string
	org     string
}

// endings are those of files that are taken.
var endings = []string{".pdf", ".xls", ".xlsx", ".doc", ".docx", ".rtf", ".jpg", ".jpeg", ".tif", ".tiff", ".zip", ".xml"}

// Files gives what an organization has stored completely.
func (s *Server) Files(org string) (list []File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.org == org && f.done {
			list = append(list, *f)
		}
	}
	return list
}

// keep does what a request to the file store wants, unless code says why not.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, code string) {
	data, err := io.ReadAll(io.LimitReader(r.Body, mostPart+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	context, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, storeRoot), "/")
	if code == "" {
		id, code = s.stow(r, context, id, data)
	}
	if code != "" {
		w.Header().Set("X-Upload-Error", code)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Upload-UploadID", id)
	w.Header().Set("Location", storeRoot+context+"/"+id)
}

// stow does what a request wants; code tells why not.
func (s *Server) stow(r *http.Request, context, id string, data []byte) (given, code string) {
	sum, org := md5.Sum(data), r.Header.Get("X-Upload-OrgPPAGUID") //nolint:gosec // see the import
	f := s.files[id]
	switch {
	case s.orgs[org] == nil:
		return "", "DataProviderValidationException"
	case context != "informing":
		return "", "FieldValidationException"
	case id != "" && (f == nil || f.org != org):
		return "", "FileNotFoundException"
	case len(data) > mostPart:
		return "", "InvalidSizeException"
	case r.Method == http.MethodPut && r.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]):
		return "", "HashConflictException"
	case id == "" && (r.Method == http.MethodPut || r.URL.Query().Has("upload")):
		return s.begin(r, context, org, data)
	case r.Method == http.MethodPut:
		n, err := strconv.Atoi(r.Header.Get("X-Upload-Partnumber"))
		if err != nil || n < 1 || n > len(f.parts) {
			return "", "InvalidPartNumberException"
		}
		f.parts[n-1] = data
	case r.URL.Query().Has("completed"):
		if f.Data = bytes.Join(f.parts, nil); len(f.Data) != f.Length || slices.ContainsFunc(f.parts, func(p []byte) bool { return len(p) == 0 }) {
			return "", "InvalidStatusException"
		}
		f.done = true
	case r.Method != http.MethodHead:
		return "", "FieldValidationException"
	}
	return id, ""
}

// begin takes a small file, or what is told of a large one.
func (s *Server) begin(r *http.Request, context, org string, data []byte) (id, code string) {
	written := r.Header.Get("X-Upload-Filename")
	name, err := new(mime.WordDecoder).DecodeHeader(written)
	if err != nil || name == "" || strings.ContainsFunc(written, func(c rune) bool { return c > 126 }) {
		return "", "FieldValidationException"
	}
	if !slices.Contains(endings, strings.ToLower(path.Ext(name))) {
		return "", "ExtensionException"
	}
	f := &File{Name: name, Data: data, Length: len(data), done: r.Method == http.MethodPut, context: context, org: org}
	if !f.done {
		parts, wrong := strconv.Atoi(r.Header.Get("X-Upload-Part-Count"))
		if f.Length, err = strconv.Atoi(r.Header.Get("X-Upload-Length")); err != nil || wrong != nil || parts != (f.Length+mostPart-1)/mostPart {
			return "", "InvalidSizeException"
		}
		f.parts = make([][]byte, parts)
	}
	id = guid()
	s.files[id] = f
	return id, ""
}

// attached gives the names of the files that news refer to; code tells what is wrong with one. Digests are made by openssl.
func (s *Server) attached(org string, list []*element) (names []string, code string) {
	for _, a := range list {
		f := s.files[a.child("Attachment", "AttachmentGUID").text]
		if f == nil || !f.done || f.org != org {
			return nil, "FIL001002"
		}
		digest := exec.Command("openssl", "dgst", "-engine", "gost", "-md_gost94", "-r")
		digest.Stdin = bytes.NewReader(f.Data)
		said, err := digest.Output()
		if err != nil || !strings.EqualFold(string(said[:min(64, len(said))]), a.child("AttachmentHASH").text) {
			return nil, "FIL001005"
		}
		names = append(names, a.child("Name").text)
	}
	return names, ""
}
