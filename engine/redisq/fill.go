package redisq

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"

	"vestnik/engine"
)

func (a audience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (engine.Appended, error) {
	if len(list) > engine.ChunkSize {
		return engine.Appended{}, fmt.Errorf("append %d recipients: a chunk has room for %d", len(list), engine.ChunkSize)
	}
	w := &writing{list: list, token: rand.Text()[:tokenSize], accounts: make([]digest, len(list))}
	for i := range list {
		w.accounts[i] = a.accountDigest(list[i].Account)
	}
	a.choose(id, w, nil) // before the roll is locked: packing is most of the work
	l := a.rolls.of(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	return a.store(ctx, id, l, w)
}

// writing is one call of Append.
type writing struct {
	list       []engine.Recipient
	token      string
	accounts   []digest // by place in list
	keep       []int    // the places that are to be stored
	duplicates []int    // the others
	chunk      []byte   // those to be stored, packed
	names      []byte   // their names
}

// choose parts the list into those to be stored and those who are on the roll or come twice, and packs the former unless they are packed.
func (a audience) choose(id engine.CampaignID, w *writing, l *roll) {
	packed := w.keep
	w.keep, w.duplicates = nil, nil
	seen := make(map[digest]struct{}, len(w.list))
	for i, account := range w.accounts {
		if _, twice := seen[account]; twice || l.has(account) {
			w.duplicates = append(w.duplicates, i)
			continue
		}
		seen[account] = struct{}{}
		w.keep = append(w.keep, i)
	}
	if slices.Equal(w.keep, packed) {
		return
	}
	var text []byte
	for _, i := range w.keep {
		text = appendPerson(text, &w.list[i])
	}
	w.chunk, w.names = a.vault.pack(text, string(id)), a.names(w.token, w.list, w.accounts, w.keep)
}

// storeTries is how often other processes may be faster before an Append gives up.
const storeTries = 1000

// store writes one chunk when the roll knows every chunk there is; only then is it believed about duplicates.
func (a audience) store(ctx context.Context, id engine.CampaignID, l *roll, w *writing) (engine.Appended, error) {
	for range storeTries {
		a.choose(id, w, l)
		done, chunks, err := a.try(ctx, id, l, w)
		if err != nil {
			return engine.Appended{}, fail(ctx, "append to an audience", err)
		}
		if done {
			return engine.Appended{Chunk: chunks - 1, Duplicates: w.duplicates}, nil
		}
		chunk, stored, err := l.catchUp(ctx, a.Redis, id, chunks, w.token)
		if err != nil {
			return engine.Appended{}, err
		}
		if stored { // an answer was lost on its way, and the call was sent again
			return engine.Appended{Chunk: chunk, Duplicates: w.duplicates}, nil
		}
	}
	return engine.Appended{}, fmt.Errorf("append to the audience of campaign %s: %w", id, engine.ErrConflict)
}

// try stores the chunk if the roll knows every chunk there is, and tells how many there are. With nobody to store it only compares, and tells 0
// if the roll is right.
func (a audience) try(ctx context.Context, id engine.CampaignID, l *roll, w *writing) (done bool, chunks int, err error) {
	if len(w.keep) == 0 {
		have, err := a.client.HMGet(ctx, sizeKey(id), "chunks", "last").Result()
		if err != nil {
			return false, 0, err
		}
		count, _ := have[0].(string)
		last, _ := have[1].(string)
		if chunks, _ = strconv.Atoi(count); chunks == l.chunks && last == l.last {
			return true, 0, nil
		}
		return false, chunks, nil
	}
	answer, err := a.run(ctx, appendScript, []string{sizeKey(id)}, prefixOf(id), l.chunks, l.last, w.token, w.names, w.chunk, len(w.keep),
		a.options.Retention.Milliseconds(), a.options.ChunkAge.Milliseconds()).Int64Slice()
	if err != nil {
		return false, 0, err
	}
	if chunks = int(answer[1]); answer[0] == 0 || chunks != l.chunks+1 {
		return false, chunks, nil
	}
	l.add(nameList(w.names))
	return true, chunks, nil
}
