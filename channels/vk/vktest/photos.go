package vktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif"  // a photo may be one,
	_ "image/jpeg" // or one,
	_ "image/png"  // or one of these
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mostPhoto is how many bytes a photo may have (dev.vk.com, "Upload photos": 50 MB; here no test needs more).
const mostPhoto = 5 << 20

// upload takes a photo at the address that photos.getMessagesUploadServer gives.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	said := map[string]any{"server": 1, "photo": "[]", "hash": ""}
	defer func() { _ = json.NewEncoder(w).Encode(said) }()
	r.Body = http.MaxBytesReader(w, r.Body, mostPhoto)
	file, _, err := r.FormFile("photo")
	if err != nil {
		return
	}
	defer file.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(file); err != nil {
		return
	}
	if _, _, err := image.DecodeConfig(&body); err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.photos = append(s.photos, "")
	said["photo"], said["hash"] = fmt.Sprintf(`[{"n":%d}]`, len(s.photos)), fmt.Sprintf("hash%d", len(s.photos))
}

// photo is the methods about photos.
func (s *Server) photo(name string, form url.Values) (any, int) {
	if name == "photos.getMessagesUploadServer" {
		return map[string]any{"upload_url": s.URL() + "/upload?act=messages", "album_id": -64, "group_id": s.options.Group}, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	if _, err := fmt.Sscanf(form.Get("photo"), `[{"n":%d}]`, &n); err != nil || n < 1 || n > len(s.photos) || form.Get("hash") != fmt.Sprintf("hash%d", n) {
		return nil, 129
	}
	s.photos[n-1] = fmt.Sprintf("photo-%d_%d", s.options.Group, n)
	return []any{map[string]any{"id": n, "owner_id": -s.options.Group, "access_key": fmt.Sprintf("key%d", n)}}, 0
}

// photosOf reads an attachment that is a list of photos that were saved, with their keys; s.mu is held.
func (s *Server) photosOf(attachment string) (list []string, ok bool) {
	if attachment == "" {
		return nil, true
	}
	for text := range strings.SplitSeq(attachment, ",") {
		at := strings.LastIndexByte(text, '_')
		if at < 0 || !slices.Contains(s.photos, text[:at]) || strings.TrimPrefix(text[at:], "_key") != text[strings.LastIndexByte(text[:at], '_')+1:at] {
			return nil, false
		}
		list = append(list, text[:at])
	}
	return list, len(list) <= 10
}
