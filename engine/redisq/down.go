package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// away are the beginnings of errors by which a server says that it cannot serve now: it loads its data, is a replica, lost its cluster,
// cannot write to its disk, or is full.
var away = []string{"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MISCONF", "OOM", "BUSY", "NOREPLICAS", "NOAUTH",
	"WRONGPASS", "UNBLOCKED", "ERR max number of clients"}

// fail says what was being done when a command failed: with the context's own error if the caller has given up, wrapping engine.ErrDown if
// Redis could not be reached or cannot serve, plainly if a command was wrong. Nil stays nil.
func fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	answer, answered := errors.AsType[redis.Error](err)
	if !answered {
		return fmt.Errorf("%s: %w: %w", doing, engine.ErrDown, err)
	}
	if slices.ContainsFunc(away, func(prefix string) bool { return strings.HasPrefix(answer.Error(), prefix) }) {
		return fmt.Errorf("%s: %w: %w", doing, engine.ErrDown, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// missing reports whether a command found nothing.
func missing(err error) bool { return errors.Is(err, redis.Nil) }
