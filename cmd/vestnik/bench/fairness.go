package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
	"vestnik/engine/redisq"
)

// noticeSize is how many a notice is for: a few houses.
const noticeSize = 1000

// paceOfBatch is how long the channel takes over a batch, whoever sends it: with 8 workers, some 40,000 messages a second.
const paceOfBatch = 100 * time.Millisecond

// fairness has one provider send a large campaign and another order notices meanwhile: while it is under way, and when everybody in it has waited
// for something and all these waits end in the same moment.
func fairness(b *bed) (r Result, err error) {
	t, err := b.town()
	if err != nil {
		return r, err
	}
	stores, _, _, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	other := utility()
	other.ID = "other"
	if err := stores.Registry.PutProvider(b.ctx, other); err != nil {
		return r, err
	}
	channel := &slow{taken: map[engine.CampaignID]int{}}
	h, err := b.house(house.Config{Config: t.config(config.RoleWorker), Channels: map[engine.ChannelName]engine.Channel{engine.Email: channel}})
	if err != nil {
		return r, err
	}
	redis, _, err := house.OpenRedis(b.ctx, t.config())
	if err != nil {
		return r, err
	}
	b.atEnd(redis.Close)
	f := rivals{bed: b, house: h, redis: redis, channel: channel, provider: other.ID}
	if err := f.notice("alone", false); err != nil {
		return r, err
	}
	r.Work = fmt.Sprintf("%d messages of one provider, in two steps, and notices to %d of another one meanwhile", 2*b.options.N, noticeSize)
	if f.large, err = b.fill(h, twice(), b.options.N, person); err != nil {
		return r, err
	}
	if r.Measure, err = b.timed("vestnik", 2*b.options.N, "messages", f.compete); err != nil {
		return r, err
	}
	r.Notices = f.notices
	for _, n := range f.notices[1:] {
		r.Goals = append(r.Goals, atMost(n.Name, 5, n.Seconds))
	}
	return r, nil
}

// rivals are a large campaign and the notices beside it.
type rivals struct {
	bed      *bed
	house    *house.House
	redis    *redisq.Redis
	channel  *slow
	provider engine.ProviderID // of the notices
	large    engine.CampaignID
	notices  []Notice
}

// compete sends the large campaign and, in each of its halves, an ordinary notice and an urgent one.
func (f *rivals) compete() error {
	b, n := f.bed, f.bed.options.N
	if _, err := f.house.Engine.Start(b.ctx, f.large); err != nil {
		return err
	}
	for step, when := range []string{"under_way", "waits_end"} {
		if step == 1 {
			if err := f.endWaits(); err != nil {
				return err
			}
		}
		for i, urgent := range []bool{false, true} {
			if err := f.sent(step*n + n*(i+1)/10); err != nil {
				return err
			}
			name := "ordinary_" + when
			if urgent {
				name = "urgent_" + when
			}
			if err := f.notice(name, urgent); err != nil {
				return err
			}
		}
		if err := f.sent((step + 1) * n); err != nil {
			return err
		}
	}
	return nil
}

// sent waits until the channel has so many messages of the large campaign.
func (f *rivals) sent(n int) error {
	return f.bed.until("Большая рассылка // The large campaign", n, func() (int, error) { return f.channel.count(f.large), nil })
}

// endWaits ends all waits of the large campaign in one moment, as if all had been sent to in one.
func (f *rivals) endWaits() error {
	if err := f.bed.allWait(f.house.Stores, f.large); err != nil {
		return err
	}
	now := time.Now().Truncate(time.Millisecond)
	if err := f.house.Stores.Ledger.Recall(f.bed.ctx, f.large, now); err != nil {
		return err
	}
	return f.house.Stores.Queue.Put(f.bed.ctx, engine.Wake{Campaign: f.large, At: now})
}

// notice orders a notice and waits until the channel has all of it.
func (f *rivals) notice(name string, urgent bool) error {
	c := notice()
	c.Provider, c.Urgent = f.provider, urgent
	c.Route.Lanes[0][0].Channel = engine.Email
	id, err := f.bed.fill(f.house, c, noticeSize, person)
	if err != nil {
		return err
	}
	n := Notice{Name: name, Work: fmt.Sprintf("a notice to %d", noticeSize)}
	if n.Before, n.Queued, err = f.depth(); err != nil {
		return err
	}
	begun := time.Now()
	if _, err := f.house.Engine.Start(f.bed.ctx, id); err != nil {
		return err
	}
	err = f.bed.until(name, noticeSize, func() (int, error) { return f.channel.count(id), nil })
	n.Seconds = time.Since(begun).Seconds()
	f.notices = append(f.notices, n)
	return err
}

// depth is how many batches of the large campaign travel, and how many of all are in the channel's queue.
func (f *rivals) depth() (travel, queued int, err error) {
	if f.large == "" {
		return 0, 0, nil
	}
	if travel, err = f.house.Stores.Ledger.Outstanding(f.bed.ctx, f.large); err != nil {
		return 0, 0, err
	}
	d, err := f.redis.Depths(f.bed.ctx)
	for _, q := range d.Queues {
		if q.Channel == engine.Email {
			queued += int(q.Pending + q.Active)
		}
	}
	return travel, queued, err
}

// slow is a channel that takes its time over every batch, and counts.
type slow struct {
	mu    sync.Mutex
	taken map[engine.CampaignID]int
}

// Send takes them.
func (s *slow) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	select {
	case <-time.After(paceOfBatch):
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[from.Campaign.ID] += len(msgs)
	return make([]engine.Result, len(msgs))
}

func (s *slow) count(id engine.CampaignID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[id]
}
