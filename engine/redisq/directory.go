package redisq

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// The directory of an audience finds an account or a document with one read of some kilobytes. It is made from the names of the chunks when
// somebody is looked for, and again when the audience has grown by a good part since; chunks behind it are searched by their names. What it says
// could be made anew at any time, so nothing depends on its making being finished.
//
// A directory that covers N chunks is the keys v:{c}:dir:N:P: a byte, then digest and ordinal of everybody whose digest belongs to piece P, twelve
// bytes each, in the order in which they came. v:{c}:size says which directory is looked into: directed (N) and pieces.

const (
	pieceEntries = 256     // what a piece holds on average
	entrySize    = 8 + 4   // digest and ordinal
	passEntries  = 4 << 20 // what is kept in memory at once while a directory is made
	pieceHead    = 1       // so that an empty piece is not a missing one
)

// grown reports whether a directory over so many chunks is to be made anew.
func grown(chunks, directed int) bool { return chunks-directed > max(1, directed/8) }

func pieceKey(id engine.CampaignID, directed, piece int) string {
	return fmt.Sprintf("v:{%s}:dir:%d:%d", id, directed, piece)
}

// extent is what v:{c}:size says.
type extent struct {
	Chunks     int   `redis:"chunks"`
	Recipients int64 `redis:"recipients"`
	Directed   int   `redis:"directed"`
	Pieces     int   `redis:"pieces"`
}

func (r *Redis) extent(ctx context.Context, id engine.CampaignID) (e extent, err error) {
	err = r.client.HMGet(ctx, sizeKey(id), "chunks", "recipients", "directed", "pieces").Scan(&e)
	return e, fail(ctx, "read the size of an audience", err)
}

// errMoving says that directories were made faster than they could be read, which needs an audience that grows by leaps.
var errMoving = fmt.Errorf("the directory of an audience is being made anew: %w", engine.ErrConflict)

// find tells whom a digest stands for: the first who came with it.
func (a audience) find(ctx context.Context, id engine.CampaignID, d digest) (engine.Ordinal, error) {
	for range 5 {
		e, err := a.extent(ctx, id)
		if err != nil {
			return 0, err
		}
		if grown(e.Chunks, e.Directed) {
			if err := a.direct(ctx, id, e); err != nil {
				return 0, err
			}
			continue
		}
		o, found, current, err := a.search(ctx, id, e, d)
		switch {
		case err != nil:
			return 0, err
		case found:
			return o, nil
		case current:
			return 0, fmt.Errorf("find a recipient: %w", engine.ErrNotFound)
		}
	}
	return 0, errMoving
}

// search looks into the directory and the chunks behind it. It is not current when the directory was replaced meanwhile.
func (a audience) search(ctx context.Context, id engine.CampaignID, e extent, d digest) (o engine.Ordinal, found, current bool, err error) {
	current = true
	if e.Directed > 0 {
		piece, err := a.client.Get(ctx, pieceKey(id, e.Directed, int(d%digest(e.Pieces)))).Bytes()
		if missing(err) {
			return 0, false, false, nil
		}
		if err != nil {
			return 0, false, false, fail(ctx, "find a recipient", err)
		}
		for entry := piece[pieceHead:]; len(entry) >= entrySize; entry = entry[entrySize:] {
			if binary.BigEndian.Uint64(entry) == d {
				return engine.Ordinal(binary.BigEndian.Uint32(entry[8:])), true, true, nil
			}
		}
	}
	err = a.readNames(ctx, id, e.Directed, e.Chunks, func(chunk int, names nameList) {
		for place, name := range names.all() {
			if name == d && !found {
				o, found = engine.OrdinalOf(chunk, place), true
			}
		}
	})
	return o, found, current, err
}

// direct makes a directory of all chunks there are.
func (a audience) direct(ctx context.Context, id engine.CampaignID, e extent) error {
	entries := 2 * int(e.Recipients)
	pieces := max(1, entries/pieceEntries)
	passes := max(1, entries/passEntries)
	for pass := range passes {
		if err := a.writePieces(ctx, id, e.Chunks, pieces, pass*pieces/passes, (pass+1)*pieces/passes); err != nil {
			return err
		}
	}
	done, err := a.run(ctx, directScript, []string{sizeKey(id)}, e.Directed, e.Chunks, pieces).Bool()
	if err != nil {
		return fail(ctx, "make a directory", err)
	}
	if done && e.Directed > 0 {
		return a.dropPieces(ctx, id, e.Directed, e.Pieces)
	}
	return nil // if somebody else was first, these pieces are theirs too, or expire
}

// writePieces makes the pieces from…to-1 of a directory.
func (a audience) writePieces(ctx context.Context, id engine.CampaignID, chunks, pieces, from, to int) error {
	text := make([][]byte, to-from)
	for i := range text {
		text[i] = make([]byte, pieceHead, pieceHead+entrySize*pieceEntries*5/4)
	}
	err := a.readNames(ctx, id, 0, chunks, func(chunk int, names nameList) {
		for place, d := range names.all() {
			if piece := int(d % digest(pieces)); piece >= from && piece < to {
				t := binary.BigEndian.AppendUint64(text[piece-from], d)
				text[piece-from] = binary.BigEndian.AppendUint32(t, uint32(engine.OrdinalOf(chunk, place)))
			}
		}
	})
	if err != nil {
		return err
	}
	for page := 0; page < len(text); page += namesPage {
		_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := page; i < min(page+namesPage, len(text)); i++ {
				p.Set(ctx, pieceKey(id, chunks, from+i), text[i], a.options.Retention)
			}
			return nil
		})
		if err != nil {
			return fail(ctx, "make a directory", err)
		}
	}
	return nil
}

// dropPieces removes a directory that is not looked into any more.
func (a audience) dropPieces(ctx context.Context, id engine.CampaignID, directed, pieces int) error {
	for page := 0; page < pieces; page += namesPage {
		_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for piece := page; piece < min(page+namesPage, pieces); piece++ {
				p.Unlink(ctx, pieceKey(id, directed, piece))
			}
			return nil
		})
		if err != nil {
			return fail(ctx, "drop a directory", err)
		}
	}
	return nil
}
