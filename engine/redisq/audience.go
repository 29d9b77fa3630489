package redisq

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// audience is the engine's Audience.
//
// Each chunk is two keys that are written in one step: the names (see names.go), by which duplicates are found, and the recipients themselves,
// their text (see codec.go) as the vault packs it. A process that fills a campaign keeps its names in memory (see roll.go), so that a chunk costs
// Redis a few microseconds whatever the size of the audience. Whom an account or a document belongs to is found in the directory (see
// directory.go). A chunk and its names live ChunkAge longer whenever it is read late in its life.
type audience struct{ *Redis }

func sizeKey(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:size", id) }
func chunkKey(id engine.CampaignID, chunk int) string {
	return fmt.Sprintf("v:{%s}:chunk:%d", id, chunk)
}
func prefixOf(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:", id) }

func (a audience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	text, err := a.text(ctx, id, chunk)
	if err != nil {
		return nil, err
	}
	list, err := readPeople(text)
	if err != nil {
		return nil, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, err)
	}
	return list, nil
}

func (a audience) Person(ctx context.Context, id engine.CampaignID, o engine.Ordinal) (engine.Recipient, error) {
	text, err := a.text(ctx, id, o.Chunk())
	if err != nil {
		return engine.Recipient{}, err
	}
	person, err := personAt(text, o.Index())
	if err != nil {
		return engine.Recipient{}, fmt.Errorf("recipient %d of campaign %s: %w", o, id, err)
	}
	return person, nil
}

// text gives the text of a chunk and how many recipients it has, and keeps the chunk and its names from expiring.
func (a audience) text(ctx context.Context, id engine.CampaignID, chunk int) (string, error) {
	key := chunkKey(id, chunk)
	var value *redis.StringCmd
	var left *redis.DurationCmd
	_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		value, left = p.Get(ctx, key), p.PTTL(ctx, key)
		return nil
	})
	if missing(err) {
		return "", fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	if err != nil {
		return "", fail(ctx, "read a chunk", err)
	}
	packed, _ := value.Bytes()
	if left.Val() < a.options.ChunkAge*5/6 {
		_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.PExpire(ctx, key, a.options.ChunkAge)
			p.PExpire(ctx, namesKey(id, chunk), a.options.ChunkAge)
			return nil
		})
		if err != nil {
			return "", fail(ctx, "keep a chunk", err)
		}
	}
	plain, err := a.vault.unpackText(packed, string(id))
	if err != nil {
		return "", fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, err)
	}
	return plain, nil
}

func (a audience) Length(ctx context.Context, id engine.CampaignID, chunk int) (int, error) {
	head, err := a.client.GetRange(ctx, namesKey(id, chunk), tokenSize, headSize-1).Bytes()
	if err != nil {
		return 0, fail(ctx, "read the length of a chunk", err)
	}
	if len(head) < headSize-tokenSize {
		return 0, fmt.Errorf("length of chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	return int(binary.BigEndian.Uint16(head)), nil
}

func (a audience) Size(ctx context.Context, id engine.CampaignID) (engine.Size, error) {
	e, err := a.extent(ctx, id)
	return engine.Size{Chunks: e.Chunks, Recipients: e.Recipients}, err
}

func (a audience) FindAccount(ctx context.Context, id engine.CampaignID, account string) (engine.Ordinal, error) {
	return a.find(ctx, id, a.accountDigest(account))
}

func (a audience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	if document == "" {
		return 0, fmt.Errorf("find a recipient without a document: %w", engine.ErrNotFound)
	}
	return a.find(ctx, id, a.documentDigest(document))
}

// millis is how Redis is told a time.
func millis(t time.Time) int64 { return t.UnixMilli() }

// fromMillis is the other way round; the zero time stays so.
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
