package redisq

import (
	"context"
	"fmt"
	"time"

	"vestnik/engine"
)

// claims is the engine's Claims: a hash of a campaign, digest of place and address → ordinal, followed by "!" once the channel took the message.
type claims struct{ *Redis }

// claimsGrace is how long claims outlive the end of their campaign: a message returned after it sets the campaign running again, and must not
// make a house be told twice.
const claimsGrace = 7 * 24 * time.Hour

func claimsKey(id engine.CampaignID) string { return fmt.Sprintf("v:{%s}:claims", id) }

// fields are the digests of addresses at a place.
func (c claims) fields(place string, addresses []string) []string {
	list := make([]string, len(addresses))
	for i, address := range addresses {
		digest := c.digest(kindPlace, place+"\x00"+address)
		list[i] = string(digest[:])
	}
	return list
}

func (c claims) Claim(ctx context.Context, id engine.CampaignID, place string, addresses []string, ordinals engine.Ordinals) ([]engine.Claim, error) {
	if len(addresses) != len(ordinals) {
		return nil, fmt.Errorf("claim %d addresses for %d recipients", len(addresses), len(ordinals))
	}
	if len(addresses) == 0 {
		return nil, nil
	}
	args := []any{c.options.Retention.Milliseconds()}
	for i, field := range c.fields(place, addresses) {
		args = append(args, field, uint32(ordinals[i]))
	}
	answers, err := c.run(ctx, claimScript, []string{claimsKey(id)}, args...).Text()
	if err != nil {
		return nil, fail(ctx, "claim addresses", err)
	}
	list := make([]engine.Claim, len(addresses))
	for i := range list {
		list[i] = engine.Claim(answers[i] - '0')
	}
	return list, nil
}

func (c claims) Close(ctx context.Context, id engine.CampaignID, place string, addresses []string, taken bool) error {
	if len(addresses) == 0 {
		return nil
	}
	fields := c.fields(place, addresses)
	if !taken {
		return fail(ctx, "free addresses", c.client.HDel(ctx, claimsKey(id), fields...).Err())
	}
	args := make([]any, len(fields))
	for i, field := range fields {
		args[i] = field
	}
	return fail(ctx, "close addresses", c.run(ctx, takenScript, []string{claimsKey(id)}, args...).Err())
}
