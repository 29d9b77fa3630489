package redisq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// dialogs is the engine's Dialogs. A dialog is a sorted set, message → its number in the dialog; the empty member stands where the resident has
// read up to.
type dialogs struct{ *Redis }

// dialogName begins the keys of a provider's dialogs.
func dialogName(provider engine.ProviderID, ch engine.ChannelName) string {
	return fmt.Sprintf("v:{%s}:dialog:%s", provider, ch)
}

func (d dialogs) key(provider engine.ProviderID, ch engine.ChannelName, address string) string {
	digest := d.digest(kindAddress, address)
	return dialogName(provider, ch) + ":" + string(digest[:])
}

// member is what stands for a message in its dialog.
func member(w engine.Written) string {
	return string(w.Campaign) + ":" + strconv.FormatUint(uint64(w.Ordinal), 10)
}

// written reads a member; false for the one that is no message.
func written(address string, z redis.Z) (engine.Written, bool) {
	text, _ := z.Member.(string)
	campaign, ordinal, is := strings.Cut(text, ":")
	o, err := strconv.ParseUint(ordinal, 10, 32)
	return engine.Written{Address: address, Number: int64(z.Score), Campaign: engine.CampaignID(campaign), Ordinal: engine.Ordinal(o)}, is && err == nil
}

func (d dialogs) Wrote(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) ([]bool, error) {
	if len(list) == 0 {
		return nil, nil
	}
	args := make([]any, 0, 3+3*len(list))
	args = append(args, dialogName(provider, ch)+":", d.options.ChunkAge.Milliseconds(), engine.DialogSize)
	for _, w := range list {
		digest := d.digest(kindAddress, w.Address)
		args = append(args, digest[:], w.Number, member(w))
	}
	answers, err := d.run(ctx, wroteScript, []string{dialogName(provider, ch)}, args...).Text()
	if err != nil {
		return nil, fail(ctx, "remember messages of dialogs", err)
	}
	read := make([]bool, len(list))
	for i := range read {
		read[i] = answers[i] == '1'
	}
	return read, nil
}

func (d dialogs) Read(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.ReadUpTo) ([][]engine.Written, error) {
	if len(list) == 0 {
		return nil, nil
	}
	messages := make([]*redis.ZSliceCmd, len(list))
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, upTo := range list {
			key := d.key(provider, ch, upTo.Address)
			p.ZAddGT(ctx, key, redis.Z{Score: float64(upTo.Number)})
			p.PExpire(ctx, key, d.options.ChunkAge)
			messages[i] = p.ZRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(upTo.Number, 10)})
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "read dialogs", err)
	}
	found := make([][]engine.Written, len(list))
	for i, cmd := range messages {
		for _, z := range cmd.Val() {
			if w, is := written(list[i].Address, z); is {
				found[i] = append(found[i], w)
			}
		}
	}
	return found, nil
}

func (d dialogs) Drop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) error {
	if len(list) == 0 {
		return nil
	}
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, w := range list {
			p.ZRemRangeByScore(ctx, d.key(provider, ch, w.Address), "-inf", "("+strconv.FormatInt(w.Number, 10))
		}
		return nil
	})
	return fail(ctx, "drop messages of dialogs", err)
}

func (d dialogs) Last(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Written, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	newest := make([]*redis.ZSliceCmd, len(addresses))
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, address := range addresses {
			newest[i] = p.ZRevRangeWithScores(ctx, d.key(provider, ch, address), 0, 1) // one of the two may be no message
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "read the ends of dialogs", err)
	}
	list := make([]engine.Written, len(addresses))
	for i, cmd := range newest {
		list[i].Address = addresses[i]
		for _, z := range cmd.Val() {
			if w, is := written(addresses[i], z); is {
				list[i] = w
				break
			}
		}
	}
	return list, nil
}

// Begin puts the empty member in, of which the resident has read nothing.
func (d dialogs) Begin(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, address := range addresses {
			key := d.key(provider, ch, address)
			p.ZAddNX(ctx, key, redis.Z{})
			p.PExpire(ctx, key, d.options.ChunkAge)
		}
		return nil
	})
	return fail(ctx, "begin dialogs", err)
}

func (d dialogs) Begun(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]bool, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	there := make([]*redis.IntCmd, len(addresses))
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, address := range addresses {
			there[i] = p.Exists(ctx, d.key(provider, ch, address))
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "look for dialogs", err)
	}
	begun := make([]bool, len(addresses))
	for i, cmd := range there {
		begun[i] = cmd.Val() > 0
	}
	return begun, nil
}

func (d dialogs) heardKey(provider engine.ProviderID, ch engine.ChannelName, id string) string {
	digest := d.digest(kindSignal, string(ch)+"\x00"+id)
	return fmt.Sprintf("v:{%s}:heard:%s", provider, digest[:])
}

func (d dialogs) Heard(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) ([]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = d.heardKey(provider, ch, id)
	}
	values, err := d.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, fail(ctx, "look up signals", err)
	}
	heard := make([]bool, len(ids))
	for i, value := range values {
		heard[i] = value != nil
	}
	return heard, nil
}

func (d dialogs) Hear(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			p.Set(ctx, d.heardKey(provider, ch, id), "", engine.HeardFor)
		}
		return nil
	})
	return fail(ctx, "remember signals", err)
}

func bookmarkKey(provider engine.ProviderID, ch engine.ChannelName) string {
	return fmt.Sprintf("v:{%s}:bookmark:%s", provider, ch)
}

func (d dialogs) Bookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (string, error) {
	mark, err := d.client.Get(ctx, bookmarkKey(provider, ch)).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return mark, fail(ctx, "read a bookmark", err)
}

func (d dialogs) SetBookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, mark string) error {
	return fail(ctx, "set a bookmark", d.client.Set(ctx, bookmarkKey(provider, ch), mark, d.options.ChunkAge).Err())
}
