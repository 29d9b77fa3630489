package main

import (
	"strings"
	"testing"

	"vestnik/channels/vk/vktest"
)

// TestCheckOfCommunities has three providers in VK: one that is well, one whose token was revoked, one whose events nobody hears.
func TestCheckOfCommunities(t *testing.T) {
	s := newShell(t).withStores()
	server, err := vktest.Start(vktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s.write("token", vktest.DefaultToken)
	s.write("old", "vk1.a.revoked")
	s.write("secret", "s3cret")
	add := func(name string, settings ...string) {
		t.Helper()
		s.must(append([]string{"provider", "add", "--name", name, "--inn", "7701234567", "vk.group_id=1", "vk.api_url=" + server.URL()}, settings...)...)
	}
	add("well", "vk.token_file=token", "vk.secret_file=secret", "vk.confirmation=c1")
	add("revoked", "vk.token_file=old", "vk.events=poll")
	add("deaf", "vk.token_file=token")
	add("none")
	r := s.run("check")
	for _, want := range []string{"VK communities: 3", "revoked, VK: ", "VK 5", "deaf, VK: ", "vk.events=poll"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s%s", want, r.out, r.err)
		}
	}
	if strings.Contains(r.out, "well, VK") || strings.Contains(r.out, "none, VK") || strings.Contains(r.out+r.err, "vk1.a") {
		t.Errorf("it says\n%s%s", r.out, r.err)
	}
}

// TestCheckTellsOfMissingRights: a token needs the right to messages, and to documents when files go with them; one provider can be asked about alone.
func TestCheckTellsOfMissingRights(t *testing.T) {
	s := newShell(t).withStores()
	server, err := vktest.Start(vktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s.write("token", vktest.DefaultToken)
	var id string
	for _, name := range []string{"plain", "enclosing"} {
		settings := []string{"vk.group_id=1", "vk.api_url=" + server.URL(), "vk.token_file=token", "vk.events=poll"}
		if name == "enclosing" {
			settings = append(settings, "vk.documents=on")
		}
		id = s.must(append([]string{"provider", "add", "--name", name, "--inn", "7701234567", "--email-from", "bills@example.ru"}, settings...)...)
	}
	for _, step := range []struct {
		withheld []string
		want     []string
	}{
		{nil, nil},
		{[]string{"docs"}, []string{"enclosing, VK: the token has no right to docs"}},
		{[]string{"messages"}, []string{"plain, VK: the token has no right to messages", "enclosing, VK: the token has no right to messages"}},
	} {
		server.Withhold(step.withheld...)
		r := s.run("check")
		if strings.Count(r.out, ", VK: ") != len(step.want) {
			t.Errorf("without %v it says\n%s%s", step.withheld, r.out, r.err)
		}
		for _, want := range step.want {
			if !strings.Contains(r.out, want) {
				t.Errorf("without %v there is no %q in\n%s%s", step.withheld, want, r.out, r.err)
			}
		}
	}
	if r := s.run("check", "--provider", id, "--dns", "127.0.0.1:1"); !strings.Contains(r.out, "enclosing, VK: ") || strings.Contains(r.out, "plain, VK") {
		t.Errorf("of one provider it says\n%s%s", r.out, r.err)
	}
}
