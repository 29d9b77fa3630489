package redisq

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// The names of a chunk are the digests of its accounts and documents: the token of the call that stored it (16 bytes), how many recipients it
// has (2 bytes), the digests of their accounts and then of their documents (8 bytes each, zero for none). They are written together with
// the chunk, so that an account is taken if and only if its chunk is there.

const (
	tokenSize = 16
	headSize  = tokenSize + 2
)

// digest is what stands for a name in Redis. Among a hundred million names of a campaign the odds that any two meet are one in four thousand.
type digest = uint64

func namesKey(id engine.CampaignID, chunk int) string {
	return fmt.Sprintf("v:{%s}:names:%d", id, chunk)
}

// names writes the names of the recipients at the given places.
func (a audience) names(token string, list []engine.Recipient, accounts []digest, places []int) []byte {
	text := make([]byte, headSize, headSize+16*len(places))
	copy(text, token)
	binary.BigEndian.PutUint16(text[tokenSize:], uint16(len(places)))
	for _, i := range places {
		text = binary.BigEndian.AppendUint64(text, accounts[i])
	}
	for _, i := range places {
		text = binary.BigEndian.AppendUint64(text, a.documentDigest(list[i].DocumentID))
	}
	return text
}

func (r *Redis) accountDigest(account string) digest { return r.shortDigest(kindAccount, account) }

// documentDigest is 0 for no document.
func (r *Redis) documentDigest(document string) digest {
	if document == "" {
		return 0
	}
	return r.shortDigest(kindDocument, document)
}

func (r *Redis) shortDigest(kind byte, name string) digest {
	long := r.digest(kind, name)
	return max(binary.BigEndian.Uint64(long[:]), 1)
}

// nameList is the names of a chunk as Redis has them; empty if they are not there any more.
type nameList string

func (l nameList) token() string { return string(l[:min(tokenSize, len(l))]) }

// people is how many recipients the chunk has.
func (l nameList) people() int {
	if len(l) < headSize {
		return 0
	}
	return min(int(l[tokenSize])<<8|int(l[tokenSize+1]), (len(l)-headSize)/16)
}

func (l nameList) at(k int) digest {
	var d digest
	for _, b := range []byte(l[headSize+8*k : headSize+8*k+8]) {
		d = d<<8 | digest(b)
	}
	return d
}

// accounts yields place and digest of each account.
func (l nameList) accounts() iter.Seq2[int, digest] {
	return func(yield func(int, digest) bool) {
		for i := range l.people() {
			if !yield(i, l.at(i)) {
				return
			}
		}
	}
}

// all yields place and digest of each account, and then of each document.
func (l nameList) all() iter.Seq2[int, digest] {
	return func(yield func(int, digest) bool) {
		n := l.people()
		for k := range 2 * n {
			if d := l.at(k); d != 0 && !yield(k%n, d) {
				return
			}
		}
	}
}

// namesPage is how many chunks' names are read at once, some eight kilobytes each.
const namesPage = 128

// readNames hands on the names of the chunks from…to-1, one after another.
func (r *Redis) readNames(ctx context.Context, id engine.CampaignID, from, to int, take func(chunk int, l nameList)) error {
	for ; from < to; from += namesPage {
		end := min(from+namesPage, to)
		lists := make([]*redis.StringCmd, 0, namesPage)
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for chunk := from; chunk < end; chunk++ {
				lists = append(lists, p.Get(ctx, namesKey(id, chunk)))
			}
			return nil
		})
		if err != nil && !missing(err) {
			return fail(ctx, "read the names of an audience", err)
		}
		for i, list := range lists {
			take(from+i, nameList(list.Val()))
		}
	}
	return nil
}
