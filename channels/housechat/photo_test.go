package housechat

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"vestnik/channels/housechat/maxtest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// picture is a small photo.
func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPhotos posts a photo of the campaign's variables and one of the message in both networks, on VK's own simulator; what is no picture is
// left out, and so is what cannot be uploaded.
func TestPhotos(t *testing.T) {
	w := newWorld(t)
	community, err := vktest.Start(vktest.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(community.Close)
	vk := w.serve(placeOf(engine.NetworkVK, community.OpenChat(1)), []string{houseA})
	max := w.maxAt(1, houseA)
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture(t))
	send := func(id engine.CampaignID, vars map[string]any, files ...engine.File) {
		t.Helper()
		vars["service"] = "Вода"
		from := w.sender(id, engine.KindOutage, "outage-planned", vars)
		for key, value := range community.Settings() {
			from.Provider.Settings[key] = value
		}
		msg := to(id, 1, houseA, "Нет воды "+string(id))
		msg.Content.Files = files
		took(t, w.send(from, msg)[0])
	}
	check := func(what string, want int) {
		t.Helper()
		posts, mirror := community.ChatPosts(vk.ID), w.max.Posts(max.ID)
		if here, there := len(posts[len(posts)-1].Photos), len(mirror[len(mirror)-1].Photos); here != want || there != want {
			t.Errorf("%s: %d photos in VK and %d in MAX, want %d", what, here, there, want)
		}
		if last := posts[len(posts)-1]; !last.Pinned {
			t.Errorf("%s: not pinned: %+v", what, last)
		}
	}
	send("c1", map[string]any{"photo": data}, engine.File{Name: "план.png", Type: "image/png", Data: picture(t)}, engine.File{Name: "x.pdf", Type: "application/pdf", Data: []byte("%PDF")})
	check("two pictures and a PDF", 2)
	send("c2", map[string]any{"photos": []string{data, "https://example.org/x.png", "data:image/png;base64,!"}})
	check("one picture and no pictures", 1)
	send("c3", map[string]any{"photo": "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("no picture at all"))})
	check("something else than a picture", 0)
	send("c4", map[string]any{"photo": 7})
	check("none", 0)
	many := make([]string, 2*mostPhotos)
	for i := range many {
		many[i] = data
	}
	send("c5", map[string]any{"photos": many})
	check("too many", mostPhotos)
}

// TestPhotoThatFails: people wait for the text, whatever becomes of its photo.
func TestPhotoThatFails(t *testing.T) {
	w := newWorld(t)
	max := w.maxAt(1, houseA)
	w.max.Misbehave(maxtest.Internal, 1)
	from := w.sender("c1", engine.KindMeeting, "meeting-planned", map[string]any{"photo": "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture(t))})
	took(t, w.send(from, to("c1", 1, houseA, "Собрание"))[0])
	if posts := w.max.Posts(max.ID); len(posts) != 1 || len(posts[0].Photos) != 0 || !strings.Contains(posts[0].Text, "Собрание") {
		t.Errorf("posted %+v", posts)
	}
}
