// Package gosuslugi places bills and notices in ГИС ЖКХ, from where citizens see them in Gosuslugi and in the app Госуслуги.Дом.
//
// A bill is a payment document for one account, and up to 500 travel in one request. What concerns a house is one notice for all its residents
// (see Scope): a planned outage is an outage report, everything else is news. ГИС ЖКХ takes requests, and answers when it is asked later:
// Send posts and gives a receipt, Confirm asks. Nothing holds a worker meanwhile, not even the look-up of an account in the registry.
//
// Whoever is not sure whether a bill was taken looks for it before sending it again (see engine.Notes); a request is never the same twice. Accepted by
// ГИС ЖКХ means received: it lies in the citizen's cabinet. That it was opened the format cannot say, and this package never does.
//
// It speaks the format of the published schemas 14.4 and 14.5. It keeps no account number and no text in faults; codes and our own words only.
package gosuslugi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"vestnik/engine"
)

// Config says how the channel works. The zero value is what the format asks for.
type Config struct {
	Notes    engine.Notes    // what all workers have to know; required
	Schedule []time.Duration // when results are asked for: after the first pause, then after the second…, the last one again and again. nil: 10 s, 60 s, 5, 15 and 30 min
	Timeout  time.Duration   // for one answer; 0: 2 min

	OpenSSL     string   // the program that signs for providers with gis.signing=openssl; empty: openssl
	SignCommand []string // the program, and its first arguments, that signs for those with gis.signing=command (see sign.Command); empty: there is none

	Now func() time.Time // nil: time.Now
}

// Channel is the Gosuslugi channel. It is safe for concurrent use; Close it in the end.
type Channel struct {
	cfg    Config
	client *http.Client
	queues queues

	identities sync.Map // those who sign, by the digest of their settings: *sign.Identity
}

// schedule is the official one.
var schedule = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}

// New makes the channel; it connects when there is something to place.
func New(cfg Config) (*Channel, error) {
	switch {
	case cfg.Timeout < 0:
		return nil, errors.New("gosuslugi: a time cannot be negative")
	case cfg.Notes == nil:
		return nil, errors.New("gosuslugi: there is no store for notes")
	}
	if len(cfg.Schedule) == 0 {
		cfg.Schedule = schedule
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 2*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 20 * time.Second}
	return &Channel{cfg: cfg, client: &http.Client{Transport: transport, Timeout: cfg.Timeout}}, nil
}

func (c Config) now() time.Time { return c.Now() }

// Close lets go of idle connections.
func (c *Channel) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Serves reports whether a provider has settled how ГИС ЖКХ is reached for it; one that has not is passed over.
func (c *Channel) Serves(p engine.Provider) bool { return p.Setting(settingStand) != "" }

// Scope tells whom what a provider's campaign of the kind places is for; see engine.Scoped. A debt or an answer to a request is nobody else's
// business, and the format has no sure place for it: they are refused, unless the provider wants its debts told (gis.debt_notices).
func (c *Channel) Scope(p engine.Provider, kind engine.Kind) engine.Scope {
	switch kind {
	case engine.KindBill:
		return engine.ToOne
	case engine.KindDebt:
		if p.Setting(settingDebts) == "on" {
			return engine.ToOne
		}
	case engine.KindOutage, engine.KindAction, engine.KindAd, engine.KindMeeting:
		return engine.ToHouse
	}
	return engine.ToNobody
}

// Send places bills or notices; see engine.Channel. Everything that was taken is answered Later.
func (c *Channel) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	v := &visit{Channel: c, ctx: ctx, from: from, msgs: msgs, results: make([]engine.Result, len(msgs))}
	all := make([]int, len(msgs))
	for i := range all {
		all[i] = i
	}
	var err error
	switch v.office, err = officeOf(from.Provider); {
	case err != nil:
		v.fail(all, &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err})
	case ctx.Err() != nil:
		v.fail(all, untried(ctx))
	case withdraws(from.Campaign):
		v.withdraw(all)
	case from.Campaign.Kind == engine.KindBill:
		v.bills(all)
	case from.Campaign.Kind == engine.KindDebt && v.office.debts:
		v.debts(all)
	case c.Scope(from.Provider, from.Campaign.Kind) == engine.ToHouse:
		v.notices(all)
	default:
		v.fail(all, &engine.Fault{Reason: engine.Refused, Code: "kind", Err: errors.New("ГИС ЖКХ has no place for a message of this kind")})
	}
	return v.results
}

// visit is one Send.
type visit struct {
	*Channel
	ctx     context.Context
	from    engine.Sender
	office  *office
	msgs    []engine.Message
	results []engine.Result
}

func (v *visit) fail(who []int, fault *engine.Fault) {
	for _, i := range who {
		v.results[i] = engine.Result{Fault: fault}
	}
}

// later says of messages that they are asked about with a receipt.
func (v *visit) later(who []int, receipt string) {
	for _, i := range who {
		v.results[i] = engine.Result{Later: &engine.Later{Receipt: receipt, After: v.cfg.Schedule[0]}}
	}
}

// again is the Result of messages that are to be handed over once more, since what had to be known first is known now.
func again() engine.Result { return engine.Result{Later: &engine.Later{After: 100 * time.Millisecond}} }

// storeDown is the Fault of what cannot go on because the notes cannot be read or written.
func storeDown(err error) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Code: "store", Err: err}
}
