package vk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"

	"vestnik/engine"
)

// Bounds of an upload: bytes of a document (dev.vk.com/ru/api/upload/document-in-message), and our own for what the upload server answers.
const (
	mostDocument     = 200 << 20
	mostUploadAnswer = 64 << 10
	mostUploadToken  = 16 << 10 // some hundred are usual; docs.save repeats it in a program
)

// upload takes a document to its place, which is on another host than the API, and gives what docs.save knows it by. It is not an API request: it
// needs neither the token nor a turn.
func (c *community) upload(ctx context.Context, d *document) (token string, fault *engine.Fault) {
	if ctx.Err() != nil {
		return "", untried(ctx)
	}
	if !c.trusts(d.place) {
		return "", &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK tells a place for documents that is not safe")}
	}
	request, fault := formWith(ctx, d)
	if fault != nil {
		return "", fault
	}
	answer, err := c.channel.uploads.Do(request)
	if err != nil {
		return "", faultOf(ctx, err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, mostUploadAnswer))
	if err != nil {
		return "", faultOf(ctx, err)
	}
	return tokenOf(answer.StatusCode, said)
}

// trusts reports whether documents may be uploaded to an address that VK told: over https, or to where the API itself is.
func (at place) trusts(address string) bool {
	to, err := url.Parse(address)
	if err != nil || to.Host == "" || to.User != nil {
		return false
	}
	own, err := url.Parse(at.url)
	return to.Scheme == "https" || err == nil && to.Scheme == own.Scheme && to.Host == own.Host
}

// formWith makes the request that uploads a document: its one field is the file, which is not copied.
func formWith(ctx context.Context, d *document) (*http.Request, *engine.Fault) {
	data, err := d.file.Bytes()
	switch {
	case err != nil:
		return nil, &engine.Fault{Reason: engine.BadMessage, Err: fmt.Errorf("make a file: %w", err)}
	case len(data) == 0 || len(data) > mostDocument:
		return nil, &engine.Fault{Reason: engine.BadMessage, Err: fmt.Errorf("a file has %d bytes, VK takes 1 to %d", len(data), mostDocument)}
	}
	var frame bytes.Buffer
	form := multipart.NewWriter(&frame)
	_, _ = form.CreatePart(textproto.MIMEHeader{ // into memory
		"Content-Disposition": {multipart.FileContentDisposition("file", cmp.Or(clean(d.file.Name), "document"))},
		"Content-Type":        {cmp.Or(d.file.Type, "application/octet-stream")},
	})
	head := frame.Len()
	_ = form.Close()
	body := func() (io.ReadCloser, error) {
		all := frame.Bytes()
		return io.NopCloser(io.MultiReader(bytes.NewReader(all[:head]), bytes.NewReader(data), bytes.NewReader(all[head:]))), nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.place, nil)
	if err != nil {
		return nil, &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK tells a place for documents that is none")}
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Body, _ = body()
	request.GetBody, request.ContentLength = body, int64(frame.Len()+len(data))
	return request, nil
}

// tokenOf reads the answer of the upload server. Its words about a failure are not repeated: nobody documents what they are.
func tokenOf(status int, said []byte) (string, *engine.Fault) {
	code := fmt.Sprintf("VK upload %d", status)
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return "", &engine.Fault{Reason: engine.BadMessage, Code: code, Err: errors.New("a document is too large")}
	case status != http.StatusOK:
		return "", &engine.Fault{Reason: engine.Unavailable, Code: code, Whole: status >= 500, Err: errors.New("the upload server does not take a document")}
	}
	var answer struct {
		File string `json:"file"`
	}
	if json.Unmarshal(said, &answer) != nil || answer.File == "" || len(answer.File) > mostUploadToken || clean(answer.File) != answer.File {
		return "", &engine.Fault{Reason: engine.Unknown, Code: code, Err: errors.New("the upload server does not tell of a document that it took it")}
	}
	return answer.File, nil
}
