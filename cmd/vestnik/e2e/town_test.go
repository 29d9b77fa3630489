package e2e

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/analytics/chdb"
	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
	"vestnik/engine/redisq/redistest"
)

// seed makes every moment that is left to chance; the same seed kills at the same moments again.
var seed = flag.Uint64("seed", 1, "what the moments of the kills are made from")

// given is a binary that is there already, such as one of a release.
var given = flag.String("program", "", "the binary to test; by default one is built")

// patience is how long anything may take before it counts as stuck.
const patience = 3 * time.Minute

// program is the file of the real binary, built once, and library the engine of the embedded ClickHouse.
var program, library string

func TestMain(m *testing.M) {
	chdb.MaybeServe() // where ClickHouse stands outside, it is a child of the tests
	flag.Parse()
	os.Exit(test(m))
}

func test(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vestnik-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if library, err = filepath.Abs("../../../bin/libchdb.so"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if program = *given; program != "" {
		return m.Run()
	}
	program = filepath.Join(dir, "vestnik")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", program, "vestnik/cmd/vestnik")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build vestnik: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// town is one installation and everything around it: a Redis that writes through, a ClickHouse, a mail server that keeps what it gets. Its
// processes are those of the real binary, and all that they log is checked for residents when the test ends.
type town struct {
	*testing.T
	dir    string
	env    map[string]string
	redis  *redistest.Server
	mail   *mailtest.Sink
	post   *post
	url    string // of the installation, the same after every restart
	chance *rand.Rand
}

// newTown furnishes a town; nothing of the binary runs yet. The test goes on beside others. The mail server is one that tunes make of the usual.
func newTown(t *testing.T, tunes ...func(*mailtest.Options)) *town {
	t.Helper()
	t.Parallel()
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Name()))
	w := &town{T: t, dir: t.TempDir(), chance: rand.New(rand.NewPCG(*seed, name.Sum64())), post: &post{letters: map[string]int{}}}
	w.redis = redistest.Start(t)
	mail := mailtest.Options{Delay: 50 * time.Millisecond, OnMessage: w.post.count}
	for _, tune := range tunes {
		tune(&mail)
	}
	var err error
	if w.mail, err = mailtest.Start(mail); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.mail.Close)
	address := freeAddress(t)
	w.url = "http://" + address
	w.env = map[string]string{
		"LANG": "en_US.UTF-8", "PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "TMPDIR": t.TempDir(),
		"VESTNIK_LISTEN": address, "VESTNIK_SECRET": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE=",
		"VESTNIK_REDIS_URL": w.redis.URL(), "VESTNIK_CLICKHOUSE_URL": "embedded:" + filepath.Join(w.dir, "clickhouse"),
		"VESTNIK_CLICKHOUSE_LIBRARY": library, "VESTNIK_EMAIL_RELAYS": w.mail.URL(),
		"VESTNIK_WORKER_LEASE": "2s", "VESTNIK_RETRY_FIRST": "500ms", "VESTNIK_RETRY_MOST": "1s",
	}
	return w
}

