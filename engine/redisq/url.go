package redisq

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// errURL never repeats the URL, which may hold a password.
var errURL = errors.New(`a Redis URL is written like "redis://localhost:6379/0", "rediss://…", ` +
	`"redis+sentinel://host1,host2/master?db=0", "redis+cluster://host1,host2" or "embedded"`)

// The default ports of Redis and of its Sentinels.
const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

// parseURL reads the forms of Options.URL. Several hosts stand in one URL, so each part is taken by itself.
func parseURL(text string) (*redis.UniversalOptions, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return nil, errURL
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user, hosts := "", authority
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse("redis://" + user + "host" + tail)
	if err != nil {
		return nil, errURL
	}
	o := baseOptions()
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	base, kind, _ := strings.Cut(scheme, "+")
	port, path := redisPort, strings.Trim(u.Path, "/")
	switch kind {
	case "":
		if path != "" {
			if o.DB, err = strconv.Atoi(path); err != nil {
				return nil, fmt.Errorf("the database in the Redis URL is not a number: %w", errURL)
			}
		}
	case "sentinel":
		if port, o.MasterName = sentinelPort, path; path == "" {
			return nil, fmt.Errorf("the Redis URL names no master: %w", errURL)
		}
		o.SentinelUsername, o.SentinelPassword = u.Query().Get("sentinel_user"), u.Query().Get("sentinel_password")
	case "cluster":
		o.IsClusterMode = true
	default:
		return nil, errURL
	}
	if db := u.Query().Get("db"); db != "" {
		if o.DB, err = strconv.Atoi(db); err != nil || o.IsClusterMode {
			return nil, fmt.Errorf("the database in the Redis URL is not a number, or a cluster has none: %w", errURL)
		}
	}
	if o.Addrs, err = addresses(hosts, port); err != nil || kind == "" && len(o.Addrs) > 1 {
		return nil, errURL
	}
	switch base {
	case "redis":
	case "rediss":
		host, _, _ := net.SplitHostPort(o.Addrs[0])
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if kind == "" {
			o.TLSConfig.ServerName = host
		}
	default:
		return nil, errURL
	}
	return o, nil
}

// addresses splits a list of hosts and gives those without a port the usual one.
func addresses(list, port string) ([]string, error) {
	var all []string
	for host := range strings.SplitSeq(list, ",") {
		if host == "" || strings.ContainsAny(host, "% \\@") {
			return nil, errURL
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		if name, number, err := net.SplitHostPort(host); err != nil || name == "" || number == "" {
			return nil, errURL
		}
		all = append(all, host)
	}
	return all, nil
}

// baseOptions are those of every connection: a Redis that is away is known within about a second, and the caller's deadline is obeyed.
func baseOptions() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		ContextTimeoutEnabled: true,
		DialTimeout:           2 * time.Second,
		DialerRetries:         1,
		ReadTimeout:           5 * time.Second,
		WriteTimeout:          5 * time.Second,
		MaxRetries:            2,
		PoolSize:              64,
		PoolTimeout:           5 * time.Second,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}
