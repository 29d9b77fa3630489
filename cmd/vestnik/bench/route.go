package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/analytics"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
	"vestnik/engine/redisq"
)

// route takes a campaign whose recipients are stored already from its start to its end, over a channel that takes everything at once, until the
// history has every fact; and, on the same Redis, as many empty tasks of asynq as are enough to know their rate.
func route(b *bed) (r Result, err error) {
	t, err := b.town()
	if err != nil {
		return r, err
	}
	r.Work = fmt.Sprintf("%d recipients from start to the last fact in ClickHouse, over a channel that takes everything", b.options.N)
	single := Baseline{Name: "asynq", Work: "one asynq task per recipient that does nothing"}
	if single.Measure, err = b.tasks(t); err != nil {
		return r, err
	}
	r.Baselines = []Baseline{single}
	t = b.withHistory(t)
	stores, lag, _, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	h, err := b.house(house.Config{Config: t.config(config.RoleWorker, config.RoleLoader), Channels: map[engine.ChannelName]engine.Channel{engine.Gosuslugi: taker{}}})
	if err != nil {
		return r, err
	}
	id, err := b.fill(h, notice(), b.options.N, person)
	if err != nil {
		return r, err
	}
	r.Measure, err = b.timed("vestnik", b.options.N, "recipients", func() error { return b.deliver(h, id, lag) })
	if err != nil {
		return r, err
	}
	r.Goals = []Goal{atLeast("rate", 150_000, r.Rate), atLeast("ratio", 12, r.Rate/single.Rate)}
	return r, b.delivered(h, stores, id)
}

// quiet is a log nobody reads: benchmarks fail by what they count.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// taker is a channel that takes every message and does nothing with it.
type taker struct{}

// Send takes them.
func (taker) Send(_ context.Context, _ engine.Sender, msgs []engine.Message) []engine.Result {
	return make([]engine.Result, len(msgs))
}

// house starts an installation in this process.
func (b *bed) house(c house.Config) (*house.House, error) {
	c.Version, c.Log = "bench", b.options.Log
	h, err := house.Start(b.ctx, c)
	if err != nil {
		return nil, err
	}
	b.watch("clickhouse", h.PID())
	b.atEnd(h.Close)
	return h, nil
}

// notice is a campaign about water that is back, over Gosuslugi.
func notice() engine.Campaign {
	return engine.Campaign{
		Provider: utility().ID, Kind: engine.KindOutage, Template: engine.TemplateRef{Name: "outage-restored"}, Vars: []byte(`{"service":"Горячая вода"}`),
		Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.Gosuslugi}}}},
	}
}

// fill orders a campaign and stores its n recipients.
func (b *bed) fill(h *house.House, c engine.Campaign, n int, person func(int) engine.Recipient) (id engine.CampaignID, err error) {
	c.Mode, c.Name = engine.Live, "bench"
	if c.Template, err = h.Library.Pin(b.ctx, c.Template); err != nil {
		return "", err
	}
	if c, err = h.Engine.Order(b.ctx, c); err != nil {
		return "", err
	}
	for from := 0; from < n; from += engine.ChunkSize {
		list := make([]engine.Recipient, min(engine.ChunkSize, n-from))
		for i := range list {
			list[i] = person(from + i)
		}
		if _, err := h.Engine.Append(b.ctx, c, list); err != nil {
			return "", err
		}
		b.show("Получатели // Recipients", from+len(list), n)
	}
	return c.ID, nil
}

// deliver starts the campaign and waits until nobody is in flight and the journal is empty.
func (b *bed) deliver(h *house.House, id engine.CampaignID, lag func() (int, error)) error {
	if _, err := h.Engine.Start(b.ctx, id); err != nil {
		return err
	}
	err := b.until("Доставка // Delivery", b.options.N, func() (int, error) {
		balance, err := h.Stores.Ledger.Balance(b.ctx, id)
		return int(balance.Ordered - balance.InFlight), err
	})
	if err != nil {
		return err
	}
	return b.drained(lag)
}

// drained waits until the loader has acknowledged all of the journal, which it does after the insert.
func (b *bed) drained(lag func() (int, error)) error {
	return b.until("История // History", 1, func() (int, error) {
		left, err := lag()
		if left > 0 || err != nil {
			return 0, err
		}
		return 1, nil
	})
}

// delivered checks that the ledger and the history both know everybody.
func (b *bed) delivered(h *house.House, stores engine.Stores, id engine.CampaignID) error {
	balance, err := stores.Ledger.Balance(b.ctx, id)
	if err != nil {
		return err
	}
	report, err := h.History.Funnel(b.ctx, analytics.Query{Provider: utility().ID, Campaign: id})
	if err != nil {
		return err
	}
	n, sent := int64(b.options.N), report.Total.Channels[engine.Gosuslugi].Sent
	if balance.Delivered != n || sent != n || report.Total.Stages[0].Count != n {
		return fmt.Errorf("of %d recipients the ledger has %d delivered, the history %d ordered and %d sent", n, balance.Delivered, report.Total.Stages[0].Count, sent)
	}
	return nil
}

// How many tasks of asynq are enough to know their rate, and how many of them are worked on at once.
const (
	enoughTasks = 50_000
	taskWorkers = 16
)

// tasks puts one task per recipient and works on them at the same time, as a campaign that is fed is.
func (b *bed) tasks(t town) (m Measure, err error) {
	redis, err := redisq.Open(b.ctx, redisq.Options{URL: t.Redis})
	if err != nil {
		return m, err
	}
	n := min(b.options.N, enoughTasks)
	wakes := make([]engine.Wake, n)
	for i := range wakes {
		wakes[i] = engine.Wake{Campaign: "baseline", Batch: strconv.Itoa(i), Channel: engine.Gosuslugi, At: time.Now()}
	}
	var done atomic.Int64
	working, stop := context.WithCancel(b.ctx)
	workers := redis.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Gosuslugi: taskWorkers}, Log: b.options.Log,
		Handle: func(context.Context, engine.Wake) error { done.Add(1); return nil },
	})
	var failed error
	var running sync.WaitGroup
	running.Go(func() { failed = workers.Run(working) })
	m, err = b.timed("baseline", n, "tasks", func() error {
		if err := redis.Stores().Queue.Put(b.ctx, wakes...); err != nil {
			return err
		}
		return b.until("По задаче на получателя // One task per recipient", n, func() (int, error) { return int(done.Load()), nil })
	})
	stop()
	running.Wait()
	return m, errors.Join(err, failed, redis.Close())
}
