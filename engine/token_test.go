package engine

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func TestTokenCarriesItsPass(t *testing.T) {
	tokens := NewTokens([]byte("a secret of the installation"))
	id := CampaignID(NewID())
	for _, pass := range []Pass{
		{Act: ActOpen, Campaign: id, Ordinal: 0, Channel: Email},
		{Act: ActClick, Campaign: id, Ordinal: 1<<32 - 1, Channel: VK, Link: 9},
		{Act: ActUnsubscribe, Campaign: id, Ordinal: 70000, Channel: Email},
		{Act: ActClick, Campaign: id, Ordinal: 7, Channel: Email, Lane: maxLanes - 1, Step: maxSteps - 1, Link: 3},
		{Act: ActOpen, Campaign: id, Ordinal: 7, Channel: Email, Lane: 1},
		{Act: ActOpen, Campaign: id, Ordinal: 7, Channel: Email, Step: 1},
		{Act: ActDocument, Campaign: id, Ordinal: 7, Channel: VK, Step: 2},
		{Act: ActClick, Campaign: id, Ordinal: 1<<32 - 1, Channel: Email, Link: 2, Written: time.Date(2026, 11, 5, 9, 30, 0, 123_000_000, time.UTC)},
	} {
		token, err := tokens.Sign(pass)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.Read(token, pass.Act); err != nil || got != pass {
			t.Errorf("%+v reads back as %+v (%v)", pass, got, err)
		}
		if most := 40; len(token) > most && pass.Written.IsZero() || len(token) > most+12 {
			t.Errorf("the token of %+v has %d characters, want a compact one", pass, len(token))
		}
	}
}

func TestEveryMessageHasAKeyOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, ordinal := range []Ordinal{0, 1, 11} {
		for _, ch := range ChannelNames() {
			for before := range 12 {
				key := MessageKey("c1", ordinal, ch, before)
				if seen[key] || key != MessageKey("c1", ordinal, ch, before) {
					t.Errorf("%q is the key of two messages", key)
				}
				seen[key] = true
			}
		}
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	tokens := NewTokens([]byte("a secret of the installation"))
	token, err := tokens.Sign(Pass{Act: ActClick, Campaign: CampaignID(NewID()), Ordinal: 42, Channel: Email})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, err := tokens.Read(base64.RawURLEncoding.EncodeToString(forged), ActClick); err == nil {
			t.Errorf("a token with byte %d changed is accepted", i)
		}
	}
	for name, forged := range map[string]string{
		"of another act":          token,
		"empty":                   "",
		"cut":                     token[:len(token)-1],
		"longer":                  token + "AAAA",
		"with a line break":       token[:10] + "\n" + token[10:],
		"of another installation": must(NewTokens([]byte("another secret")).Sign(Pass{Act: ActOpen, Campaign: CampaignID(NewID())})),
	} {
		if _, err := tokens.Read(forged, ActOpen); err == nil {
			t.Errorf("a token %s is accepted", name)
		}
	}
}

func TestNamesSurviveMailServers(t *testing.T) {
	tokens := NewTokens([]byte("a secret of the installation"))
	id := CampaignID(NewID())
	for _, pass := range []Pass{
		{Act: ActReturn, Campaign: id, Channel: Email},
		{Act: ActReturn, Campaign: id, Ordinal: 1<<32 - 1, Channel: HouseChat, Lane: maxLanes - 1, Step: maxSteps - 1, Link: 9},
	} {
		name := must(tokens.Name(pass))
		if len(name) > 47 || strings.Trim(name, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("the name of %+v is %q", pass, name)
		}
		for _, back := range []string{name, strings.ToUpper(name)} {
			if got, err := tokens.ReadName(back, ActReturn); err != nil || got != pass {
				t.Errorf("%+v comes back as %+v (%v)", pass, got, err)
			}
		}
		link := must(tokens.Sign(pass))
		for _, forged := range []string{"", name[1:], name + "0", name[:9] + "\n" + name[9:], flip(name), link} {
			if _, err := tokens.ReadName(forged, ActReturn); err == nil {
				t.Errorf("%q is taken for a name", forged)
			}
		}
		if _, err := tokens.ReadName(name, ActUnsubscribe); err == nil {
			t.Error("a name is taken for another act")
		}
		if _, err := NewTokens([]byte("another secret")).ReadName(name, ActReturn); err == nil {
			t.Error("a name of another installation is taken")
		}
	}
}

// flip changes the fifth character.
func flip(name string) string {
	other := "0"
	if name[4] == '0' {
		other = "1"
	}
	return name[:4] + other + name[5:]
}

func FuzzReadToken(f *testing.F) {
	tokens := NewTokens([]byte("a secret of the installation"))
	f.Add(must(tokens.Sign(Pass{Act: ActOpen, Campaign: CampaignID(NewID()), Ordinal: 7, Channel: Email})))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		pass, err := tokens.Read(token, ActOpen)
		if err != nil {
			return
		}
		if again, err := tokens.Sign(pass); err != nil || again != token {
			t.Errorf("token %q is accepted as %+v, whose token is %q", token, pass, again)
		}
	})
}

func TestLinksHideTheRecipient(t *testing.T) {
	l := NewTokens([]byte("secret")).LinksFor("https://vestnik.example.ru/", Pass{Campaign: CampaignID(NewID()), Ordinal: 5, Channel: Email})
	for _, link := range []string{l.Open(), l.Click(0), l.Unsubscribe()} {
		if !strings.HasPrefix(link, "https://vestnik.example.ru/") || strings.Contains(link[8:], "//") {
			t.Errorf("link %s", link)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
