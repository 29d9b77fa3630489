package redisq

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// audience is the engine's Audience.
//
// A chunk is: the token of the call that stored it (16 bytes), how many recipients it has (2 bytes, so that Length need not open it), and
// the JSON of the list as the vault packs it. It lives ChunkAge longer whenever it is read late in its life.
type audience struct{ *Redis }

const (
	tokenSize = 16
	headSize  = tokenSize + 2
	tiers     = 3 // of the index; see append.lua
)

// tierBuckets is how many buckets the tiers of the index have; see append.lua.
var tierBuckets = [tiers]int{16, 512, 32768}

func sizeKey(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:size", id) }
func chunkKey(id engine.CampaignID, chunk int) string {
	return fmt.Sprintf("v:{%s}:chunk:%d", id, chunk)
}
func prefixOf(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:", id) }

func (a audience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (engine.Appended, error) {
	if len(list) > engine.ChunkSize {
		return engine.Appended{}, fmt.Errorf("append %d recipients: a chunk has room for %d", len(list), engine.ChunkSize)
	}
	digests := make([][digestSize]byte, len(list))
	seen := make(map[[digestSize]byte]bool, len(list))
	var keep, duplicates []int
	for i := range list {
		digests[i] = a.digest(kindAccount, list[i].Account)
		if seen[digests[i]] {
			duplicates = append(duplicates, i)
			continue
		}
		seen[digests[i]] = true
		keep = append(keep, i)
	}
	token := make([]byte, tokenSize)
	rand.Read(token)
	for len(keep) > 0 {
		chunk, there, err := a.store(ctx, id, token, list, digests, keep)
		if err != nil {
			return engine.Appended{}, err
		}
		if len(there) == 0 {
			slices.Sort(duplicates)
			return engine.Appended{Chunk: chunk, Duplicates: duplicates}, nil
		}
		// Somebody of them is there already: the others are tried again without. there is in ascending order.
		for _, place := range slices.Backward(there) {
			duplicates = append(duplicates, keep[place])
			keep = slices.Delete(keep, int(place), int(place)+1)
		}
	}
	slices.Sort(duplicates)
	return engine.Appended{Chunk: -1, Duplicates: duplicates}, nil
}

// store writes the kept ones as one chunk, or tells the places in keep of those that are there already.
func (a audience) store(ctx context.Context, id engine.CampaignID, token []byte, list []engine.Recipient,
	digests [][digestSize]byte, keep []int) (chunk int, there []int64, err error) {
	people := make([]*engine.Recipient, len(keep))
	accounts := make([]byte, 0, len(keep)*digestSize)
	documents := make([]byte, 0, len(keep)*digestSize)
	for k, i := range keep {
		people[k] = &list[i]
		accounts = append(accounts, digests[i][:]...)
		var document [digestSize]byte
		if list[i].DocumentID != "" {
			document = a.digest(kindDocument, list[i].DocumentID)
		}
		documents = append(documents, document[:]...)
	}
	text, err := json.Marshal(people)
	if err != nil {
		return 0, nil, fmt.Errorf("write a chunk of campaign %s: %w", id, err)
	}
	answer, err := a.run(ctx, appendScript, []string{sizeKey(id)}, prefixOf(id), token, binary.BigEndian.AppendUint16(nil, uint16(len(keep))),
		a.vault.pack(text, string(id)), accounts, documents,
		a.options.ChunkAge.Milliseconds(), a.options.Retention.Milliseconds(), engine.ChunkSize).Int64Slice()
	if err != nil {
		return 0, nil, fail(ctx, "append to an audience", err)
	}
	if answer[0] == 1 {
		return int(answer[1]), nil, nil
	}
	return 0, answer[1:], nil
}

func (a audience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	key := chunkKey(id, chunk)
	var value *redis.StringCmd
	var left *redis.DurationCmd
	_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		value, left = p.Get(ctx, key), p.PTTL(ctx, key)
		return nil
	})
	if missing(err) {
		return nil, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	if err != nil {
		return nil, fail(ctx, "read a chunk", err)
	}
	packed, _ := value.Bytes()
	if len(packed) < headSize {
		return nil, fmt.Errorf("chunk %d of campaign %s is cut short", chunk, id)
	}
	if left.Val() < a.options.ChunkAge*5/6 {
		if err := a.client.PExpire(ctx, key, a.options.ChunkAge).Err(); err != nil {
			return nil, fail(ctx, "keep a chunk", err)
		}
	}
	text, err := a.vault.unpack(packed[headSize:], string(id))
	if err != nil {
		return nil, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, err)
	}
	list := make([]engine.Recipient, 0, binary.BigEndian.Uint16(packed[tokenSize:]))
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("chunk %d of campaign %s cannot be read", chunk, id) // the cause may repeat what was read
	}
	return list, nil
}

func (a audience) Length(ctx context.Context, id engine.CampaignID, chunk int) (int, error) {
	head, err := a.client.GetRange(ctx, chunkKey(id, chunk), tokenSize, headSize-1).Bytes()
	if err != nil {
		return 0, fail(ctx, "read the length of a chunk", err)
	}
	if len(head) < headSize-tokenSize {
		return 0, fmt.Errorf("length of chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	return int(binary.BigEndian.Uint16(head)), nil
}

func (a audience) Size(ctx context.Context, id engine.CampaignID) (s engine.Size, err error) {
	var counts struct {
		Chunks     int   `redis:"chunks"`
		Recipients int64 `redis:"recipients"`
	}
	err = a.client.HGetAll(ctx, sizeKey(id)).Scan(&counts)
	return engine.Size{Chunks: counts.Chunks, Recipients: counts.Recipients}, fail(ctx, "read the size of an audience", err)
}

func (a audience) FindAccount(ctx context.Context, id engine.CampaignID, account string) (engine.Ordinal, error) {
	return a.find(ctx, id, "acc", a.digest(kindAccount, account))
}

func (a audience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	return a.find(ctx, id, "doc", a.digest(kindDocument, document))
}

// find looks into every tier of an index; the lowest has who came first.
func (a audience) find(ctx context.Context, id engine.CampaignID, index string, digest [digestSize]byte) (engine.Ordinal, error) {
	var found [tiers]*redis.StringCmd
	_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for t, buckets := range tierBuckets {
			bucket := int(binary.BigEndian.Uint16(digest[:])) % buckets
			found[t] = p.HGet(ctx, fmt.Sprintf("v:{%s}:%s:%d:%d", id, index, t+1, bucket), string(digest[:]))
		}
		return nil
	})
	if err != nil && !missing(err) {
		return 0, fail(ctx, "find a recipient", err)
	}
	for _, cmd := range found {
		if ordinal, err := cmd.Uint64(); err == nil {
			return engine.Ordinal(ordinal), nil
		} else if !missing(err) {
			return 0, fail(ctx, "find a recipient", err)
		}
	}
	return 0, fmt.Errorf("find a recipient: %w", engine.ErrNotFound)
}

// millis is how Redis is told a time.
func millis(t time.Time) int64 { return t.UnixMilli() }
