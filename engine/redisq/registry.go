package redisq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// registry is the engine's Registry. A campaign lies in its own slot, the lists it stands in lie in others: a list is written first and
// checked against the campaigns when it is read, so that a crash in between leaves a name too many and never one too few.
type registry struct{ *Redis }

const (
	providersKey = "v:{registry}:providers"
	keysKey      = "v:{registry}:keys"
	activeKey    = "v:{active}"
)

// payableAge is for how long payments are matched against a campaign.
const payableAge = 180 * 24 * time.Hour

// activeGrace is for how long a campaign stays in the list of active ones after it was put there, whatever it is: whoever put it there
// is about to make it active.
const activeGrace = 10 * time.Minute

func campaignKey(id engine.CampaignID) string  { return fmt.Sprintf("v:{%s}:campaign", id) }
func campaignsKey(id engine.ProviderID) string { return fmt.Sprintf("v:{%s}:campaigns", id) }
func payableKey(id engine.ProviderID) string   { return fmt.Sprintf("v:{%s}:payable", id) }
func position(at time.Time, id engine.CampaignID) string {
	return fmt.Sprintf("%015d.%s", at.UnixMilli(), id)
}

func campaignAt(position string) engine.CampaignID {
	_, id, _ := strings.Cut(position, ".")
	return engine.CampaignID(id)
}

func (r registry) AddCampaign(ctx context.Context, c engine.Campaign) error {
	text, err := stamp(c)
	if err != nil {
		return fmt.Errorf("write campaign %s: %w", c.ID, err)
	}
	if !c.Single {
		if err := r.enlist(ctx, campaignsKey(c.Provider), c, r.options.Retention); err != nil {
			return err
		}
	}
	if c.Kind.Payable() {
		if err := r.enlist(ctx, payableKey(c.Provider), c, payableAge); err != nil {
			return err
		}
	}
	if err := r.activate(ctx, c); err != nil {
		return err
	}
	done, err := r.swap(ctx, c, nil, text)
	if err != nil {
		return fail(ctx, "add a campaign", err)
	}
	if !done {
		return fmt.Errorf("add campaign %s: %w", c.ID, engine.ErrConflict)
	}
	return nil
}

// swap writes a campaign if it is still as it was read. What only a campaign that is not over needs lives on for a while.
func (r registry) swap(ctx context.Context, c engine.Campaign, before, after []byte) (bool, error) {
	claims := r.options.Retention
	if !c.Active() {
		claims = min(claims, claimsGrace)
	}
	return r.run(ctx, swapScript, []string{campaignKey(c.ID), claimsKey(c.ID)}, before, after,
		r.options.Retention.Milliseconds(), claims.Milliseconds()).Bool()
}

// enlist puts a campaign into a list by age and takes out what is too old.
func (r registry) enlist(ctx context.Context, list string, c engine.Campaign, age time.Duration) error {
	_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZAdd(ctx, list, redis.Z{Member: position(c.CreatedAt, c.ID)})
		p.ZRemRangeByLex(ctx, list, "-", "("+position(time.Now().Add(-age), ""))
		p.PExpire(ctx, list, r.options.Retention)
		return nil
	})
	return fail(ctx, "list a campaign", err)
}

// activate lists a campaign that is about to be active.
func (r registry) activate(ctx context.Context, c engine.Campaign) error {
	if !c.Active() {
		return nil
	}
	z := redis.Z{Score: float64(time.Now().UnixMilli()), Member: string(c.ID)}
	return fail(ctx, "list an active campaign", r.client.ZAdd(ctx, activeKey, z).Err())
}

func (r registry) Campaign(ctx context.Context, id engine.CampaignID) (c engine.Campaign, err error) {
	text, err := r.client.Get(ctx, campaignKey(id)).Bytes()
	err = readStamped(ctx, "read a campaign", text, err, &c)
	return c, err
}

