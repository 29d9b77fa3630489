package redisq

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// Delivery is one entry of the journal on its way into the history. The same entry may be delivered again after a crash, under the same ID.
type Delivery struct {
	ID    string // shard, stream entry, place in it and how many are in it: "2/1700000000000-0/1/3"
	Entry engine.Entry
}

// JournalReader reads the journal for the history. Readers of different consumers share the work; what a dead one has read and not
// acknowledged goes to the others. It is safe for concurrent use.
type JournalReader struct {
	redis    *Redis
	consumer string

	mu      sync.Mutex
	own     []string                   // by shard: from where on its own unacknowledged entries are read again; ">" when there are no more
	claimed time.Time                  // when it last looked for entries of dead consumers
	partly  map[string]map[string]bool // stream entries of which some deliveries are acknowledged
}

// journalGroup is the one consumer group of the journal.
const journalGroup = "history"

const (
	// claimAfter is how long an entry may stay unacknowledged before it counts as a dead consumer's. History that is away for longer makes
	// consumers take each other's entries, which is harmless: the first acknowledgement counts.
	claimAfter = 2 * time.Minute
	claimEvery = 15 * time.Second
	// forgetConsumer is how long a consumer that has nothing may be silent before its name is forgotten.
	forgetConsumer = 24 * time.Hour
)

// JournalReader makes a reader. consumer names the process: after a restart under the same name it begins with what it had not acknowledged.
func (r *Redis) JournalReader(consumer string) *JournalReader {
	own := make([]string, r.options.JournalShards)
	for i := range own {
		own[i] = "0"
	}
	return &JournalReader{redis: r, consumer: consumer, own: own, partly: map[string]map[string]bool{}}
}

// Read gives entries nobody has read yet, or that were read and not acknowledged by a process that died: about max of them, since what was
// recorded by one call is not parted. It does not wait: none means there are none now.
func (j *JournalReader) Read(ctx context.Context, max int) ([]Delivery, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	list, err := j.claim(ctx, max)
	if err != nil {
		return nil, err
	}
	for again := true; again && len(list) < max; {
		var more []Delivery
		if more, again, err = j.round(ctx, max-len(list)); err != nil {
			break
		}
		list = append(list, more...)
	}
	if len(list) > 0 {
		return list, nil // what was read must not be lost for what was not; a trouble that lasts is told next time
	}
	return nil, err
}

// round reads each shard once. It is to be done again when a shard came to the end of the reader's own entries, or was made.
func (j *JournalReader) round(ctx context.Context, max int) (list []Delivery, again bool, err error) {
	shards := len(j.own)
	replies := make([]*redis.XStreamSliceCmd, shards)
	_, _ = j.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each reply is looked at below
		for shard := range shards {
			replies[shard] = p.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: journalGroup, Consumer: j.consumer, Streams: []string{journalKey(shard), j.own[shard]},
				Count: int64((max + shards - 1) / shards), Block: -1,
			})
		}
		return nil
	})
	for shard, reply := range replies {
		switch failure := reply.Err(); {
		case redis.HasErrorPrefix(failure, "NOGROUP"):
			if again = true; err == nil {
				err = j.begin(ctx)
			}
		case failure != nil && !missing(failure):
			err = fail(ctx, "read the journal", failure)
			j.own[shard] = "0" // Redis may have handed over what never arrived: it is the reader's own now, and read again
		}
		for _, stream := range reply.Val() {
			list = append(list, j.deliveries(shard, stream.Messages)...)
			again = j.advance(shard, stream.Messages) || again
		}
	}
	if len(list) > 0 {
		return list, again && err == nil, nil
	}
	return nil, again, err
}

// advance goes on behind the reader's own unacknowledged entries, and reports whether it came from them to new ones.
func (j *JournalReader) advance(shard int, messages []redis.XMessage) bool {
	if j.own[shard] == ">" {
		return false
	}
	if len(messages) == 0 {
		j.own[shard] = ">"
		return true
	}
	j.own[shard] = messages[len(messages)-1].ID
	return false
}

// begin makes the consumer group where it is not there yet.
func (j *JournalReader) begin(ctx context.Context) error {
	for shard := range j.own {
		err := j.redis.client.XGroupCreateMkStream(ctx, journalKey(shard), journalGroup, "0").Err()
		if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
			return fail(ctx, "begin to read the journal", err)
		}
		j.own[shard] = "0"
	}
	return nil
}

