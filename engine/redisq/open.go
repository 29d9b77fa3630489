package redisq

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// Options says how to reach Redis and how to keep things there.
type Options struct {
	// URL is redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel://host[:port][,host…]/master[?db=N],
	// redis+cluster://host[:port][,host…] (also rediss+…), or "embedded" for an in-memory Redis of its own (see StartEmbedded).
	URL string

	DataKey       []byte        // 16, 24 or 32 bytes: chunks and answers are sealed with AES-GCM; empty: they are compressed only
	Secret        []byte        // keys the digests of accounts, addresses and references; it must never change
	Retention     time.Duration // of everything small, from its last change on; 0 means 400 days
	ChunkAge      time.Duration // of recipients, from their last use on; 0 means 120 days, more than the longest wait of a step
	JournalShards int           // streams of the journal; 0 means 4. Entries in shards beyond are not read any more
	QueueShards   int           // queues for each channel and urgency; 0 means 1, or 4 on a cluster. All processes must agree
	AllowVolatile bool          // Check accepts a Redis that may forget
}

// Redis is everything kept in one Redis. It is safe for concurrent use.
type Redis struct {
	options   Options
	client    redis.UniversalClient
	tasks     *asynq.Client
	inspector *asynq.Inspector
	vault     *vault
	journal   *journal
	rolls     *rolls
	embedded  *Embedded
}

// Open prepares connections; it does not wait for Redis, so that a process can start before its Redis does.
func Open(_ context.Context, o Options) (*Redis, error) {
	o.fill()
	r := &Redis{rolls: &rolls{open: map[engine.CampaignID]*roll{}}}
	if o.URL == "embedded" {
		embedded, err := StartEmbedded()
		if err != nil {
			return nil, err
		}
		r.embedded, o.URL, o.AllowVolatile = embedded, embedded.URL(), true
	}
	target, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.QueueShards == 0 {
		if o.QueueShards = 1; target.IsClusterMode {
			o.QueueShards = 4
		}
	}
	if r.vault, err = newVault(o.DataKey); err != nil {
		return nil, err
	}
	r.options = o
	r.client = redis.NewUniversalClient(target)
	r.tasks = asynq.NewClientFromRedisClient(r.client)
	r.inspector = asynq.NewInspectorFromRedisClient(r.client)
	r.journal = &journal{Redis: r}
	return r, nil
}

func (o *Options) fill() {
	if o.Retention == 0 {
		o.Retention = 400 * 24 * time.Hour
	}
	if o.ChunkAge == 0 {
		o.ChunkAge = 120 * 24 * time.Hour
	}
	if o.JournalShards == 0 {
		o.JournalShards = 4
	}
}

// Stores gives all the stores of the engine.
func (r *Redis) Stores() engine.Stores {
	return engine.Stores{
		Registry: registry{r}, Audience: audience{r}, Ledger: ledger{r}, Marks: marks{r}, Cashbook: cashbook{r},
		Stops: stops{r}, Journal: r.journal, Queue: queue{r}, Answers: answers{r}, Consents: consents{r}, Frequency: frequency{r},
		Claims: claims{r}, Pace: pace{r}, Breakers: breakers{r}, Tally: tally{r}, Chats: chats{r}, Inbox: inbox{r},
		Notes: notes{r}, Dialogs: dialogs{r}, Documents: documents{r}, Declarations: declarations{r},
	}
}

// Ping asks Redis for a sign of life.
func (r *Redis) Ping(ctx context.Context) error {
	return fail(ctx, "ping redis", r.client.Ping(ctx).Err())
}

// Close gives back all connections, and ends the embedded Redis if there is one.
func (r *Redis) Close() error {
	r.vault.close()
	err := r.client.Close()
	if r.embedded != nil {
		r.embedded.Close()
	}
	if err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// SetLog directs what the Redis client has to say, for all Redis of this process, to log; by default it is written to stderr.
func SetLog(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

// Printf is what go-redis calls.
func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, args...))
}
