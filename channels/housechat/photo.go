package housechat

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"vestnik/engine"
)

// photo is a picture that goes with a post: a plan of the works, a photograph of the notice.
type photo struct {
	kind string // media type
	data []byte
}

// What a post carries at most.
const (
	mostPhotos = 5
	mostPhoto  = 5 << 20 // bytes
)

// endingOf is what the name of a file of a media type ends in; the networks take these types.
var endingOf = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif"}

// photosOf gives the photos of a message: its files that are pictures, and those of the campaign's variables photo (one) and photos (a list), as
// addresses with the picture itself in them (data:image/jpeg;base64,…, RFC 2397). Nothing is ever fetched from an address that somebody wrote into
// a variable. What is no picture is left out, and counted.
func photosOf(from engine.Sender, content engine.Content) (list []photo, bad int) {
	for _, file := range content.Files {
		if endingOf[file.Type] != "" && len(file.Data) > 0 && len(file.Data) <= mostPhoto {
			list = append(list, photo{file.Type, file.Data})
		}
	}
	var vars struct {
		Photo  string   `json:"photo"`
		Photos []string `json:"photos"`
	}
	_ = json.Unmarshal(from.Campaign.Vars, &vars) // variables of other types are none of ours
	for _, text := range slices.Concat([]string{vars.Photo}, vars.Photos) {
		if text == "" {
			continue
		}
		kind, data, err := pictureOf(text)
		if err != nil {
			bad++
			continue
		}
		list = append(list, photo{kind, data})
	}
	return list[:min(len(list), mostPhotos)], bad
}

var errPicture = errors.New("not a picture in an address")

func pictureOf(text string) (kind string, data []byte, err error) {
	rest, is := strings.CutPrefix(text, "data:")
	kind, encoded, both := strings.Cut(rest, ";base64,")
	if !is || !both || endingOf[kind] == "" || base64.StdEncoding.DecodedLen(len(encoded)) > mostPhoto {
		return "", nil, errPicture
	}
	if data, err = base64.StdEncoding.DecodeString(encoded); err != nil || len(data) == 0 {
		return "", nil, errPicture
	}
	return kind, data, nil
}

// attach uploads the photos of the visit's message. A photo that cannot be uploaded is left out: people wait for the text.
func (v *visit) attach(ctx context.Context) (attached []string) {
	list, bad := photosOf(v.from, v.msg.Content)
	left := func(code string) {
		v.channel.cfg.Log.Warn("a house chat gets a post without a photo", "campaign", string(v.from.Campaign.ID), "network", string(v.place.Network), "code", code)
	}
	for range bad {
		left("not a picture")
	}
	for _, p := range list {
		name, f := v.bot.upload(ctx, v.place.ID, p)
		if f != nil {
			left(f.Code)
			continue
		}
		attached = append(attached, name)
	}
	return attached
}

// sendFile posts a photo as the one field of a form to the address that a network gave for it, and reads what it answers.
func sendFile(ctx context.Context, client *http.Client, network, address, field string, p photo, into any) *failure {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	header := textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename="photo%s"`, field, endingOf[p.kind])}, "Content-Type": {p.kind},
	}
	part, err := form.CreatePart(header)
	if err == nil {
		_, _ = part.Write(p.data) // into memory
		err = form.Close()
	}
	target, wrong := url.Parse(address)
	if err != nil || wrong != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return because(engine.Misconfigured, "upload", errors.New("the address for photos is none"))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &body)
	if err != nil {
		return because(engine.Misconfigured, "upload", errors.New("the address for photos is none"))
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	response, err := client.Do(request)
	if err != nil {
		return lostAnswer(ctx, network, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return lostAnswer(ctx, network, err)
	}
	if response.StatusCode != http.StatusOK || json.Unmarshal(answer, into) != nil {
		return because(engine.Unavailable, fmt.Sprintf("upload %d", response.StatusCode), errors.New("the photo was not taken"))
	}
	return nil
}
