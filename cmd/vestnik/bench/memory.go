package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
	"vestnik/engine/redisq"
)

// memory has the recipients of one campaign wait for their e-mail to be opened, and measures what they take of Redis; then all open it, the
// campaign ends, and what is left is measured.
func memory(b *bed) (r Result, err error) {
	t, err := b.town()
	if err != nil {
		return r, err
	}
	t = b.withHistory(t) // what the journal holds is no part of a waiting recipient once it is in the history
	stores, lag, _, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	h, err := b.house(house.Config{Config: t.config(config.RoleWorker, config.RoleLoader), Channels: map[engine.ChannelName]engine.Channel{engine.Email: taker{}}})
	if err != nil {
		return r, err
	}
	redis, _, err := house.OpenRedis(b.ctx, t.config())
	if err != nil {
		return r, err
	}
	b.atEnd(redis.Close)
	g := scale{bed: b, url: t.Redis, redis: redis, n: b.options.N}
	if err := g.tare(); err != nil {
		return r, err
	}
	if g.campaign, err = b.fill(h, twice(), b.options.N, reader); err != nil {
		return r, err
	}
	r.Work = fmt.Sprintf("%d recipients who wait for their e-mail to be opened, and then have opened it", b.options.N)
	r.Memory = &Memory{}
	r.Measure, err = b.timed("vestnik", b.options.N, "recipients", func() error {
		if _, err := h.Engine.Start(b.ctx, g.campaign); err != nil {
			return err
		}
		if err := errors.Join(b.allWait(stores, g.campaign), b.drained(lag)); err != nil {
			return err
		}
		r.Memory.Waiting, err = g.weigh()
		return err
	})
	if err != nil {
		return r, err
	}
	if err := errors.Join(b.allOpen(h, g.campaign), b.drained(lag)); err != nil {
		return r, err
	}
	if r.Memory.Ended, err = g.weigh(); err != nil {
		return r, err
	}
	left := 0.0
	for kind, bytes := range maps.All(r.Memory.Ended.Keys) {
		if kind != "chunk" && kind != "names" && kind != "dir" { // the audience is kept for as long as the settings say
			left += bytes
		}
	}
	r.Goals = []Goal{atMost("bytes_waiting", 150, r.Memory.Waiting.Used), atMost("bytes_ended", 150, r.Memory.Ended.Used), atMost("bytes_ended_without_audience", 8, left)}
	return r, nil
}

// twice is a campaign that writes to everybody and, three days later, again to those who have not opened the first e-mail.
func twice() engine.Campaign {
	c := notice()
	c.Route.Lanes = []engine.Lane{{{Channel: engine.Email, Wait: engine.Wait(72 * time.Hour), Until: engine.Goals{engine.Opened}}, {Channel: engine.Email}}}
	return c
}

// allWait waits until nobody is left to be sent to.
func (b *bed) allWait(stores engine.Stores, id engine.CampaignID) error {
	return b.until("Отправка // Sending", b.options.N, func() (int, error) {
		fed, err := stores.Ledger.Fed(b.ctx, id)
		if err != nil || fed*engine.ChunkSize < b.options.N {
			return min(fed*engine.ChunkSize, b.options.N-1), err
		}
		// Those who are worked on come first, then those who are due soonest.
		first, err := stores.Ledger.Batches(b.ctx, id, 1)
		switch {
		case err != nil:
			return 0, err
		case len(first) == 0:
			balance, err := stores.Ledger.Balance(b.ctx, id)
			return 0, errors.Join(fmt.Errorf("nobody waits: %+v", balance), err)
		case first[0].Phase != engine.Waiting:
			return b.options.N - 1, nil
		}
		return b.options.N, nil
	})
}

// allOpen has everybody open the e-mail, and waits for the end of the campaign.
func (b *bed) allOpen(h *house.House, id engine.CampaignID) error {
	now := time.Now().Truncate(time.Millisecond)
	for from := 0; from < b.options.N; from += engine.ChunkSize {
		var list []engine.Observation
		for i := range min(engine.ChunkSize, b.options.N-from) {
			o := engine.OrdinalOf(from/engine.ChunkSize, i)
			list = append(list, engine.Observation{Campaign: id, Ordinal: o, Channel: engine.Email, Fact: engine.Opened, At: now})
		}
		if err := h.Engine.Observe(b.ctx, list...); err != nil {
			return err
		}
		b.show("Открытия // Opens", from+len(list), b.options.N)
	}
	return b.until("Конец // End", 1, func() (int, error) {
		c, err := h.Stores.Registry.Campaign(b.ctx, id)
		if err != nil || c.EndedAt.IsZero() {
			return 0, err
		}
		return 1, nil
	})
}

