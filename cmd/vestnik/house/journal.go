package house

import (
	"context"
	"errors"
	"os"
	"time"

	"vestnik/analytics"
	"vestnik/engine/redisq"
)

// source hands the journal of redisq to the loader of analytics: two rooms that do not know each other.
type source struct{ reader *redisq.JournalReader }

// How long a Read waits for an entry, and how often it looks.
const (
	sourcePatience = time.Second
	sourcePause    = 25 * time.Millisecond
)

// source makes a source. The consumer is named after the machine: a loader that is started again goes on with what it had not acknowledged.
func (h *House) source() analytics.Source {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "vestnik"
	}
	return source{h.redis.JournalReader(name)}
}

var errBroken = errors.New("an entry of the journal cannot be read")

// Read waits up to a second for something to deliver.
func (s source) Read(ctx context.Context, limit int) ([]analytics.Delivery, error) {
	for begin := time.Now(); ; {
		found, err := s.reader.Read(ctx, limit)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 || time.Since(begin) > sourcePatience {
			list := make([]analytics.Delivery, len(found))
			for i, d := range found {
				list[i] = analytics.Delivery{ID: d.ID, Entry: d.Entry}
				if d.Entry.Campaign == "" {
					list[i].Broken = errBroken
				}
			}
			return list, nil
		}
		if !pause(ctx, sourcePause) {
			return nil, ctx.Err()
		}
	}
}

// Ack takes deliveries out of the journal.
func (s source) Ack(ctx context.Context, deliveries []analytics.Delivery) error {
	list := make([]redisq.Delivery, len(deliveries))
	for i, d := range deliveries {
		list[i].ID = d.ID
	}
	return s.reader.Ack(ctx, list...)
}
