package engine

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
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
	} {
		token, err := tokens.Sign(pass)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.Read(token, pass.Act); err != nil || got != pass {
			t.Errorf("%+v reads back as %+v (%v)", pass, got, err)
		}
		if len(token) > 40 {
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
