package e2e

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// A soak is the same test with more: -run TestCrashRounds -timeout 2h -args -rounds 500 -recipients 500000 -seed 7
var (
	rounds     = flag.Int("rounds", 20, "how many kills a campaign lives through in TestCrashRounds")
	recipients = flag.Int("recipients", 20_000, "how many people it has")
)

// TestCrashRounds has one campaign live through kill -9 of a worker, of the API, of Redis and of the loader, in turn, each at a moment left to
// chance. Everybody gets the bill. Who gets it twice was in flight at a kill: what a process had under lease when it was killed, batches × 496
// recipients, and, when Redis was, what all of them had, for a result that cannot be written before the lease is over is lost. What Redis has
// acknowledged it keeps (AOF always), so neither kills of the API nor of the loader send anything again, nor does anything that was settled.
func TestCrashRounds(t *testing.T) {
	const workers, batches = 2, 2
	// A relay that takes its time over every letter: whenever a kill comes, letters are on their way.
	w := newTown(t, func(o *mailtest.Options) { o.Keep, o.Delay = 1, 30*time.Millisecond })
	w.apart()
	w.env["VESTNIK_WORKER_CONCURRENCY"], w.env["VESTNIK_WORKER_LEASE"] = fmt.Sprintf("email=%d", batches), "3s"
	staff := crew{town: w, api: w.serve("--roles", "api"), loader: w.serve("--roles", "loader")}
	for range workers {
		staff.workers = append(staff.workers, w.serve("--roles", "worker"))
	}
	c := w.provider("УК «Ромашка»")
	list := people(*recipients)
	for i := range list {
		list[i].email = "slow+" + list[i].email
	}
	id, begun := w.order(c, list), time.Now()

	bound, twice, share := 0, 0, len(list)/(*rounds+1)
	for round := range *rounds {
		enough := round*share + w.chance.IntN(share)
		w.await("mail enough for the next kill", func() bool { _, reached := w.post.reached(); return reached >= enough })
		w.look(c, id)
		telling := make(chan error)
		go func() { telling <- w.tellOpened(c, id, list[round*share:(round+1)*share]) }()
		w.moment(200 * time.Millisecond)
		victim := staff.strike(round)
		bound += victim.leases * batches * engine.ChunkSize
		if err := <-telling; err != nil {
			t.Fatal(err)
		}
		all, reached := w.post.reached()
		t.Logf("%5.1f s, round %d: %s was killed; %d people have a letter, %d had another since the last", time.Since(begun).Seconds(), round,
			victim.name, reached, all-reached-twice)
		twice = all - reached
	}
	campaign := w.settled(c, id)
	n := int64(len(list))
	w.wantLedger(campaign, engine.Balance{Ordered: n, Delivered: n})
	w.wantOpened(c, id, int64(*rounds*share))
	w.wantInLedger(c, id, list)
	extra := w.mailedAll(list)
	t.Logf("%5.1f s, seed %d: %d kills, %d of %d letters were sent twice, where %d could have been", time.Since(begun).Seconds(), *seed, *rounds, extra, n, bound)
	if extra > bound {
		t.Errorf("%d letters too many, more than the %d that can have been in flight", extra, bound)
	}
}

// crew is the processes of an installation whose roles run apart.
type crew struct {
	*town
	api, loader *server
	workers     []*server
}

// victim is what a round has killed, and how many workers may have lost what they had under lease.
type victim struct {
	name   string
	leases int
}

// strike kills whose turn it is, and starts it again a moment later.
func (c *crew) strike(round int) victim {
	const away = 400 * time.Millisecond
	again := func(s **server, role string) {
		(*s).kill()
		c.moment(away)
		*s = c.serve("--roles", role)
	}
	switch round % 4 {
	case 0:
		again(&c.workers[round/4%len(c.workers)], "worker")
		return victim{"a worker", 1}
	case 1:
		again(&c.api, "api")
		return victim{"the API", 0}
	case 2:
		c.redis.Kill()
		c.moment(away)
		c.redis.Start()
		return victim{"Redis", len(c.workers)}
	}
	again(&c.loader, "loader")
	return victim{"the loader", 0}
}

// tellOpened reports that people have opened their bills, until it is answered: what a killed server has heard already counts once.
func (w *town) tellOpened(c *client.Client, id engine.CampaignID, list []person) error {
	events := make([]client.Event, len(list))
	for i, p := range list {
		events[i] = client.Event{Type: engine.Opened, Account: p.account, Campaign: id, At: time.Now().Truncate(time.Millisecond)}
	}
	for deadline := time.Now().Add(patience); ; {
		report, err := c.Events(w.Context(), events)
		if err == nil && report.Accepted+report.Duplicates != len(list) {
			err = fmt.Errorf("%d opened: %+v", len(list), report)
		} else if err != nil && time.Now().Before(deadline) {
			continue // told again as another request: the first may count as still running though its server is dead
		}
		return err
	}
}

// wantOpened waits until the history knows that so many have opened.
func (w *town) wantOpened(c *client.Client, id engine.CampaignID, n int64) {
	w.Helper()
	var last client.Campaign
	w.await("who has opened in the history", func() bool {
		campaign, ok := w.look(c, id)
		last = campaign
		return ok && agrees(campaign) && campaign.Funnel[3].Count == n && campaign.Channels[engine.Email].Opened == n
	}, func() string { return fmt.Sprintf("%d were told of: %+v %+v", n, last.Funnel, last.Channels) })
}

// wantInLedger checks that the ledger has everybody once, as delivered.
func (w *town) wantInLedger(c *client.Client, id engine.CampaignID, list []person) {
	w.Helper()
	var b bytes.Buffer
	if err := c.ExportRecipients(w.Context(), id, engine.Filter{Outcome: engine.Delivered}, &b); err != nil {
		w.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(list)+1 {
		w.Fatalf("the ledger has %d rows of %d, %v", len(rows)-1, len(list), err)
	}
	slices.SortFunc(rows[1:], slices.Compare)
	for i, row := range rows[1:] {
		if row[0] != list[i].account {
			w.Fatalf("row %d is of %s, want %s", i, row[0], list[i].account)
		}
	}
}
