package redisq

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"
)

// pace is the engine's Pace. A window is a number, a place with room for few a sorted set of holders by the end of their stay, and of turns there is
// the time when the next one comes. Names appear as
// digests: a sender may be named by an address.
type pace struct{ *Redis }

// paceGrace is how long a window or a place is remembered after its end: the clocks of workers differ.
const paceGrace = time.Hour

func (p pace) key(name, of string) string {
	digest := p.digest(kindPace, name)
	return "v:{pace:" + hex.EncodeToString(digest[:]) + "}:" + of
}

func (p pace) Spend(ctx context.Context, name string, end time.Time, n, limit int) (int, error) {
	life := max(time.Until(end), 0) + paceGrace
	got, err := p.run(ctx, spendScript, []string{p.key(name, strconv.FormatInt(millis(end), 10))}, n, limit, life.Milliseconds()).Int()
	return got, fail(ctx, "spend of a limit", err)
}

func (p pace) Enter(ctx context.Context, name, holder string, most int, now, until time.Time) (bool, error) {
	life := max(until.Sub(now), 0) + paceGrace
	in, err := p.run(ctx, enterScript, []string{p.key(name, "places")}, holder, most, millis(now), millis(until), life.Milliseconds()).Bool()
	return in, fail(ctx, "enter", err)
}

func (p pace) Leave(ctx context.Context, name, holder string) error {
	return fail(ctx, "leave", p.client.ZRem(ctx, p.key(name, "places"), holder).Err())
}

func (p pace) Turn(ctx context.Context, name string, every time.Duration) (time.Duration, error) {
	wait, err := p.run(ctx, turnScript, []string{p.key(name, "turn")}, every.Microseconds()).Int64()
	return time.Duration(wait) * time.Microsecond, fail(ctx, "take a turn", err)
}
