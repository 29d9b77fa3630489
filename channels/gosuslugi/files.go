package gosuslugi

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the file store asks for it, against damage on the way
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/channels/gosuslugi/sign"
	"vestnik/engine"
)

// Files go into the file store of ГИС ЖКХ first, over plain HTTP; news refer to them by what the store calls them and by their digest.

// attachment is base:AttachmentType.
type attachment struct {
	Name  string `xml:"base:Name" json:"name"`
	About string `xml:"base:Description" json:"about"`
	GUID  string `xml:"base:Attachment>base:AttachmentGUID" json:"guid"`
	Hash  string `xml:"base:AttachmentHASH" json:"hash"`
}

// The file store: the context of news («Оповещения», the one whose name fits; the published texts do not say), how large one part may be (Альбом
// ТФФ, 2.5), and what we send at most.
const (
	storePath = "/ext-bus-file-store-service/rest/informing"
	mostPart  = 5 << 20
	mostFile  = 50 << 20
	mostFiles = 10
)

// stored are the endings of files that the store is known to take. An entry for calendars (.ics) is not among them: the news say all it does.
var stored = []string{".pdf", ".xls", ".xlsx", ".doc", ".docx", ".rtf", ".jpg", ".jpeg", ".tif", ".tiff", ".zip", ".xml"}

// fileEndings are the endings for the media types of files that come as variables.
var fileEndings = map[string]string{"image/jpeg": ".jpg", "application/pdf": ".pdf"}

// filesOf gives the files of a message that the store takes: those of its template, the campaign's pictures (photo and photos, as in a house
// chat) and documents, which hold the file itself (data:application/pdf;base64,…, RFC 2397).
func filesOf(c engine.Campaign, content *engine.Content) (list []engine.File) {
	for _, f := range content.Files {
		if slices.Contains(stored, strings.ToLower(path.Ext(f.Name))) {
			list = append(list, f)
		}
	}
	var vars struct {
		Photo     string   `json:"photo"`
		Photos    []string `json:"photos"`
		Documents []string `json:"documents"`
	}
	_ = json.Unmarshal(c.Vars, &vars) // variables of other types are none of ours
	for _, text := range slices.Concat([]string{vars.Photo}, vars.Photos, vars.Documents) {
		rest, is := strings.CutPrefix(text, "data:")
		kind, encoded, both := strings.Cut(rest, ";base64,")
		data, err := base64.StdEncoding.DecodeString(encoded)
		if ending := fileEndings[kind]; is && both && ending != "" && err == nil {
			list = append(list, engine.File{Name: fmt.Sprintf("Приложение %d%s", len(list)+1, ending), Type: kind, Data: data})
		}
	}
	return list[:min(len(list), mostFiles)]
}

// attach stores the files of a story. One that the store refuses for good is left out: people wait for the text.
func (v *visit) attach(s *story) (list []attachment, fault *engine.Fault) {
	for _, f := range filesOf(v.from.Campaign, &s.msg.Content) {
		data, err := f.Bytes()
		if err != nil {
			return nil, &engine.Fault{Reason: engine.BadMessage, Code: "file", Err: errors.New("a file cannot be made")}
		}
		if len(data) == 0 || len(data) > mostFile {
			continue
		}
		a, fault := v.store(f.Name, data)
		switch {
		case fault == nil:
			list = append(list, *a)
		case fault.Reason != engine.BadMessage:
			return nil, fault
		}
	}
	return list, nil
}

// store stores a file, unless it is there already: all houses of a campaign share it.
func (v *visit) store(name string, data []byte) (*attachment, *engine.Fault) {
	sum := sha256.Sum256(append([]byte(v.office.address+v.office.org+name+"\n"), data...))
	note := "file/" + hex.EncodeToString(sum[:16])
	texts, err := v.cfg.Notes.Read(v.ctx, v.office.provider, []string{note})
	if err != nil {
		return nil, storeDown(err)
	}
	a := &attachment{Name: name, About: name}
	if texts[0] == nil || json.Unmarshal(texts[0], a) != nil {
		if a.Hash, err = v.hash94(v.ctx, v.office, bytes.NewReader(data)); err != nil {
			return nil, hashless(v.ctx, err)
		}
		var fault *engine.Fault
		if a.GUID, fault = v.upload(v.ctx, v.office, name, data); fault != nil {
			return nil, fault
		}
		text, _ := json.Marshal(a) // texts only: it cannot fail
		if err = v.cfg.Notes.Write(v.ctx, v.office.provider, map[string][]byte{note: text}, answerAge); err != nil {
			return nil, storeDown(err)
		}
	}
	_, fault := v.hand(v.ctx, v.office, http.MethodHead, "/"+a.GUID, nil, nil)
	if fault != nil && fault.Code != notChecked {
		v.forget(v.ctx, v.office, []string{note})
	}
	return a, fault
}

