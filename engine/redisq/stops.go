package redisq

import (
	"context"
	"fmt"

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
	for _, field := range fields {
		pairs = append(pairs, field, string(reason))
	}
	return fail(ctx, "stop addresses", s.client.HSet(ctx, stopsKey(provider, ch), pairs...).Err())
}

func (s stops) Stopped(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	values, err := s.client.HMGet(ctx, stopsKey(provider, ch), s.fields(addresses)...).Result()
	if err != nil {
		return nil, fail(ctx, "read stops", err)
	}
	list := make([]engine.Reason, len(addresses))
	for i, value := range values {
		if text, there := value.(string); there {
			list[i] = engine.Reason(text)
		}
	}
	return list, nil
}
