package demo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
)

// together turns many single calls into a few with many items: whoever calls waits until its item is done, and meanwhile others join.
type together[T any] struct {
	do    func(ctx context.Context, items []T) error
	most  int           // items of one call
	pause time.Duration // how long others may join
	queue chan waiting[T]
}

type waiting[T any] struct {
	item T
	done chan error
}

func newTogether[T any](most int, pause time.Duration, do func(context.Context, []T) error) *together[T] {
	return &together[T]{do: do, most: most, pause: pause, queue: make(chan waiting[T])}
}

// add does one item, together with others.
func (t *together[T]) add(ctx context.Context, item T) error {
	w := waiting[T]{item, make(chan error, 1)}
	select {
	case t.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run does the items until the context ends; one call at a time, so that nothing is ever asked faster than it is answered.
func (t *together[T]) run(ctx context.Context) {
	for {
		select {
		case first := <-t.queue:
			t.round(ctx, first)
		case <-ctx.Done():
			return
		}
	}
}

// round gathers who comes soon after the first and does them.
func (t *together[T]) round(ctx context.Context, first waiting[T]) {
	list, items := []waiting[T]{first}, []T{first.item}
	timer := time.NewTimer(t.pause)
	defer timer.Stop()
gather:
	for len(list) < t.most {
		select {
		case w := <-t.queue:
			list, items = append(list, w), append(items, w.item)
		case <-timer.C:
			break gather
		case <-ctx.Done():
			break gather
		}
	}
	err := t.do(ctx, items)
	for _, w := range list {
		w.done <- err
	}
}

// tries is how often something is tried that a busy server has refused.
const tries = 8

// insist does something again, after pauses, while the server answers that it has no time (429) or a trouble of its own (5xx).
func insist(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		problem := (*client.Problem)(nil)
		_, later := errors.AsType[*mailtest.Later](err)
		busy := errors.As(err, &problem) && (problem.Status == http.StatusTooManyRequests || problem.Status >= 500)
		if !later && !busy || try == tries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 250 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