func (r registry) ChangeCampaign(ctx context.Context, id engine.CampaignID, change func(*engine.Campaign) error) (engine.Campaign, error) {
	for {
		var c engine.Campaign
		before, err := r.client.Get(ctx, campaignKey(id)).Bytes()
		if err := readStamped(ctx, "read a campaign", before, err, &c); err != nil {
			return engine.Campaign{}, err
		}
		if refusal := change(&c); refusal != nil {
			var is engine.Campaign
			if err := readStamped(ctx, "read a campaign", before, nil, &is); err != nil {
				return engine.Campaign{}, err
			}
			return is, refusal
		}
		after, err := stamp(c)
		if err != nil {
			return engine.Campaign{}, fmt.Errorf("write campaign %s: %w", id, err)
		}
		if err := r.activate(ctx, c); err != nil {
			return engine.Campaign{}, err
		}
		done, err := r.swap(ctx, c, before, after)
		if err != nil {
			return engine.Campaign{}, fail(ctx, "change a campaign", err)
		}
		if done {
			return c, nil
		}
	}
}

func (r registry) Campaigns(ctx context.Context, provider engine.ProviderID, cursor string, limit int) ([]engine.Campaign, string, error) {
	var page []engine.Campaign
	for limit > 0 {
		from := "+"
		if cursor != "" {
			from = "(" + cursor
		}
		// One more than asked for tells whether the page is the last.
		names, err := r.client.ZRevRangeByLex(ctx, campaignsKey(provider), &redis.ZRangeBy{Min: "-", Max: from, Count: int64(limit) + 1}).Result()
		if err != nil {
			return nil, "", fail(ctx, "list campaigns", err)
		}
		found, err := r.campaigns(ctx, names)
		if err != nil {
			return nil, "", err
		}
		for i, c := range found {
			if len(page) == limit {
				return page, cursor, nil
			}
			if cursor = names[i]; c != nil && c.Provider == provider {
				page = append(page, *c)
			}
		}
		if len(names) <= limit {
			break
		}
	}
	return page, "", nil
}

// campaigns reads those of the named campaigns that are there; nil for the others.
func (r registry) campaigns(ctx context.Context, positions []string) ([]*engine.Campaign, error) {
	texts := make([]*redis.StringCmd, len(positions))
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range positions {
			texts[i] = p.Get(ctx, campaignKey(campaignAt(name)))
		}
		return nil
	})
	if err != nil && !missing(err) {
		return nil, fail(ctx, "read campaigns", err)
	}
	list := make([]*engine.Campaign, len(positions))
	for i, cmd := range texts {
		var c engine.Campaign
		text, err := cmd.Bytes()
		if err := readStamped(ctx, "read a campaign", text, err, &c); err == nil {
			list[i] = &c
		} else if !errors.Is(err, engine.ErrNotFound) {
			return nil, err
		}
	}
	return list, nil
}

func (r registry) Active(ctx context.Context) ([]engine.CampaignID, error) {
	listed, err := r.client.ZRangeWithScores(ctx, activeKey, 0, -1).Result()
	if err != nil {
		return nil, fail(ctx, "list active campaigns", err)
	}
	names := make([]string, len(listed))
	for i, z := range listed {
		names[i] = "." + z.Member.(string)
	}
	found, err := r.campaigns(ctx, names)
	if err != nil {
		return nil, err
	}
	var active []engine.CampaignID
	var over []any
	for i, z := range listed {
		if c := found[i]; c != nil && c.Active() {
			active = append(active, c.ID)
		} else if time.Since(time.UnixMilli(int64(z.Score))) > activeGrace {
			over = append(over, z.Member, strconv.FormatInt(int64(z.Score), 10))
		}
	}
	if len(over) > 0 {
		if err := r.run(ctx, forgetScript, []string{activeKey}, over...).Err(); err != nil {
			return nil, fail(ctx, "forget ended campaigns", err)
		}
	}
	return active, nil
}

func (r registry) Payable(ctx context.Context, provider engine.ProviderID) ([]engine.CampaignID, error) {
	oldest := "[" + position(time.Now().Add(-payableAge), "")
	names, err := r.client.ZRevRangeByLex(ctx, payableKey(provider), &redis.ZRangeBy{Min: oldest, Max: "+"}).Result()
	if err != nil {
		return nil, fail(ctx, "list campaigns to be paid", err)
	}
	found, err := r.campaigns(ctx, names)
	if err != nil {
		return nil, err
	}
	var list []engine.CampaignID
	for _, c := range found {
		if c == nil || c.Provider != provider || c.Status == engine.StatusCancelled && c.StartedAt.IsZero() {
			continue
		}
		list = append(list, c.ID)
	}
	return list, nil
}
