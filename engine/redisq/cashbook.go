package redisq

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// cashbook is the engine's Cashbook.
//
// References and purposes are fields of hashes in cashBuckets buckets. Buckets belong to an epoch as long as the retention; this and the last
// are read, this is written, so that each payment is remembered for one to two retentions and then goes with its bucket. What is kept of a
// payment is its reference, amount and time; whom it is for is what is asked by.
type cashbook struct{ *Redis }

const cashBuckets = 4096

// cashPage is how many payments are booked in one step; a call with more is several steps, which is harmless to repeat.
const cashPage = 1000

func cashKey(id engine.ProviderID) string { return fmt.Sprintf("v:{%s}:cash", id) }

// epochs gives the prefixes of the buckets of this and the last epoch.
func (c cashbook) epochs(provider engine.ProviderID) (this, last string) {
	epoch := time.Now().UnixMilli() / c.options.Retention.Milliseconds()
	return fmt.Sprintf("%s:%d:", cashKey(provider), epoch), fmt.Sprintf("%s:%d:", cashKey(provider), epoch-1)
}

// life is how long a bucket lives from its first payment on, in ms.
func (c cashbook) life() int64 { return 2 * c.options.Retention.Milliseconds() }

func (c cashbook) Credit(ctx context.Context, provider engine.ProviderID, payments []engine.Payment) ([]engine.Credit, error) {
	credits := make([]engine.Credit, 0, len(payments))
	seen := make(map[string]bool, len(payments))
	for page := range slices.Chunk(payments, cashPage) {
		answers, err := c.book(ctx, provider, page)
		if err != nil {
			return nil, err
		}
		for i, p := range page {
			credit := min(engine.Credit(answers[i]-'0'), engine.Closed) // one that was annulled never counts again
			if seen[p.Reference] {
				credit = engine.Closed
			}
			seen[p.Reference] = true
			credits = append(credits, credit)
		}
	}
	return credits, nil
}

func (c cashbook) book(ctx context.Context, provider engine.ProviderID, payments []engine.Payment) (string, error) {
	this, last := c.epochs(provider)
	args := make([]any, 4, 4+3*len(payments))
	args[0], args[1], args[2], args[3] = this, last, c.life(), cashBuckets
	for _, p := range payments {
		reference := c.digest(kindReference, p.Reference)
		purpose := c.purpose(engine.Purpose{DocumentID: p.DocumentID, Account: p.Account, Period: p.Period})
		args = append(args, reference[:], purpose[:], packPayment(p))
	}
	answers, err := c.run(ctx, creditScript, []string{cashKey(provider)}, args...).Text()
	if err != nil {
		return "", fail(ctx, "book payments", err)
	}
	return answers, nil
}

// purpose is the digest of a document, or of an account and a period.
func (c cashbook) purpose(p engine.Purpose) [digestSize]byte {
	if p.DocumentID != "" {
		return c.digest(kindPurpose, "d"+p.DocumentID)
	}
	return c.digest(kindPurpose, "a"+p.Account+"\x00"+p.Period)
}

// packPayment writes a record: its length, amount, time and reference.
func packPayment(p engine.Payment) []byte {
	record := binary.AppendVarint(nil, int64(p.Amount))
	record = append(binary.AppendVarint(record, millis(p.PaidAt)), p.Reference...)
	return append(binary.AppendUvarint(nil, uint64(len(record))), record...)
}

var errRecord = errors.New("a record of a payment is damaged")

// unpackPayments reads records that stand one behind the other; of says whom they are for.
func unpackPayments(text []byte, of engine.Purpose) ([]engine.Payment, error) {
	var list []engine.Payment
	for len(text) > 0 {
		size, n := binary.Uvarint(text)
		if n <= 0 || size > uint64(len(text)-n) {
			return nil, errRecord
		}
		record := text[n : n+int(size)]
		text = text[n+int(size):]
		amount, a := binary.Varint(record)
		if a <= 0 {
			return nil, errRecord
		}
		ms, b := binary.Varint(record[a:])
		if b <= 0 {
			return nil, errRecord
		}
		list = append(list, engine.Payment{
			Reference: string(record[a+b:]), DocumentID: of.DocumentID, Account: of.Account, Period: of.Period,
			Amount: engine.Money(amount), PaidAt: time.UnixMilli(ms).UTC(),
		})
	}
	return list, nil
}

