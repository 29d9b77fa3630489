package redisq

import (
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		url      string
		addrs    []string
		db       int
		user     string
		password string
		master   string
		cluster  bool
		tls      bool
	}{
		{url: "redis://localhost", addrs: []string{"localhost:6379"}},
		{url: "redis://localhost:6380/3", addrs: []string{"localhost:6380"}, db: 3},
		{url: "redis://:p%40ss@127.0.0.1:6379/0", addrs: []string{"127.0.0.1:6379"}, password: "p@ss"},
		{url: "rediss://me:secret@redis.example.ru", addrs: []string{"redis.example.ru:6379"}, user: "me", password: "secret", tls: true},
		{url: "redis://[::1]:6379", addrs: []string{"[::1]:6379"}},
		{url: "redis+sentinel://h1,h2:26380/master", addrs: []string{"h1:26379", "h2:26380"}, master: "master"},
		{url: "redis+sentinel://:pw@h1:1,h2:2/master?db=4", addrs: []string{"h1:1", "h2:2"}, master: "master", db: 4, password: "pw"},
		{url: "redis+cluster://h1:7000,h2", addrs: []string{"h1:7000", "h2:6379"}, cluster: true},
		{url: "rediss+cluster://h1", addrs: []string{"h1:6379"}, cluster: true, tls: true},
	} {
		t.Run(c.url, func(t *testing.T) {
			o, err := parseURL(c.url)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.Addrs, c.addrs) || o.DB != c.db || o.Username != c.user || o.Password != c.password ||
				o.MasterName != c.master || o.IsClusterMode != c.cluster || (o.TLSConfig != nil) != c.tls {
				t.Fatalf("got %v db %d user %q master %q cluster %v tls %v", o.Addrs, o.DB, o.Username, o.MasterName, o.IsClusterMode, o.TLSConfig != nil)
			}
		})
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://localhost", "redis://", "redis://h1,h2", "redis://:hush@localhost/x", "redis+sentinel://h1,h2",
		"redis+cluster://h1?db=2", "redis+cluster://h1,,h2", "redis+other://h1", "redis://:hush@%zz", "redis://h:1:2:3,", "redis://localhost?db=x",
	} {
		_, err := parseURL(url)
		if err == nil {
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("the error for %q tells the password", url)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, url := range []string{"redis://localhost", "redis+sentinel://a,b/m?db=1", "rediss+cluster://u:p@a:1,b:2", "redis://[::1]:6379/0"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		o, err := parseURL(url)
		if err == nil && len(o.Addrs) == 0 {
			t.Fatal("no address and no error")
		}
	})
}
