package redisq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// oldest is the oldest version of Redis that will do.
const oldest = 7

// Check refuses a Redis that would lose what it was given, saying in words what is wrong with it and how to mend it: one that is too old,
// keeps no append-only file, or evicts keys when its memory is full. Options.AllowVolatile accepts the last two. On a cluster every master is
// asked.
func (r *Redis) Check(ctx context.Context) error {
	if cluster, is := r.client.(*redis.ClusterClient); is {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return r.check(ctx, node) })
	}
	return r.check(ctx, r.client)
}

func (r *Redis) check(ctx context.Context, node redis.Cmdable) error {
	text, err := node.Info(ctx).Result()
	if err != nil {
		return fail(ctx, "ask redis what it is", err)
	}
	return r.judge(parseInfo(text))
}

// parseInfo reads the lines "name:value" of INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}

func (r *Redis) judge(info map[string]string) error {
	var wrong []error
	major, _, _ := strings.Cut(info["redis_version"], ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldest {
		wrong = append(wrong, fmt.Errorf("Redis is version %q: %d or newer is needed", info["redis_version"], oldest))
	}
	if r.options.AllowVolatile {
		return errors.Join(wrong...)
	}
	if info["aof_enabled"] != "1" {
		wrong = append(wrong, errors.New("Redis keeps no append-only file, so a restart would lose campaigns: "+
			"set \"appendonly yes\" and \"appendfsync always\" in redis.conf"))
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		wrong = append(wrong, fmt.Errorf("Redis has maxmemory-policy %q and would throw recipients away when its memory is full: "+
			"set \"maxmemory-policy noeviction\" in redis.conf", policy))
	}
	return errors.Join(wrong...)
}