// claim takes over, now and then, what dead consumers have read.
func (j *JournalReader) claim(ctx context.Context, max int) (list []Delivery, err error) {
	if time.Since(j.claimed) < claimEvery {
		return nil, nil
	}
	for shard := range j.own {
		messages, _, err := j.redis.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: journalKey(shard), Group: journalGroup, Consumer: j.consumer, MinIdle: claimAfter, Start: "0", Count: int64(max),
		}).Result()
		if redis.HasErrorPrefix(err, "NOGROUP") {
			return nil, j.begin(ctx)
		}
		if err != nil {
			return nil, fail(ctx, "take over a dead consumer's entries", err)
		}
		list = append(list, j.deliveries(shard, messages)...)
		if err := j.forget(ctx, shard); err != nil {
			return nil, err
		}
	}
	if len(list) < max {
		j.claimed = time.Now()
	}
	return list, nil
}

// forget removes the names of consumers that are gone for good.
func (j *JournalReader) forget(ctx context.Context, shard int) error {
	consumers, err := j.redis.client.XInfoConsumers(ctx, journalKey(shard), journalGroup).Result()
	if err != nil {
		return fail(ctx, "list the journal's consumers", err)
	}
	for _, c := range consumers {
		if c.Name == j.consumer || c.Pending > 0 || c.Idle < forgetConsumer {
			continue
		}
		if err := j.redis.client.XGroupDelConsumer(ctx, journalKey(shard), journalGroup, c.Name).Err(); err != nil {
			return fail(ctx, "forget a consumer of the journal", err)
		}
	}
	return nil
}

// deliveries takes stream entries apart. One that cannot be read is delivered as an Entry that tells nothing, so that it does not block those
// behind it.
func (j *JournalReader) deliveries(shard int, messages []redis.XMessage) (list []Delivery) {
	for _, m := range messages {
		var entries []engine.Entry
		text, _ := m.Values[journalField].(string)
		if err := json.Unmarshal([]byte(text), &entries); err != nil || len(entries) == 0 {
			entries = make([]engine.Entry, 1)
		}
		for i, e := range entries {
			list = append(list, Delivery{ID: fmt.Sprintf("%d/%s/%d/%d", shard, m.ID, i, len(entries)), Entry: e})
		}
	}
	return list
}

// Ack says that deliveries are in the history; they leave the journal. What was recorded by one call leaves it when all of it is acknowledged.
func (j *JournalReader) Ack(ctx context.Context, deliveries ...Delivery) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	whole := make([][]string, len(j.own))
	for _, d := range deliveries {
		parts := strings.Split(d.ID, "/")
		if len(parts) != 4 {
			return fmt.Errorf("acknowledge: %q is no ID of a delivery", d.ID)
		}
		shard, err := strconv.Atoi(parts[0])
		n, err2 := strconv.Atoi(parts[3])
		if err != nil || err2 != nil || shard < 0 || shard >= len(whole) {
			return fmt.Errorf("acknowledge: %q is no ID of a delivery", d.ID)
		}
		entry := parts[0] + "/" + parts[1]
		if j.partly[entry] == nil {
			j.partly[entry] = map[string]bool{}
		}
		if j.partly[entry][parts[2]] = true; len(j.partly[entry]) == n {
			whole[shard] = append(whole[shard], parts[1])
		}
	}
	_, err := j.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard, ids := range whole {
			if len(ids) > 0 {
				p.XAck(ctx, journalKey(shard), journalGroup, ids...)
				p.XDel(ctx, journalKey(shard), ids...)
			}
		}
		return nil
	})
	if err != nil {
		for shard, ids := range whole {
			if len(ids) > 0 {
				j.own[shard] = "0" // they come again at once, and not only when they count as a dead consumer's
			}
		}
		return fail(ctx, "acknowledge", err)
	}
	for shard, ids := range whole {
		for _, id := range ids {
			delete(j.partly, strconv.Itoa(shard)+"/"+id)
		}
	}
	return nil
}

// Lag is how many records (calls of Record) are in the journal and not acknowledged yet.
func (j *JournalReader) Lag(ctx context.Context) (int64, error) { return j.redis.journalLag(ctx) }

func (r *Redis) journalLag(ctx context.Context) (n int64, err error) {
	lengths := make([]*redis.IntCmd, r.options.JournalShards)
	_, err = r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard := range lengths {
			lengths[shard] = p.XLen(ctx, journalKey(shard))
		}
		return nil
	})
	for _, length := range lengths {
		n += length.Val()
	}
	return n, fail(ctx, "measure the journal", err)
}