// freeAddress finds a port nobody listens on, below those that the system gives to connections (ip_local_port_range): one of these might take
// it while the server that listens there is dead.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(12_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// command prepares a command line of the binary.
func (w *town) command(args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = w.dir
	for name, value := range maps.All(w.env) {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// must gives a command and its output without the line's end.
func (w *town) must(args ...string) string {
	w.Helper()
	var said strings.Builder
	c := w.command(args...)
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		w.Fatalf("vestnik %s: %v\n%s%s", args[0], err, out, said.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// apart takes ClickHouse out of the server, so that each role can be a process of its own.
func (w *town) apart() {
	w.Helper()
	clickhouse, err := chdb.Start(w.Context(), chdb.Options{Dir: filepath.Join(w.dir, "shared"), Lib: library})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := clickhouse.Close(); err != nil {
			w.Error(err)
		}
	})
	w.env["VESTNIK_CLICKHOUSE_URL"], w.env["VESTNIK_PUBLIC_URL"] = clickhouse.URL(), w.url
}

// provider adds a provider with settings like "quota.per_minute=100" and gives a client with a live key of it.
func (w *town) provider(name string, settings ...string) *client.Client {
	w.Helper()
	id := w.must(append([]string{"provider", "add", "--name", name, "--inn", "7701234567", "email.from=bills@utility.example",
		"payment.url=https://pay.utility.example/", "bill.pdf=none"}, settings...)...) // PDFs of thousands are for those who look at them
	return w.caller(w.must("key", "create", "--provider", id, "--role", "provider"))
}

// caller makes a client that does not wait long between its tries.
func (w *town) caller(key string) *client.Client {
	c := client.New(w.url, key)
	c.Language, c.Longest = "en", 500*time.Millisecond
	w.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

// onlyEmail is a route that ends when the relay has taken the message.
var onlyEmail = &engine.Route{Lanes: []engine.Lane{{{Channel: engine.Email}}}}

// draft orders a campaign of bills over e-mail.
func (w *town) draft(c *client.Client) engine.CampaignID {
	w.Helper()
	return w.draftOver(c, onlyEmail)
}

// draftOver orders a campaign of bills over a route.
func (w *town) draftOver(c *client.Client, route *engine.Route) engine.CampaignID {
	w.Helper()
	campaign, err := c.CreateCampaign(w.Context(), client.Order{Name: "Октябрь", Kind: engine.KindBill, Template: "bill-monthly", Route: route})
	if err != nil {
		w.Fatal(err)
	}
	return campaign.ID
}

// start begins a campaign.
func (w *town) start(c *client.Client, id engine.CampaignID) {
	w.Helper()
	if _, err := c.Start(w.Context(), id); err != nil {
		w.Fatal(err)
	}
}

// order has bills sent to the people.
func (w *town) order(c *client.Client, people []person) engine.CampaignID {
	w.Helper()
	id := w.draft(c)
	w.add(c, id, people)
	w.start(c, id)
	return id
}

// add puts people into a draft.
func (w *town) add(c *client.Client, id engine.CampaignID, people []person) {
	w.Helper()
	taken, err := c.PutRecipients(w.Context(), id, client.Audience{Type: client.CSV, Body: strings.NewReader(csvOf(people))})
	if err != nil || taken.Accepted != len(people) {
		w.Fatalf("%+v %v", taken, err)
	}
}

// look reads a campaign as it is now, which must be balanced whatever has happened; false when nobody answers.
func (w *town) look(c *client.Client, id engine.CampaignID) (client.Campaign, bool) {
	w.Helper()
	campaign, err := c.Campaign(w.Context(), id)
	if err != nil {
		return campaign, false
	}
	if !campaign.Ledger.Balanced() {
		w.Fatalf("the ledger does not balance: %+v", campaign.Ledger)
	}
	return campaign, true
}

// settled waits until a campaign has ended and the history tells what the ledger does: everybody ordered, and sent whoever was delivered or
// came back.
func (w *town) settled(c *client.Client, id engine.CampaignID) client.Campaign {
	w.Helper()
	var last client.Campaign
	w.await("the end of the campaign, with a funnel that agrees", func() bool {
		campaign, ok := w.look(c, id)
		if !ok {
			return false
		}
		last = campaign
		return agrees(campaign)
	}, func() string {
		return fmt.Sprintf("%s %+v %+v %+v, waiting for %+v", last.Status, last.Ledger, last.Funnel, last.Channels, last.WaitingFor)
	})
	return last
}

// agrees reports whether a campaign has ended and its two counts, of the ledger and of the history, are one.
func agrees(c client.Campaign) bool {
	return c.Status == engine.StatusCompleted && len(c.Funnel) == 6 && c.Funnel[0].Count == c.Ledger.Ordered &&
		c.Funnel[1].Count == c.Ledger.Delivered+c.Channels[engine.Email].Bounced
}

// wantLedger compares a ledger.
func (w *town) wantLedger(c client.Campaign, want engine.Balance) {
	w.Helper()
	if c.Ledger != want {
		w.Errorf("the ledger is %+v, want %+v", c.Ledger, want)
	}
}

// await asks until the answer is yes; details tell what was seen last when it never is.
func (w *town) await(what string, yes func() bool, details ...func() string) {
	w.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if yes() {
			return
		}
	}
	for _, detail := range details {
		w.Log(detail())
	}
	w.Fatalf("%s: not within %v", what, patience)
}

// moment lets a time pass that is left to chance, up to most: when a kill comes, and nothing that a test waits for.
func (w *town) moment(most time.Duration) {
	select {
	case <-time.After(time.Duration(w.chance.Int64N(int64(most)))):
	case <-w.Context().Done():
	}
}

// get asks without a client: what answers, whatever it is. Redirects are not followed.
func (w *town) get(path, key string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+strings.TrimPrefix(path, w.url), nil)
	if err != nil {
		return nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return plain.RoundTrip(r)
}

// plain keeps no connections, so that none is left over from a process that was killed.
var plain = &http.Transport{DisableKeepAlives: true}