// hashless is the Fault of a digest that could not be made.
func hashless(ctx context.Context, err error) *engine.Fault {
	if ctx.Err() != nil {
		return untried(ctx)
	}
	if failed, is := errors.AsType[*sign.Failure](err); is {
		return &engine.Fault{Reason: engine.Misconfigured, Code: "hash", Err: errors.New(failed.Words)}
	}
	return &engine.Fault{Reason: engine.Unavailable, Code: "hash", Err: errors.New("the digest of a file cannot be made")}
}

// upload gives a file to the store, a large one part by part, and tells what it calls it.
func (c *Channel) upload(ctx context.Context, o *office, name string, data []byte) (id string, fault *engine.Fault) {
	titled := map[string]string{"X-Upload-Filename": mime.BEncoding.Encode("utf-8", name)}
	if len(data) <= mostPart {
		id, fault = c.hand(ctx, o, http.MethodPut, "", titled, data)
		return id, unnamed(id, fault)
	}
	parts := slices.Collect(slices.Chunk(data, mostPart))
	titled["X-Upload-Length"], titled["X-Upload-Part-Count"] = strconv.Itoa(len(data)), strconv.Itoa(len(parts))
	id, fault = c.hand(ctx, o, http.MethodPost, "/?upload", titled, nil)
	if fault = unnamed(id, fault); fault != nil {
		return "", fault
	}
	for k, part := range parts {
		if _, fault = c.hand(ctx, o, http.MethodPut, "/"+id, map[string]string{"X-Upload-Partnumber": strconv.Itoa(k + 1)}, part); fault != nil {
			return "", fault
		}
	}
	_, fault = c.hand(ctx, o, http.MethodPost, "/"+id+"?completed", nil, nil)
	return id, fault
}

// unnamed is the Fault of a file that the store took without telling what it calls it.
func unnamed(id string, fault *engine.Fault) *engine.Fault {
	if fault == nil && !isGUID(id) {
		return &engine.Fault{Reason: engine.Unknown, Code: "file", Err: errors.New("the file store does not say what it calls a file")}
	}
	return fault
}

// hand makes one request to the file store.
func (c *Channel) hand(ctx context.Context, o *office, method, at string, headers map[string]string, data []byte) (id string, fault *engine.Fault) {
	request, err := http.NewRequestWithContext(ctx, method, o.address+storePath+at, bytes.NewReader(data))
	if err != nil {
		return "", &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: errors.New("the address of the stand is wrong")}
	}
	request.Host = o.host
	request.Header.Set("X-Upload-OrgPPAGUID", o.org)
	for key, value := range headers {
		request.Header.Set(key, value)
	}
	if data != nil {
		sum := md5.Sum(data) //nolint:gosec // see the import
		request.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	o.introduce(request)
	response, err := c.client.Do(request)
	if err != nil {
		return "", c.unanswered(ctx, err).Fault
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	_ = response.Body.Close()
	if said := response.Header.Get("X-Upload-Error"); said != "" {
		return "", refusedFile(said)
	}
	if response.StatusCode >= 300 {
		return "", strange(response.StatusCode).Fault
	}
	return response.Header.Get("X-Upload-UploadID"), nil
}

// notChecked is what the store says of a file that its antivirus has not seen yet.
const notChecked = "FileVirusNotCheckedException"

// refusals are what the store says in X-Upload-Error (Альбом ТФФ, 2.6).
var refusals = map[string]engine.Fault{
	notChecked:                        {Reason: engine.Unavailable, RetryAfter: time.Minute, Err: errors.New("the antivirus has not seen the file yet")},
	"FileVirusInfectionException":     {Reason: engine.BadMessage, Err: errors.New("the antivirus refuses the file")},
	"HashConflictException":           {Reason: engine.Unavailable, Err: errors.New("the file was damaged on the way")},
	"FileNotFoundException":           {Reason: engine.Unknown, Err: errors.New("the file is not there any more")},
	"InvalidStatusException":          {Reason: engine.Unknown, Err: errors.New("the upload was not completed")},
	"InvalidPartNumberException":      {Reason: engine.Unknown, Err: errors.New("a part has another number")},
	"InvalidSizeException":            {Reason: engine.BadMessage, Err: errors.New("the file has a size that is not allowed")},
	"ExtensionException":              {Reason: engine.BadMessage, Err: errors.New("files with this ending are not taken")},
	"DetectionException":              {Reason: engine.BadMessage, Err: errors.New("the file is not what its ending says")},
	"FieldValidationException":        {Reason: engine.BadMessage, Err: errors.New("the file store does not understand the request")},
	"DataProviderValidationException": {Reason: engine.Misconfigured, Whole: true, Err: errors.New("the organization is not known to the file store")},
	"CertificateValidationException":  {Reason: engine.Misconfigured, Whole: true, Err: errors.New("the certificate is not known to the file store")},
	"FilePermissionException":         {Reason: engine.Misconfigured, Err: errors.New("the organization has no rights to the file store")},
}

// refusedFile is the Fault for what the store said: one of refusals, or a code as requests have them.
func refusedFile(said string) *engine.Fault {
	for name, fault := range refusals {
		if strings.Contains(said, name) {
			fault.Code = name
			return &fault
		}
	}
	return refused(codeOf("", said)).Fault
}