func (c cashbook) Close(ctx context.Context, provider engine.ProviderID, references []string) error {
	for page := range slices.Chunk(references, cashPage) {
		if err := c.run(ctx, closeScript, []string{cashKey(provider)}, c.named(provider, page)...).Err(); err != nil {
			return fail(ctx, "close payments", err)
		}
	}
	return nil
}

func (c cashbook) Annul(ctx context.Context, provider engine.ProviderID, references []string) ([]engine.Credit, error) {
	credits := make([]engine.Credit, 0, len(references))
	for page := range slices.Chunk(references, cashPage) {
		answers, err := c.run(ctx, annulScript, []string{cashKey(provider)}, c.named(provider, page)...).Text()
		if err != nil {
			return nil, fail(ctx, "annul payments", err)
		}
		for _, answer := range []byte(answers) {
			credits = append(credits, engine.Credit(answer-'0'))
		}
	}
	return credits, nil
}

// named are the arguments of a script about references.
func (c cashbook) named(provider engine.ProviderID, references []string) []any {
	this, last := c.epochs(provider)
	args := []any{this, last, c.life(), cashBuckets}
	for _, reference := range references {
		digest := c.digest(kindReference, reference)
		args = append(args, digest[:])
	}
	return args
}

func (c cashbook) Payments(ctx context.Context, provider engine.ProviderID, purposes []engine.Purpose) ([][]engine.Payment, error) {
	this, last := c.epochs(provider)
	type asked struct {
		place   int
		purpose engine.Purpose
		answer  *redis.StringCmd
	}
	var all []asked
	_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		ask := func(place int, purpose engine.Purpose) {
			digest := c.purpose(purpose)
			bucket := int(binary.BigEndian.Uint16(digest[:])) % cashBuckets
			for _, epoch := range []string{last, this} {
				answer := p.HGet(ctx, fmt.Sprintf("%sfor:%d", epoch, bucket), string(digest[:]))
				all = append(all, asked{place, purpose, answer})
			}
		}
		for i, purpose := range purposes {
			if purpose.DocumentID != "" {
				ask(i, engine.Purpose{DocumentID: purpose.DocumentID})
			}
			if purpose.Account != "" {
				ask(i, engine.Purpose{Account: purpose.Account, Period: purpose.Period})
			}
		}
		return nil
	})
	if err != nil && !missing(err) {
		return nil, fail(ctx, "read payments", err)
	}
	found := make([][]engine.Payment, len(purposes))
	for _, a := range all {
		text, err := a.answer.Bytes()
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, fail(ctx, "read payments", err)
		}
		list, err := unpackPayments(text, a.purpose)
		if err != nil {
			return nil, fmt.Errorf("read payments: %w", err)
		}
		found[a.place] = append(found[a.place], list...)
	}
	if err := c.without(ctx, provider, found); err != nil {
		return nil, err
	}
	for _, list := range found {
		slices.SortFunc(list, func(a, b engine.Payment) int {
			return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.Reference, b.Reference))
		})
	}
	return found, nil
}

// without takes annulled payments out of what was found.
func (c cashbook) without(ctx context.Context, provider engine.ProviderID, found [][]engine.Payment) error {
	this, last := c.epochs(provider)
	states := map[string][2]*redis.StringCmd{} // by reference, of this and the last epoch
	_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, list := range found {
			for _, payment := range list {
				digest := c.digest(kindReference, payment.Reference)
				bucket := int(binary.BigEndian.Uint16(digest[:])) % cashBuckets
				ask := func(epoch string) *redis.StringCmd {
					return p.HGet(ctx, fmt.Sprintf("%sref:%d", epoch, bucket), string(digest[:]))
				}
				states[payment.Reference] = [2]*redis.StringCmd{ask(this), ask(last)}
			}
		}
		return nil
	})
	if err != nil && !missing(err) {
		return fail(ctx, "read payments", err)
	}
	for i := range found {
		found[i] = slices.DeleteFunc(found[i], func(p engine.Payment) bool {
			state := cmp.Or(states[p.Reference][0].Val(), states[p.Reference][1].Val())
			return state == "3" || state == "4"
		})
	}
	return nil
}
