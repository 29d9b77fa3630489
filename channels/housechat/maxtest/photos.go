package maxtest

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"  // a photo may be one,
	_ "image/jpeg" // or one,
	_ "image/png"  // or one of these
	"net/http"
	"net/url"
)

// uploads is where photos are handed over: another host of MAX, and here another path.
const uploads = "/upload-image"

// place is POST /uploads: where to hand over a photo.
func (s *Server) place(method string, query url.Values) (any, error) {
	switch {
	case method != http.MethodPost:
		return nil, noMethod
	case query.Get("type") != "image":
		return nil, payload("type: image")
	}
	return map[string]any{"url": s.URL() + uploads}, nil
}

// upload takes a photo. The first message that carries it comes too early: MAX works on photos for a moment.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = http.NoBody
	parsed := &http.Request{Method: r.Method, Header: r.Header, Body: closer{bytes.NewReader(body)}}
	file, _, err := parsed.FormFile("data")
	if err == nil {
		defer file.Close()
		_, _, err = image.DecodeConfig(file)
	}
	if err != nil {
		s.refuse(w, payload("not a photo"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("photo%d", len(s.photos)+1)
	s.photos[name] = false
	write(w, http.StatusOK, map[string]any{"photos": map[string]any{fmt.Sprint(len(s.photos)): map[string]string{"token": name}}})
}

// closer is a body that was read already.
type closer struct{ *bytes.Reader }

// Close does nothing.
func (closer) Close() error { return nil }

// show gives a post its photos.
func (s *Server) show(post *Post, photos map[string]token) error {
	if len(photos) == 0 {
		return payload("photos")
	}
	for _, p := range photos {
		ready, there := s.photos[p.Token]
		if !there {
			return payload("no such photo")
		}
		if !ready {
			s.photos[p.Token] = true
			return oops{http.StatusBadRequest, "attachment.not.ready", "Key: errors.process.attachment.file.not.processed"}
		}
		post.Photos = append(post.Photos, p.Token)
	}
	return nil
}
