package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine/redisq/redistest"
)

func TestCheckAsksForBots(t *testing.T) {
	server, err := maxtest.Start(maxtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s := newShell(t)
	s.env["VESTNIK_REDIS_URL"] = redistest.Start(t).URL()
	s.env["VESTNIK_CLICKHOUSE_URL"] = "http://127.0.0.1:1/vestnik"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(server.Token()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.must("provider", "add", "--name", "Romashka", "--inn", "7701234567", "max.token_file="+file, "max.api_url="+server.URL())
	if r := s.run("check"); !strings.Contains(r.out, "✓ Bot in MAX, Romashka: the events of MAX do not arrive") {
		t.Errorf("%s%s", r.out, r.err)
	}
	server.Misbehave(maxtest.Revoked, -1)
	if r := s.run("check"); !strings.Contains(r.out, "✗ Bot in MAX, Romashka: ") || !strings.Contains(r.out, "MAX 401 verify.token") || strings.Contains(r.out, server.Token()) {
		t.Errorf("%s%s", r.out, r.err)
	}
}
