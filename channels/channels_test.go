package channels

import (
	"testing"

	"vestnik/channels/email"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestBuild(t *testing.T) {
	built, err := Build(Config{})
	if err != nil || len(built) != 0 {
		t.Errorf("nothing is configured and %v was built, %v", built, err)
	}
	relays, err := email.ParseRelays("smtp://127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	built, err = Build(Config{Email: email.Config{Relays: relays}, VK: &vk.Config{},
		HouseChat: &housechat.Config{Chats: enginetest.NewMemory().Stores().Chats}, Gosuslugi: &gosuslugi.Config{Notes: enginetest.NewMemory().Stores().Notes}})
	if err != nil || built[engine.Email] == nil || built[engine.VK] == nil || built[engine.HouseChat] == nil || built[engine.Gosuslugi] == nil || len(built) != 4 {
		t.Errorf("a relay is configured and %v was built, %v", built, err)
	}
	for name, setting := range map[engine.ChannelName]string{engine.Email: "email.from", engine.VK: "vk.token", engine.HouseChat: "max.token", engine.Gosuslugi: "gis.stand"} {
		served, bare := engine.Provider{Settings: map[string]string{setting: "x"}}, engine.Provider{}
		picky, is := built[name].(engine.Selective)
		if !is || !picky.Serves(served) || picky.Serves(bare) {
			t.Errorf("%s does not serve exactly whoever has %s", name, setting)
		}
	}
	if err := Close(built); err != nil {
		t.Error(err)
	}
	for _, wrong := range []Config{{VK: &vk.Config{Timeout: -1}}, {HouseChat: &housechat.Config{}}, {Gosuslugi: &gosuslugi.Config{}}} {
		if _, err := Build(wrong); err == nil {
			t.Error("wrong settings are taken")
		}
	}
}
