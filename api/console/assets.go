package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
)

//go:embed assets
var assetFiles embed.FS

// assets serves the files that pages name. Each address carries a digest of the file, so that browsers may keep it for ever.
type assets struct {
	files map[string]asset
}

type asset struct {
	content []byte
	kind    string
	version string
}

// assetKinds are the content types by extension; what has none is not served.
var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func loadAssets() (*assets, error) {
	found := &assets{files: map[string]asset{}}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("list the assets: %w", err)
	}
	for _, entry := range entries {
		content, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read an asset: %w", err)
		}
		digest := sha256.Sum256(content)
		found.files[entry.Name()] = asset{content, assetKinds[path.Ext(entry.Name())], hex.EncodeToString(digest[:6])}
	}
	return found, nil
}

// address is where a file is.
func (a *assets) address(name string) string {
	return home + "/assets/" + name + "?v=" + a.files[name].version
}

// ServeHTTP serves one file.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, there := a.files[r.PathValue("name")]
	if !there || file.kind == "" {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	header.Set("ETag", `"`+file.version+`"`)
	header.Set("Cache-Control", "public, max-age=300")
	if r.URL.Query().Get("v") == file.version {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+file.version+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(file.content) // the browser is gone: nobody is left to be told
}
