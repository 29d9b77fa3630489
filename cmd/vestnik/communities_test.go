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
