package demo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"vestnik/engine"
)

// letter is a mail as its reader sees it.
type letter struct {
	campaign    engine.CampaignID // from the Message-ID, by which mailboxes report
	pixel       string            // what the mail program loads when the letter is shown; empty: nothing
	button      string            // where the button leads; empty: there is none
	dialog      bool              // it came in VK: who opens it reads all there is
	unsubscribe string            // the one-click address of the header; empty: there is none
}

// messageID is a Message-ID of ours: campaign, number of the recipient, channel.
var messageID = regexp.MustCompile(`^<([0-9a-z]+)-\d+-[a-z]+@`)

var (
	imageTag  = regexp.MustCompile(`<img [^>]*src="([^"]+)"`)
	buttonTag = regexp.MustCompile(`<a class="btn" href="([^"]+)"`)
)

// openLetter reads a mail.
func openLetter(raw []byte) (l letter, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, fmt.Errorf("read a mail: %w", err)
	}
	found := messageID.FindStringSubmatch(m.Header.Get("Message-ID"))
	if found == nil {
		return l, errors.New("read a mail: its Message-ID is none of ours")
	}
	l.campaign = engine.CampaignID(found[1])
	if m.Header.Get("List-Unsubscribe-Post") != "" {
		first, _, _ := strings.Cut(m.Header.Get("List-Unsubscribe"), ",") // a letter that unsubscribes is the other way
		l.unsubscribe = strings.Trim(first, "<> ")
	}
	page, err := shown(m)
	if err != nil {
		return l, fmt.Errorf("read a mail: %w", err)
	}
	l.pixel, l.button = link(imageTag, page), link(buttonTag, page)
	return l, nil
}

// link gives the address in the first such tag of a page; empty if there is none.
func link(tag *regexp.Regexp, page []byte) string {
	if found := tag.FindSubmatch(page); found != nil {
		return html.UnescapeString(string(found[1]))
	}
	return ""
}

// shown gives the HTML of a mail; nothing when it has none.
func shown(m *mail.Message) ([]byte, error) {
	return page(textproto.MIMEHeader(m.Header), m.Body, 0)
}

// page finds the HTML in a part of a mail or in the parts within it, which are not many (RFC 2046 §5.1).
func page(header textproto.MIMEHeader, body io.Reader, depth int) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil, err
	case kind == "text/html" && depth > 0:
		return decoded(header, body)
	case !strings.HasPrefix(kind, "multipart/") || depth > 2:
		return nil, nil
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if found, err := page(part.Header, part, depth+1); found != nil || err != nil {
			return found, err
		}
	}
}

// decoded undoes the encoding of a part.
func decoded(header textproto.MIMEHeader, body io.Reader) ([]byte, error) {
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		return io.ReadAll(base64.NewDecoder(base64.StdEncoding, body))
	case "quoted-printable":
		return io.ReadAll(quotedprintable.NewReader(body))
	}
	return io.ReadAll(body)
}
