package redisq

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// stops is the engine's Stops. It is the one thing about residents that never expires: who has unsubscribed stays so.
type stops struct{ *Redis }

func stopsKey(id engine.ProviderID, ch engine.ChannelName) string {
	return fmt.Sprintf("v:{%s}:stops:%s", id, ch)
}

// fields are the digests of addresses.
func (s stops) fields(addresses []string) []string {
	list := make([]string, len(addresses))
	for i, address := range addresses {
		digest := s.digest(kindAddress, address)
		list[i] = string(digest[:])
	}
	return list
}

func (s stops) Stop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, reason engine.Reason, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	fields := s.fields(addresses)
	if reason == engine.NoReason {
		return fail(ctx, "allow addresses", s.client.HDel(ctx, stopsKey(provider, ch), fields...).Err())
	}
	pairs := make([]any, 0, 2*len(fields))
	value := string(reason) + " " + strconv.FormatInt(millis(time.Now()), 10)
	for _, field := range fields {
		pairs = append(pairs, field, value)
	}
	return fail(ctx, "stop addresses", s.client.HSet(ctx, stopsKey(provider, ch), pairs...).Err())
}

func (s stops) Stopped(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	list := make([]engine.Reason, len(addresses))
	// Most channels of most providers have none, and digests of five hundred addresses cost more than to ask for that.
	kept, err := s.client.Exists(ctx, stopsKey(provider, ch)).Result()
	if err != nil || kept == 0 {
		return list, fail(ctx, "read stops", err)
	}
	values, err := s.client.HMGet(ctx, stopsKey(provider, ch), s.fields(addresses)...).Result()
	if err != nil {
		return nil, fail(ctx, "read stops", err)
	}
	for i, value := range values {
		if text, there := value.(string); there {
			list[i], _ = readStop(text)
		}
	}
	return list, nil
}

// readStop takes the value of a stop apart: the reason and when it was given.
func readStop(value string) (engine.Reason, time.Time) {
	reason, since, _ := strings.Cut(value, " ")
	ms, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return engine.Reason(reason), time.Time{}
	}
	return engine.Reason(reason), time.UnixMilli(ms).UTC()
}

// errCursor says that a list cannot be gone on with.
var errCursor = errors.New("the cursor is not one that a list has given")

func (s stops) List(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, cursor string, limit int,
) ([]engine.StoppedAddress, string, error) {
	at, err := strconv.ParseUint(cmp.Or(cursor, "0"), 10, 64)
	if err != nil {
		return nil, "", errCursor
	}
	var list []engine.StoppedAddress
	seen := map[string]bool{} // a scan may give one twice
	for {
		var pairs []string
		pairs, at, err = s.client.HScan(ctx, stopsKey(provider, ch), at, "", int64(max(limit, 1))).Result()
		if err != nil {
			return nil, "", fail(ctx, "list stops", err)
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			if !seen[pairs[i]] {
				reason, since := readStop(pairs[i+1])
				list = append(list, engine.StoppedAddress{Hash: hex.EncodeToString([]byte(pairs[i])), Reason: reason, Since: since})
			}
			seen[pairs[i]] = true
		}
		if at == 0 {
			return list, "", nil
		}
		if len(list) >= limit {
			return list, strconv.FormatUint(at, 10), nil
		}
	}
}
