package config

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// The roles a process can have.
const (
	RoleAPI    = "api"
	RoleWorker = "worker"
	RoleLoader = "loader"
)

// leastSecret is how many bytes sign and encrypt safely; a data key is exactly as long (AES-256).
const leastSecret = 32

// check notes values that cannot be meant, once all could be read.
func (r *reader) check() {
	leaves(r.keys, func(k key) {
		if _, set := r.where[k.path]; k.must() && !set {
			r.problem("", k.path, r.Say("не задано: нужен ключ в файле или переменная ", "is missing: set the key in the file or the variable ")+k.variable())
		}
	})
	r.addresses()
	r.amounts()
	c := &r.config
	for _, role := range c.Roles {
		r.expect("roles", slices.Contains([]string{RoleAPI, RoleWorker, RoleLoader}, role), "роли: api, worker, loader", "the roles are api, worker, loader")
	}
	r.expect("secret", len(c.Secret) >= leastSecret || !r.given("secret"), "нужно не меньше 32 байт", "at least 32 bytes are needed")
	r.expect("data_key", len(c.DataKey) == leastSecret || !r.given("data_key"), "нужно ровно 32 байта", "exactly 32 bytes are needed")
	for _, name := range c.TrustedProxies {
		_, network := netip.ParsePrefix(name)
		_, address := netip.ParseAddr(name)
		r.expect("trusted_proxies", network == nil || address == nil, "нужны адреса или сети вида 10.0.0.0/8", "addresses or networks like 10.0.0.0/8 are needed")
	}
}

// given reports whether a key came from the file or the environment.
func (r *reader) given(path string) bool { return r.where[path] != "" }

// expect notes a problem unless the key is as it should be.
func (r *reader) expect(path string, fine bool, russian, english string) {
	if !fine {
		r.problem(r.where[path], path, r.Say(russian, english))
	}
}

// addresses checks everything that is connected to or listened at.
func (r *reader) addresses() {
	c := &r.config
	_, _, err := net.SplitHostPort(c.Listen)
	r.expect("listen", err == nil, "нужен адрес вида 127.0.0.1:8080 или :8080", "an address like 127.0.0.1:8080 or :8080 is needed")
	r.expect("public_url", c.PublicURL == "" || reachable(c.PublicURL, "http", "https"), "нужен адрес вида https://vestnik.example.ru", "an address like https://vestnik.example.ru is needed")
	r.expect("redis.url", !r.given("redis.url") || c.Redis.URL == Embedded || reachable(c.Redis.URL, "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
		"нужен адрес redis://…, redis+sentinel://…, redis+cluster://… или embedded", "an address redis://…, redis+sentinel://…, redis+cluster://… or embedded is needed")
	dir, embedded := strings.CutPrefix(c.ClickHouse.URL, EmbeddedDir)
	r.expect("clickhouse.url", !r.given("clickhouse.url") || embedded && dir != "" || reachable(c.ClickHouse.URL, "http", "https", "clickhouse"),
		"нужен адрес http://…, clickhouse://… или embedded:КАТАЛОГ", "an address http://…, clickhouse://… or embedded:DIR is needed")
	bounces := c.Email.Bounces
	_, _, err = net.SplitHostPort(bounces.Listen)
	r.expect("email.bounces.listen", bounces.Listen == "" || err == nil, "нужен адрес вида :25 или 127.0.0.1:2526", "an address like :25 or 127.0.0.1:2526 is needed")
	r.expect("email.bounces.domain", !strings.ContainsAny(bounces.Domain, "@:/ "), "нужен домен вида bounces.example.ru", "a domain like bounces.example.ru is needed")
	_, home, _ := strings.Cut(strings.ToLower(bounces.Operator), "@")
	r.expect("email.bounces.operator", bounces.Operator == "" || home != "" && home != strings.ToLower(bounces.Domain) && !strings.ContainsAny(bounces.Operator, "<> ,"),
		"нужен адрес вида admin@example.ru вне домена email.bounces.domain", "an address like admin@example.ru is needed, outside of the domain email.bounces.domain")
	r.expect("email.bounces.operator", bounces.Operator == "" || bounces.Domain != "" && len(c.Email.Relays) > 0,
		"нужны ещё email.bounces.domain и email.relays: письма уходят через них", "email.bounces.domain and email.relays are needed too: the letters leave by them")
	for path, alone := range map[string]bool{"email.bounces.tls_cert": bounces.TLSKey == "" && bounces.TLSCert != "", "email.bounces.tls_key": bounces.TLSCert == "" && bounces.TLSKey != ""} {
		r.expect(path, !alone, "tls_cert и tls_key задают вместе", "tls_cert and tls_key go together")
	}
	for _, relay := range c.Email.Relays {
		r.expect("email.relays", reachable(relay, "smtp", "smtps"), "нужны адреса smtp://… или smtps://…", "addresses smtp://… or smtps://… are needed")
	}
}

// reachable reports whether an address has one of the schemes and says where to go. Several hosts may stand in one address, which is why it
// is not read as a URL.
func reachable(address string, schemes ...string) bool {
	scheme, rest, _ := strings.Cut(address, "://")
	return slices.Contains(schemes, scheme) && strings.Trim(rest, "/?") != ""
}

// most is the largest number any key takes.
const most = 1000

// amounts checks numbers and durations.
func (r *reader) amounts() {
	c := &r.config
	longer := func(path string, d time.Duration) {
		r.expect(path, d > 0, "должно быть больше нуля", "must be more than zero")
	}
	longer("shutdown_timeout", c.ShutdownAfter)
	longer("redis.keep", c.Redis.Keep)
	longer("worker.lease", c.Worker.Lease)
	longer("house_chats.vk_pause", c.HouseChats.VKPause)
	longer("house_chats.max_pause", c.HouseChats.MAXPause)
	longer("house_chats.chat_pause", c.HouseChats.ChatPause)
	longer("retry.first", c.Retry.First)
	longer("retry.most", c.Retry.Most)
	longer("retry.limit", c.Retry.Limit)
	within := func(path string, n int) {
		r.expect(path, n >= 1 && n <= most, "нужно число от 1 до 1000", "a number from 1 to 1000 is needed")
	}
	within("email.connections", c.Email.Connections)
	within("vk.requests_per_second", c.VK.Requests)
	within("retry.tries", c.Retry.Tries)
	within("worker.window", c.Worker.Window)
	r.expect("requests_per_second", c.KeyRate >= 1, "нужно число от 1", "a number from 1 on is needed")
	for path, counts := range map[string]Counts{"worker.concurrency": c.Worker.Concurrency, "worker.rate": c.Worker.Rate, "worker.at_once": c.Worker.AtOnce} {
		for _, channel := range slices.Sorted(maps.Keys(counts)) {
			r.expect(path, engine.ChannelName(channel).Known(), "нет канала "+channel, "there is no channel "+channel)
			if path == "worker.rate" {
				r.expect(path, counts[channel] >= 1, "нужно число от 1", "a number from 1 on is needed")
				continue
			}
			within(path, counts[channel])
		}
	}
}

// settle fills in what follows from other keys.
func (c *Config) settle() {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
}

// PublicAt gives the address links begin with when the process listens at addr ("host:port"): PublicURL, or one that follows from addr.
func (c Config) PublicAt(addr string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
