package redisq

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// documents is the engine's Documents. What a chunk's recipients were given is one text, v:{c}:given:CHUNK, as the vault packs it: place (2 bytes),
// length (1 byte) and document of each. Whom a document was given to is found by its digest in one of documentBuckets hashes, small ones
// even for a million recipients.
type documents struct{ *Redis }

const documentBuckets = 16384

// errDocument says that a document's name cannot be one: it is empty, or longer than anybody's.
var errDocument = errors.New("a document has a name of 1 to 255 bytes")

func givenKey(id engine.CampaignID, chunk int) string {
	return fmt.Sprintf("v:{%s}:given:%d", id, chunk)
}
func foundKey(id engine.CampaignID, d digest) string {
	return fmt.Sprintf("v:{%s}:found:%d", id, d%documentBuckets)
}

func (g documents) Give(ctx context.Context, id engine.CampaignID, given map[engine.Ordinal]string) error {
	chunks := map[int]map[int]string{}
	for o, document := range given {
		if document == "" || len(document) > 255 {
			return errDocument
		}
		if chunks[o.Chunk()] == nil {
			chunks[o.Chunk()] = map[int]string{}
		}
		chunks[o.Chunk()][o.Index()] = document
	}
	for _, chunk := range slices.Sorted(maps.Keys(chunks)) {
		if err := g.give(ctx, id, chunk, chunks[chunk]); err != nil {
			return err
		}
	}
	return nil
}

// give adds to what the members of one chunk were given. Two at once are rare: whoever comes second does it again.
func (g documents) give(ctx context.Context, id engine.CampaignID, chunk int, given map[int]string) error {
	key := givenKey(id, chunk)
	write := func(tx *redis.Tx) error {
		list, err := g.read(ctx, tx, key)
		if err != nil {
			return err
		}
		maps.Copy(list, given)
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, key, g.vault.pack(packDocuments(list), key), g.options.ChunkAge)
			for place, document := range given {
				d := g.documentDigest(document)
				found := foundKey(id, d)
				p.HSet(ctx, found, strconv.FormatUint(d, 36), uint32(engine.OrdinalOf(chunk, place)))
				p.PExpire(ctx, found, g.options.ChunkAge)
			}
			return nil
		})
		return fail(ctx, "write the documents of a chunk", err)
	}
	for {
		err := g.client.Watch(ctx, write, key)
		if !errors.Is(err, redis.TxFailedErr) {
			return err
		}
	}
}

// read gives the documents of a chunk by place; c is a client or a transaction.
func (g documents) read(ctx context.Context, c redis.Cmdable, key string) (map[int]string, error) {
	packed, err := c.Get(ctx, key).Bytes()
	if missing(err) {
		return map[int]string{}, nil
	}
	if err != nil {
		return nil, fail(ctx, "read the documents of a chunk", err)
	}
	text, err := g.vault.unpack(packed, key)
	if err != nil {
		return nil, fmt.Errorf("read the documents of a chunk: %w", err)
	}
	return unpackDocuments(text), nil
}

func packDocuments(list map[int]string) (text []byte) {
	for _, place := range slices.Sorted(maps.Keys(list)) {
		text = binary.BigEndian.AppendUint16(text, uint16(place))
		text = append(append(text, byte(len(list[place]))), list[place]...)
	}
	return text
}

func unpackDocuments(text []byte) map[int]string {
	list := map[int]string{}
	for len(text) > 2 && len(text) >= 3+int(text[2]) {
		end := 3 + int(text[2])
		list[int(binary.BigEndian.Uint16(text))] = string(text[3:end])
		text = text[end:]
	}
	return list
}

func (g documents) Given(ctx context.Context, id engine.CampaignID, ordinals engine.Ordinals) ([]string, error) {
	list := make([]string, len(ordinals))
	chunks := map[int]map[int]string{}
	for i, o := range ordinals {
		known, read := chunks[o.Chunk()]
		if !read {
			var err error
			if known, err = g.read(ctx, g.client, givenKey(id, o.Chunk())); err != nil {
				return nil, err
			}
			chunks[o.Chunk()] = known
		}
		list[i] = known[o.Index()]
	}
	return list, nil
}

func (g documents) Find(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	d := g.documentDigest(document)
	ordinal, err := g.client.HGet(ctx, foundKey(id, d), strconv.FormatUint(d, 36)).Uint64()
	if document == "" || missing(err) {
		return 0, fmt.Errorf("find who was given a document: %w", engine.ErrNotFound)
	}
	return engine.Ordinal(ordinal), fail(ctx, "find who was given a document", err)
}
