package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/analytics/chdb"
	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
	"vestnik/engine/redisq/redistest"
)

// audience is a file with all that a file can have: three good rows, one of them twice, one bad.
const audience = `Лицевой счёт;ФИО;Эл. почта;Период;Сумма;Оплатить до
ЖК1001;Иванова Мария Петровна;maria@example.org;2026-10;1 234,56;2026-12-10
1002;Петров Пётр;petr@example.org;2026-10;10;2026-12-10
1003;Сидоров Иван;bounce550@example.org;2026-10;20,50;2026-12-10
1003;Сидоров Иван;bounce550@example.org;2026-10;20,50;2026-12-10
1004;Никто;не адрес;2026-10;5;2026-12-10
`

// personal is what must never be seen in a log.
var personal = []string{"maria", "petr", "Иванова", "ЖК1001", "example.org"}

// furnish gives the shell a mail server, a provider with settings and a client's settings for the API at addr.
func (s *shell) furnish(addr string, settings ...string) {
	s.Helper()
	id := s.must(append([]string{"provider", "add", "--name", "УК «Пример»", "--inn", "7701234567", "--email-from", "bills@example.ru"}, settings...)...)
	s.env["VESTNIK_URL"] = "http://" + addr
	s.env["VESTNIK_KEY"] = s.must("key", "create", "--provider", id, "--role", "provider")
}

func (s *shell) mailbox() *mailtest.Sink {
	s.Helper()
	sink, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(sink.Close)
	s.env["VESTNIK_EMAIL_RELAYS"] = sink.URL()
	return sink
}

