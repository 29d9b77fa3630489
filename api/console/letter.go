package console

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"path"
	"strings"

	"vestnik/engine"
)

// letter is a message as its reader has it, and as it came.
type letter struct {
	Fields     []field // of the header, in their order; none of a message that has no source
	Text, HTML string
	Files      []engine.File
	Buttons    []engine.Button

	inline map[string]engine.File // by Content-ID: what the HTML shows
}

// field is one of the header, decoded.
type field struct{ Name, Value string }

// maxDepth bounds how deep the parts of a letter may lie in one another.
const maxDepth = 10

// letterOf opens a kept message. A source is read as a mail program would read it; one that cannot be read to its end shows what there is.
func letterOf(k engine.Kept) letter {
	if k.Source == nil {
		return letter{Text: k.Content.Text, HTML: k.Content.HTML, Files: k.Content.Files, Buttons: k.Content.Buttons}
	}
	l := letter{inline: map[string]engine.File{}}
	head, body, _ := bytes.Cut(k.Source, []byte("\r\n\r\n"))
	l.Fields = fieldsOf(string(head))
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(head, "\r\n\r\n"...)))).ReadMIMEHeader()
	if err != nil {
		return l
	}
	l.part(header, bytes.NewReader(body), 0)
	return l
}

// headerWords decodes header fields (RFC 2047).
var headerWords mime.WordDecoder

// fieldsOf takes a header apart, in its order.
func fieldsOf(head string) (list []field) {
	for line := range strings.SplitSeq(head, "\r\n") {
		if last := len(list) - 1; last >= 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			list[last].Value += line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		list = append(list, field{name, strings.TrimSpace(value)})
	}
	for i := range list {
		if decoded, err := headerWords.DecodeHeader(list[i].Value); err == nil {
			list[i].Value = strings.TrimSpace(decoded)
		}
	}
	return list
}

// field gives the first value of a name.
func (l *letter) field(name string) string {
	for _, f := range l.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// part takes one part of a letter, and the parts within (RFC 2046).
func (l *letter) part(header textproto.MIMEHeader, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); depth < maxDepth; {
			next, err := parts.NextRawPart()
			if err != nil {
				return
			}
			l.part(next.Header, next, depth+1)
		}
		return
	}
	data, _ := io.ReadAll(decoded(body, header.Get("Content-Transfer-Encoding"))) // what there is is shown
	disposition, named, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	name := named["filename"]
	if name == "" {
		name = params["name"]
	}
	if text, err := headerWords.DecodeHeader(name); err == nil {
		name = path.Base("/" + text)
	}
	id := strings.Trim(header.Get("Content-Id"), "<> ")
	switch {
	case id != "" && disposition != "attachment":
		l.inline[id] = engine.File{Name: name, Type: kind, Data: data}
	case disposition != "attachment" && kind == "text/plain" && l.Text == "":
		l.Text = string(data)
	case disposition != "attachment" && kind == "text/html" && l.HTML == "":
		l.HTML = string(data)
	default:
		if name == "" || name == "/" {
			name = fmt.Sprintf("%d", len(l.Files)+1)
		}
		l.Files = append(l.Files, engine.File{Name: name, Type: kind, Data: data})
	}
}

// decoded undoes a transfer encoding (RFC 2045 §6).
func decoded(body io.Reader, encoding string) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}
