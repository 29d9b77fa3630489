package redisq

import (
	"context"
	"time"
)

// TryLead makes holder the leader of name for ttl if nobody else is, or keeps it so; it reports whether holder leads now. Whoever leads calls it
// again well before ttl is over, and stops leading when it answers false or fails for that long.
func (r *Redis) TryLead(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	leads, err := r.run(ctx, leadScript, []string{leadKey(name)}, holder, max(ttl.Milliseconds(), 1)).Bool()
	return leads, fail(ctx, "become leader", err)
}

// Resign gives a leader lock back, if holder has it.
func (r *Redis) Resign(ctx context.Context, name, holder string) error {
	return fail(ctx, "resign as leader", r.run(ctx, leadScript, []string{leadKey(name)}, holder, 0).Err())
}

func leadKey(name string) string { return "v:{lead:" + name + "}" }
