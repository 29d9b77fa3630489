package gosuslugi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// action sends news with files to two houses, in the file store's presence.
func action(t *testing.T, channel engine.Channel, s *gistest.Server, files ...engine.File) []engine.Result {
	t.Helper()
	picture := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString([]byte("a picture"))
	plan := "data:application/pdf;base64," + base64.StdEncoding.EncodeToString([]byte("%PDF"))
	from := sender(s, engine.KindAction)
	from.Campaign.ID = "c1"
	var err error
	if from.Campaign.Vars, err = json.Marshal(map[string]any{"photo": picture, "documents": []string{plan}, "photos": []string{"data:image/png;base64,AA==", "https://example.org/x.jpg"}}); err != nil {
		t.Fatal(err)
	}
	msgs := []engine.Message{message("c1-0-gosuslugi", engine.Recipient{House: house(0)}), message("c1-1-gosuslugi", engine.Recipient{House: house(1)})}
	for i := range msgs {
		msgs[i].Content.Files = files
	}
	return channel.Send(t.Context(), from, msgs)
}

func TestNewsCarryFiles(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	large := engine.File{Name: "Схема работ.pdf", Make: func() ([]byte, error) { return bytes.Repeat([]byte("%PDF large "), 1<<20), nil }}
	for _, r := range action(t, channel, s, engine.File{Name: "event.ics", Data: []byte("BEGIN:VCALENDAR")}, large) {
		if r.Fault != nil || !r.Received {
			t.Fatalf("%+v", r)
		}
	}
	want := []string{"Схема работ.pdf", "Приложение 2.jpg", "Приложение 3.pdf"}
	for _, n := range s.Notices(org) {
		if !slices.Equal(n.Files, want) {
			t.Errorf("the news carry %q", n.Files)
		}
	}
	if files := s.Files(org); len(files) != 3 || len(s.Notices(org)) != 2 {
		t.Errorf("the store has %d files for %d news: both houses share them", len(files), len(s.Notices(org)))
	}
}

// What the store refuses for good is left out of the news; what it cannot do now is waited for.
func TestTroubleWithFiles(t *testing.T) {
	for said, want := range map[string]engine.Fault{
		"FileVirusInfectionException":     {},
		"InvalidSizeException":            {},
		"ExtensionException":              {},
		"FileVirusNotCheckedException":    {Reason: engine.Unavailable, Code: "FileVirusNotCheckedException", RetryAfter: time.Minute},
		"HashConflictException":           {Reason: engine.Unavailable, Code: "HashConflictException"},
		"FileNotFoundException":           {Reason: engine.Unknown, Code: "FileNotFoundException"},
		"INT002029":                       {Reason: engine.Unavailable, Code: "INT002029", Whole: true, RetryAfter: 10 * time.Minute},
		"CertificateValidationException":  {Reason: engine.Misconfigured, Code: "CertificateValidationException", Whole: true},
		"DataProviderValidationException": {Reason: engine.Misconfigured, Code: "DataProviderValidationException", Whole: true},
	} {
		t.Run(said, func(t *testing.T) {
			s := stand(t, gistest.Options{})
			channel := settled{Channel: open(t, gosuslugi.Config{})}
			s.Misbehave(gistest.Trouble{Only: "upload", Code: said})
			r := action(t, channel, s)[0]
			if want.Reason == "" {
				if list := s.Notices(org); r.Fault != nil || len(list) != 2 || list[0].Files != nil {
					t.Errorf("%+v; ГИС ЖКХ has %+v", r, list)
				}
				return
			}
			if r.Fault == nil {
				t.Fatal("taken")
			}
			if got := *r.Fault; got.Reason != want.Reason || got.Code != want.Code || got.Whole != want.Whole || got.RetryAfter != want.RetryAfter {
				t.Errorf("%+v", got)
			}
			s.Misbehave(gistest.Trouble{})
			for _, r := range action(t, channel, s) {
				if r.Fault != nil {
					t.Errorf("afterwards: %+v", r)
				}
			}
			if list := s.Notices(org); len(list) != 2 || len(list[0].Files) != 2 {
				t.Errorf("ГИС ЖКХ has %+v", list)
			}
		})
	}
}

func TestTheFileStoreIsDown(t *testing.T) {
	for name, trouble := range map[string]gistest.Trouble{
		"cut before": {Only: "upload", Cut: gistest.CutBefore}, "HTML": {Only: "upload", Gateway: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := stand(t, gistest.Options{})
			s.Misbehave(trouble)
			if r := action(t, settled{Channel: open(t, gosuslugi.Config{})}, s)[0]; r.Fault == nil || r.Fault.Reason != engine.Unavailable || len(s.Notices(org)) != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}
