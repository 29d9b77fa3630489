package redisq

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// audience is the engine's Audience.
//
// A chunk is: the token of the call that stored it (16 bytes), how many recipients it has (2 bytes, so that Length need not open it), and
// the text of the list (see codec.go) as the vault packs it. It lives ChunkAge longer whenever it is read late in its life.
type audience struct{ *Redis }

const (
	tokenSize = 16
	headSize  = tokenSize + 2
)

func sizeKey(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:size", id) }
func chunkKey(id engine.CampaignID, chunk int) string {
	return fmt.Sprintf("v:{%s}:chunk:%d", id, chunk)
}
func prefixOf(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:", id) }

func (a audience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (engine.Appended, error) {
	if len(list) > engine.ChunkSize {
		return engine.Appended{}, fmt.Errorf("append %d recipients: a chunk has room for %d", len(list), engine.ChunkSize)
	}
	w := writing{token: make([]byte, tokenSize), list: list, digests: make([]digest, len(list)), elders: a.elders.of(id)}
	rand.Read(w.token)
	seen := make(map[digest]bool, len(list))
	var duplicates []int
	for i := range list {
		d := a.digest(kindAccount, list[i].Account)
		if w.digests[i] = d; seen[d] || w.elders[d] {
			duplicates = append(duplicates, i)
			continue
		}
		seen[d] = true
		w.keep = append(w.keep, i)
	}
	for len(w.keep) > 0 {
		chunk, there, err := a.store(ctx, id, w)
		if err != nil {
			return engine.Appended{}, err
		}
		if len(there) == 0 {
			slices.Sort(duplicates)
			a.remember(ctx, id, chunk, w)
			return engine.Appended{Chunk: chunk, Duplicates: duplicates}, nil
		}
		// Somebody of them is there already: the others are tried again without. there is in ascending order.
		for _, place := range slices.Backward(there) {
			duplicates = append(duplicates, w.keep[place])
			w.keep = slices.Delete(w.keep, int(place), int(place)+1)
		}
	}
	slices.Sort(duplicates)
	return engine.Appended{Chunk: -1, Duplicates: duplicates}, nil
}

// writing is one call of Append.
type writing struct {
	token   []byte
	list    []engine.Recipient
	digests []digest        // of the accounts, by place in list
	keep    []int           // the places in list that are not known to be duplicates
	elders  map[digest]bool // what the lowest tiers of the index have; nil: the script must look there
}

// remember reads the closed tiers of the index into memory when a campaign turns out to be large. Without, the script looks there: slower, no less
// right.
func (a audience) remember(ctx context.Context, id engine.CampaignID, chunk int, w writing) {
	if w.elders == nil && chunk >= indexTiers[elderTiers].begin {
		_ = a.elders.learn(ctx, a.Redis, id)
	}
}

// store writes the kept ones as one chunk, or tells the places in keep of those that are there already.
func (a audience) store(ctx context.Context, id engine.CampaignID, w writing) (chunk int, there []int64, err error) {
	var text []byte
	accounts := make([]byte, 0, len(w.keep)*digestSize)
	documents := make([]byte, 0, len(w.keep)*digestSize)
	for _, i := range w.keep {
		text = appendPerson(text, &w.list[i])
		accounts = append(accounts, w.digests[i][:]...)
		var document digest
		if w.list[i].DocumentID != "" {
			document = a.digest(kindDocument, w.list[i].DocumentID)
		}
		documents = append(documents, document[:]...)
	}
	searched := 0
	if w.elders != nil {
		searched = elderTiers
	}
	args := []any{prefixOf(id), w.token, binary.BigEndian.AppendUint16(nil, uint16(len(w.keep))), a.vault.pack(text, string(id)),
		accounts, documents, a.options.ChunkAge.Milliseconds(), a.options.Retention.Milliseconds(), engine.ChunkSize, searched}
	for _, t := range indexTiers {
		args = append(args, t.begin, t.buckets)
	}
	answer, err := a.run(ctx, appendScript, []string{sizeKey(id)}, args...).Int64Slice()
	if err != nil {
		return 0, nil, fail(ctx, "append to an audience", err)
	}
	if answer[0] == 1 {
		return int(answer[1]), nil, nil
	}
	return 0, answer[1:], nil
}

func (a audience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	text, n, err := a.text(ctx, id, chunk)
	if err != nil {
		return nil, err
	}
	list, err := readPeople(text, n)
	if err != nil {
		return nil, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, err)
	}
	return list, nil
}

func (a audience) Person(ctx context.Context, id engine.CampaignID, o engine.Ordinal) (engine.Recipient, error) {
	text, n, err := a.text(ctx, id, o.Chunk())
	if err != nil {
		return engine.Recipient{}, err
	}
	if o.Index() >= n {
		return engine.Recipient{}, fmt.Errorf("recipient %d of campaign %s: %w", o, id, engine.ErrNotFound)
	}
	person, err := personAt(text, o.Index())
	if err != nil {
		return engine.Recipient{}, fmt.Errorf("chunk %d of campaign %s: %w", o.Chunk(), id, err)
	}
	return person, nil
}

// text gives the text of a chunk and how many recipients it has, and keeps the chunk from expiring.
func (a audience) text(ctx context.Context, id engine.CampaignID, chunk int) (text string, n int, err error) {
	key := chunkKey(id, chunk)
	var value *redis.StringCmd
	var left *redis.DurationCmd
	_, err = a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		value, left = p.Get(ctx, key), p.PTTL(ctx, key)
		return nil
	})
	if missing(err) {
		return "", 0, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	if err != nil {
		return "", 0, fail(ctx, "read a chunk", err)
	}
	packed, _ := value.Bytes()
	if len(packed) < headSize {
		return "", 0, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, errChunk)
	}
	if left.Val() < a.options.ChunkAge*5/6 {
		if err := a.client.PExpire(ctx, key, a.options.ChunkAge).Err(); err != nil {
			return "", 0, fail(ctx, "keep a chunk", err)
		}
	}
	plain, err := a.vault.unpack(packed[headSize:], string(id))
	if err != nil {
		return "", 0, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, err)
	}
	return string(plain), int(binary.BigEndian.Uint16(packed[tokenSize:])), nil
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
	return a.lookUp(ctx, id, a.digest(kindAccount, account))
}

func (a audience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	return a.lookUp(ctx, id, a.digest(kindDocument, document))
}

// millis is how Redis is told a time.
func millis(t time.Time) int64 { return t.UnixMilli() }
