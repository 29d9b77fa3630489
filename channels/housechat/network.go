package housechat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"vestnik/engine"
)

// network is a messenger as the channel needs it, spoken to with the token of one provider. It never tries anything twice.
type network interface {
	// post makes a post and gives its ID.
	post(ctx context.Context, chat int64, d draft) (string, *failure)
	// upload hands over a photo and gives what it is attached by.
	upload(ctx context.Context, chat int64, p photo) (string, *failure)
	// find looks for the post of an attempt that began at since and whose end nobody knows; an empty ID: it was not made, or making it
	// again does no harm.
	find(ctx context.Context, chat int64, d draft, since time.Time) (string, *failure)
	// pin pins a post, in the place of any other.
	pin(ctx context.Context, chat int64, id string) *failure
	// pinned gives the ID of what is pinned, whoever wrote it; empty if nothing is.
	pinned(ctx context.Context, chat int64) (string, *failure)
	// unpin takes off what is pinned.
	unpin(ctx context.Context, chat int64) *failure
}

// draft is a post to be made.
type draft struct {
	name    string // of its Claim
	text    string
	answers string // ID of the post it answers; empty: none
	buttons []engine.Button
	photos  []string // as upload named them
	marks   []string // hashes of the texts that earlier attempts may have posted
	others  []string // IDs of posts that are known to be others
}

// failure is what a network did not do.
type failure struct {
	engine.Fault
	lost    bool // nothing can be posted in the chat until somebody does something about it
	unknown bool // nobody knows whether it was done
}

// because makes a failure; code never tells more than the network's own code.
func because(reason engine.Reason, code string, err error) *failure {
	return &failure{Fault: engine.Fault{Reason: reason, Code: code, Err: err}}
}

// untried is the failure of what was not tried because ctx ended.
func untried(ctx context.Context) *failure {
	return because(engine.Unavailable, "", fmt.Errorf("not tried: %w", ctx.Err()))
}

// markOf is a hash by which a text is recognized, whatever a network does to its blanks.
func markOf(text string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(text), " ")))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