// scale weighs what a campaign takes of a Redis.
type scale struct {
	bed      *bed
	url      string
	redis    *redisq.Redis
	campaign engine.CampaignID
	n        int
	empty    int64 // bytes in use before there was a campaign
}

func (s *scale) tare() (err error) {
	s.empty, err = s.used()
	return err
}

// weigh gives bytes for each recipient.
func (s *scale) weigh() (f Footprint, err error) {
	used, err := s.used()
	if err != nil {
		return f, err
	}
	keys, err := s.redis.Footprint(s.bed.ctx, s.campaign)
	if err != nil {
		return f, err
	}
	f = Footprint{Used: s.each(used - s.empty), Keys: map[string]float64{}}
	for kind, bytes := range maps.All(keys) {
		f.Keys[kind] = s.each(bytes)
	}
	return f, nil
}

func (s *scale) each(bytes int64) float64 { return float64(bytes) / float64(s.n) }

// used is the memory the Redis needs, the least of a second: buffers of clients come and go.
func (s *scale) used() (least int64, err error) {
	for begun := time.Now(); time.Since(begun) < time.Second; {
		n, err := usedMemory(s.bed.ctx, s.url)
		if err != nil {
			return 0, err
		}
		if least == 0 || n < least {
			least = n
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.bed.ctx.Done():
			return 0, context.Cause(s.bed.ctx)
		}
	}
	return least, nil
}

// usedMemory asks a Redis for its used_memory.
func usedMemory(ctx context.Context, address string) (int64, error) {
	at, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "INFO memory\r\n"); err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "used_memory:"); ok {
			return strconv.ParseInt(strings.TrimSpace(n), 10, 64)
		}
	}
	return 0, errors.New("redis does not tell its used_memory")
}

// reader is the i-th resident as most lists have them: account, name, e-mail, house, period and amount. What people do not share is left to chance,
// so that it is not compressed better than people's data are.
func reader(i int) engine.Recipient {
	chance, home := rand.New(rand.NewPCG(uint64(i), 1)), rand.New(rand.NewPCG(uint64(i/120), 2))
	pick := func(list []string) string { return list[chance.IntN(len(list))] }
	amount := engine.Money(150_000 + chance.IntN(900_000))
	return engine.Recipient{
		Account: fmt.Sprintf("%010d", 7_700_000_000+i*7+chance.IntN(7)), Name: pick(families) + " " + pick(givenNames) + " " + pick(patronymics),
		Email:  fmt.Sprintf("%s%d@%s", strconv.FormatUint(chance.Uint64N(1<<40), 36), chance.IntN(100), pick(mailboxes)),
		House:  fmt.Sprintf("%08x-%04x-4%03x-9%03x-%012x", home.Uint32(), home.Uint32()>>16, home.Uint32()>>20, home.Uint32()>>20, home.Uint64()>>16),
		Period: "2026-10", Amount: &amount,
	}
}

var (
	families = strings.Fields(`Иванова Смирнова Кузнецова Попова Васильева Петрова Соколова Михайлова Новикова Фёдорова Морозова Волкова Алексеева Лебедева
		Семёнова Егорова Павлова Козлова Степанова Николаева Орлова Андреева Макарова Никитина Захарова Зайцева Соловьёва Борисова Яковлева Григорьева Романова
		Воробьёва Сергеева Кузьмина Фролова Александрова Дмитриева Королёва Гусева Киселёва Ильина Максимова Полякова Сорокина Виноградова Ковалёва Белова`)
	givenNames = strings.Fields(`Анна Мария Елена Ольга Наталья Екатерина Татьяна Ирина Светлана Юлия Анастасия Людмила Галина Валентина Надежда Виктория Любовь
		Марина Евгения Нина Вера Алёна Ксения Лариса Оксана Дарья Полина Тамара`)
	patronymics = strings.Fields(`Александровна Владимировна Николаевна Ивановна Сергеевна Викторовна Анатольевна Алексеевна Васильевна Михайловна Юрьевна Андреевна
		Петровна Борисовна Геннадьевна Дмитриевна Евгеньевна Павловна Валентиновна Олеговна`)
	mailboxes = []string{"mail.example", "yandex.example", "gmail.example", "rambler.example", "bk.example", "list.example", "inbox.example"}
)