// send orders the audience and waits for its end.
func (s *shell) send() client.Campaign {
	s.Helper()
	s.write("октябрь.csv", audience)
	r := s.run("send", "--kind", "bill", "--template", "bill-monthly", "--file", "октябрь.csv", "--route", "email", "--wait", "--json")
	var campaign client.Campaign
	if err := json.Unmarshal([]byte(r.out), &campaign); err != nil || r.code != exitFine {
		s.Fatalf("exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	if !strings.Contains(r.err, "Accepted 3, rejected 1, duplicates 1.") || !strings.Contains(r.err, "6:") {
		s.Errorf("what became of the file is not told:\n%s", r.err)
	}
	return campaign
}

// expectDelivered checks that two were reached and the third was not, by both counts.
func (s *shell) expectDelivered(c client.Campaign, sink *mailtest.Sink) {
	s.Helper()
	want := engine.Balance{Ordered: 3, Delivered: 2, Undelivered: 1}
	if c.Status != engine.StatusCompleted || c.Ledger != want || c.Name != "октябрь.csv" {
		s.Errorf("%+v", c)
	}
	if len(c.Funnel) != 6 || c.Funnel[0].Count != 3 || c.Funnel[1].Count != 2 || c.Funnel[0].Amount != 126506 {
		s.Errorf("%+v", c.Funnel)
	}
	if sink.Count() != 2 {
		s.Errorf("%d mails", sink.Count())
	}
}

func TestServeSendsAndDrains(t *testing.T) {
	s := newShell(t).withStores()
	sink := s.mailbox()
	server := s.serve()
	s.furnish(server.addr)
	c := s.send()
	s.expectDelivered(c, sink)

	if out := s.must("funnel", string(c.ID)); !strings.Contains(out, "1,265.06") || !strings.Contains(out, "E-mail") {
		t.Errorf("%s", out)
	}
	if out := s.must("funnel", string(c.ID), "--by", "day"); !strings.Contains(out, time.Now().UTC().Format("2006-01")) {
		t.Errorf("%s", out)
	}
	var report client.Report
	if err := json.Unmarshal([]byte(s.must("funnel", string(c.ID), "--json")), &report); err != nil || report.Channels[engine.Email].Sent != 2 {
		t.Errorf("%v %+v", err, report)
	}
	if out := s.must("campaigns", "--lang", "ru"); !strings.Contains(out, "завершена") || !strings.Contains(out, string(c.ID)) {
		t.Errorf("%s", out)
	}
	var list client.Page[client.Campaign]
	if err := json.Unmarshal([]byte(s.must("campaigns", "--json")), &list); err != nil || len(list.Items) != 1 {
		t.Errorf("%v %+v", err, list)
	}
	if r := s.run("funnel", "nothing"); r.code != exitFailed || !strings.Contains(r.err, "404") {
		t.Errorf("%+v", r)
	}

	code, took := server.stop()
	if code != exitFine || took > 20*time.Second {
		t.Errorf("exit %d after %v\n%s", code, took, server.log)
	}
	server.log.lines(t)
	for _, word := range personal {
		if strings.Contains(server.log.String(), word) {
			t.Errorf("%q in the log:\n%s", word, server.log)
		}
	}
}

func TestServeDrainsInTheMiddle(t *testing.T) {
	s := newShell(t).withStores()
	sink := s.mailbox()
	server := s.serve()
	s.furnish(server.addr, "bill.pdf=none")
	var rows strings.Builder
	rows.WriteString("account,email,period,amount,due_date\n")
	const people = 3000
	for i := range people {
		rows.WriteString(strings.Join([]string{strconv.Itoa(i), "p" + strconv.Itoa(i) + "@example.org", "2026-10", "1.00", "2026-12-10\n"}, ","))
	}
	s.write("many.csv", rows.String())
	id := s.must("send", "--kind", "bill", "--template", "bill-monthly", "--file", "many.csv", "--route", "email")
	await(t, "the first mail", func() bool { return sink.Count() > 0 })
	if code, took := server.stop(); code != exitFine || took > 20*time.Second {
		t.Errorf("exit %d after %v\n%s", code, took, server.log)
	}

	// The next process goes on where this one has ended: everybody once.
	server = s.serve()
	s.env["VESTNIK_URL"] = "http://" + server.addr
	api := client.New(s.env["VESTNIK_URL"], s.env["VESTNIK_KEY"])
	await(t, "the rest", func() bool {
		c, err := api.Campaign(t.Context(), engine.CampaignID(id))
		return err == nil && c.Status == engine.StatusCompleted && c.Ledger.Delivered == people && c.Funnel[1].Count == people
	})
	if n := sink.Count(); n != people {
		t.Errorf("%d mails for %d people: a drained server sends nobody twice", n, people)
	}
}

func TestRolesAlone(t *testing.T) {
	shared, err := chdb.Start(t.Context(), chdb.Options{Dir: filepath.Join(t.TempDir(), "clickhouse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	s := newShell(t)
	s.env["VESTNIK_REDIS_URL"], s.env["VESTNIK_CLICKHOUSE_URL"] = redistest.Start(t).URL(), shared.URL()
	sink := s.mailbox()
	loader := s.serve("--roles", "loader")
	api := s.serve("--roles", "api")
	s.env["VESTNIK_PUBLIC_URL"] = "http://" + api.addr
	worker := s.serve("--roles", "worker")
	if worker.addr != "" || loader.addr != "" {
		t.Errorf("only the API listens: %q %q", worker.addr, loader.addr)
	}
	s.furnish(api.addr)
	s.expectDelivered(s.send(), sink)
	mail, err := enmime.ReadEnvelope(bytes.NewReader(sink.Mails()[0].Raw))
	if err != nil || !strings.Contains(mail.HTML, "http://"+api.addr+"/t/") {
		t.Errorf("%v: no link of the API's address in\n%s", err, mail.HTML)
	}
	for _, one := range []*server{api, worker, loader} {
		if code, took := one.stop(); code != exitFine || took > 20*time.Second {
			t.Errorf("exit %d after %v\n%s", code, took, one.log)
		}
	}
}

func TestServeRefusesRedisThatForgets(t *testing.T) {
	s := newShell(t).withStores()
	s.env["VESTNIK_REDIS_URL"] = redistest.Start(t, "--appendonly", "no").URL()
	r := s.run("serve")
	if r.code != exitFailed || !strings.Contains(r.err, "appendonly yes") {
		t.Errorf("%+v", r)
	}
}

func TestServeOnEmbeddedRedisWarns(t *testing.T) {
	s := newShell(t).withStores()
	s.env["VESTNIK_REDIS_URL"] = "embedded"
	server := s.serve("--roles", "api")
	if line := server.log.await(t, "redis is embedded: memory only, everything is gone when this process ends"); line["level"] != "WARN" {
		t.Errorf("%v", line)
	}
	answer, err := http.Get("http://" + server.addr + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%d", answer.StatusCode)
	}
}
