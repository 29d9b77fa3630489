package redisq

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"vestnik/engine"
)

// ledger is the engine's Ledger.
type ledger struct{ *Redis }

func countsKey(id engine.CampaignID) string    { return fmt.Sprintf("v:{%s}:counts", id) }
func batchesKey(id engine.CampaignID) string   { return fmt.Sprintf("v:{%s}:batches", id) }
func dueKey(id engine.CampaignID) string       { return fmt.Sprintf("v:{%s}:due", id) }
func awakeKey(id engine.CampaignID) string     { return fmt.Sprintf("v:{%s}:awake", id) }
func leasesKey(id engine.CampaignID) string    { return fmt.Sprintf("v:{%s}:leases", id) }
func statesPrefix(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:states:", id) }

// life is how long the keys of a ledger live from now on, in ms.
func (l ledger) life() int64 { return l.options.Retention.Milliseconds() }

// errTaken says that a batch would be lost under another of the same name; trying again cannot help.
var errTaken = errors.New("a batch of this name is in the ledger already")

func (l ledger) Open(ctx context.Context, id engine.CampaignID, ordered int64, lanes int) error {
	if lanes < 1 {
		return fmt.Errorf("open the ledger of campaign %s: %d lanes", id, lanes)
	}
	return fail(ctx, "open a ledger", l.run(ctx, openScript, []string{countsKey(id)}, ordered, lanes, l.life()).Err())
}

func (l ledger) Feed(ctx context.Context, id engine.CampaignID, from, to int, batches []engine.Batch) error {
	args, err := appendBatches([]any{from, to, l.life()}, batches)
	if err != nil {
		return fmt.Errorf("feed campaign %s: %w", id, err)
	}
	answer, err := l.run(ctx, feedScript, []string{countsKey(id), batchesKey(id), dueKey(id)}, args...).Int()
	if err != nil {
		return fail(ctx, "feed a campaign", err)
	}
	switch answer {
	case 1:
		return fmt.Errorf("feed campaign %s: its ledger is not open: %w", id, engine.ErrNotFound)
	case 2:
		return fmt.Errorf("feed campaign %s from chunk %d: %w", id, from, engine.ErrConflict)
	case 3:
		return fmt.Errorf("feed campaign %s: %w", id, errTaken)
	}
	return nil
}

func (l ledger) Fed(ctx context.Context, id engine.CampaignID) (int, error) {
	fed, err := l.client.HGet(ctx, countsKey(id), "fed").Int()
	if missing(err) {
		return 0, nil
	}
	return fed, fail(ctx, "read a feeding cursor", err)
}

func (l ledger) Settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (engine.Balance, error) {
	if batch == "" {
		return engine.Balance{}, fmt.Errorf("settle a batch without a name: %w", engine.ErrGone)
	}
	return l.settle(ctx, id, batch, holder, s)
}

func (l ledger) Return(ctx context.Context, id engine.CampaignID, s engine.Settlement) (engine.Balance, error) {
	return l.settle(ctx, id, "", "", s)
}

func (l ledger) settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (engine.Balance, error) {
	changes, err := packChanges(s.States)
	if err != nil {
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, err)
	}
	args := []any{batch, holder, s.Lane, s.Chunk * engine.ChunkSize * engine.StateSize, changes, statesPrefix(id), l.life()}
	if args, err = appendBatches(args, s.Next); err != nil {
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, err)
	}
	keys := []string{countsKey(id), batchesKey(id), dueKey(id), awakeKey(id), leasesKey(id), campaignKey(id), sizeKey(id)}
	answer, err := l.run(ctx, settleScript, keys, args...).Slice()
	if err != nil {
		return engine.Balance{}, fail(ctx, "settle a batch", err)
	}
	switch answer[0].(int64) {
	case 1:
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, engine.ErrGone)
	case 2:
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, engine.ErrConflict)
	case 3:
		return engine.Balance{}, fmt.Errorf("settle batch %s in lane %d: %w", batch, s.Lane, engine.ErrNotFound)
	case 4:
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, errTaken)
	}
	return readBalance(answer[1:])
}

// runSize is a packed run: first place, how many, state before, state after.
const runSize = 2 + 2 + 2*engine.StateSize

// packChanges writes the changes as runs of neighbours that change alike.
func packChanges(changes []engine.Change) ([]byte, error) {
	var runs []byte
	var last []byte // the states of the last run
	for i, c := range changes {
		if c.Index < 0 || c.Index >= engine.ChunkSize || i > 0 && c.Index <= changes[i-1].Index {
			return nil, fmt.Errorf("place %d is outside of the chunk or not in ascending order", c.Index)
		}
		states := c.State.Pack(c.Was.Pack(make([]byte, 0, 2*engine.StateSize)))
		if i > 0 && c.Index == changes[i-1].Index+1 && bytes.Equal(states, last) {
			n := runs[len(runs)-runSize+2:]
			binary.BigEndian.PutUint16(n, binary.BigEndian.Uint16(n)+1)
			continue
		}
		last = states
		runs = binary.BigEndian.AppendUint16(runs, uint16(c.Index))
		runs = append(binary.BigEndian.AppendUint16(runs, 1), states...)
	}
	return runs, nil
}

func (l ledger) States(ctx context.Context, id engine.CampaignID, lane int, from engine.Ordinal, n int) ([]engine.State, error) {
	begin := int64(from) * engine.StateSize
	key := statesPrefix(id) + strconv.Itoa(lane)
	packed, err := l.client.GetRange(ctx, key, begin, begin+int64(n)*engine.StateSize-1).Bytes()
	if err != nil {
		return nil, fail(ctx, "read states", err)
	}
	list := make([]engine.State, n)
	for i := range list {
		list[i] = engine.UnpackState(packed[min(i*engine.StateSize, len(packed)):])
	}
	return list, nil
}

// countFields are the fields that make a balance: what was ordered, and a counter for each outcome by its code.
var countFields = []string{"ordered", "o0", "o1", "o2", "o3", "o4", "o5"}

func (l ledger) Balance(ctx context.Context, id engine.CampaignID) (engine.Balance, error) {
	counts, err := l.client.HMGet(ctx, countsKey(id), countFields...).Result()
	if err != nil {
		return engine.Balance{}, fail(ctx, "read a balance", err)
	}
	return readBalance(counts)
}

// readBalance reads the values of countFields; a ledger that was never opened has none.
func readBalance(counts []any) (b engine.Balance, err error) {
	numbers := make([]int64, len(countFields))
	for i, count := range counts {
		text, there := count.(string)
		if !there {
			continue
		}
		if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return b, fmt.Errorf("read a balance: %w", err)
		}
	}
	of := func(o engine.Outcome) int64 { return numbers[1+int(engine.OutcomeCode(o))] }
	return engine.Balance{
		Ordered: numbers[0], Delivered: of(engine.Delivered), Undelivered: of(engine.Undelivered), Suppressed: of(engine.Suppressed),
		Expired: of(engine.Expired), Cancelled: of(engine.Cancelled), InFlight: of(engine.InFlight),
	}, nil
}
