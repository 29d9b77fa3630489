package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"vestnik/channels/email"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// checkCommand checks everything an installation depends on.
type checkCommand struct {
	setup
	Provider string `placeholder:"ID" help:"Только этот поставщик: какие записи DNS нужны его почте и что с ними не так; пускает ли его ГИС ЖКХ и подходит ли подпись; сообщество VK, бот в MAX. // Only this provider: which DNS records its e-mail needs and what is wrong with them; whether ГИС ЖКХ lets it in and the signature fits; its VK community, its bot in MAX."`
	DNS      string `name:"dns" placeholder:"HOST:PORT" help:"Какой сервер DNS спросить; без него — системный. // Which DNS server to ask; the system's without it."`
}

// checkPatience is how long one part may take to answer.
const checkPatience = 15 * time.Second

// finding is what came of checking one part.
type finding struct {
	what string
	err  error  // nil: it is well
	note string // something to know all the same
	warn bool   // the note wants attention, but the installation is well
}

// Run checks every part, also after one has failed, and fails if any did.
func (c checkCommand) Run(ctx context.Context, t *terminal) error {
	set, err := c.load(t)
	if err != nil {
		return err
	}
	if c.Provider != "" {
		patient, cancel := context.WithTimeout(ctx, checkPatience)
		defer cancel()
		list, err := c.showDomain(patient, t, set)
		if err != nil {
			return err
		}
		portal, err := c.showPortal(patient, t, set)
		if err != nil {
			return err
		}
		return t.verdict(t.report(slices.Concat(list, portal, c.checkCommunities(patient, t, set), c.checkBots(patient, t, set))))
	}
	bad := 0
	for _, part := range []func(context.Context, *terminal, config.Config) []finding{checkSetup, checkRedis, checkHistory, checkRelays, c.checkDomains, checkPortal, c.checkCommunities, c.checkBots} {
		patient, cancel := context.WithTimeout(ctx, checkPatience)
		wrong, err := t.report(part(patient, t, set))
		cancel()
		if err != nil {
			return err
		}
		bad += wrong
	}
	return t.verdict(bad, nil)
}

// report tells findings, one a line, and counts what is wrong.
func (t *terminal) report(list []finding) (bad int, err error) {
	for _, f := range list {
		mark := "✓"
		switch {
		case f.err != nil:
			mark, f.note = "✗", f.err.Error()
			bad++
		case f.warn:
			mark = "!"
		}
		if f.note != "" {
			f.note = ": " + f.note
		}
		if err := t.print(mark + " " + t.Cut(f.what) + f.note); err != nil {
			return bad, err
		}
	}
	return bad, nil
}

// verdict fails if anything was wrong.
func (t *terminal) verdict(bad int, err error) error {
	if err == nil && bad > 0 {
		return t.fail("не в порядке: %d // not well: %d", bad)
	}
	return err
}

// checkSetup tells what is allowed but seldom meant.
func checkSetup(_ context.Context, t *terminal, c config.Config) []finding {
	list := []finding{{what: "Настройки читаются // The set-up can be read"}}
	if public, err := url.Parse(c.PublicAt(c.Listen)); err == nil {
		ip, _ := netip.ParseAddr(public.Hostname())
		if public.Hostname() == "localhost" || ip.IsLoopback() {
			list = append(list, finding{what: "public_url", note: t.Say("ссылки в письмах ведут на эту машину: ", "links in messages lead to this machine: ") + public.String()})
		} else if public.Scheme != "https" {
			list = append(list, finding{what: "public_url", note: t.Say("без https почтовые службы не покажут кнопку отписки (RFC 8058): ", "without https mailbox providers show no unsubscribe button (RFC 8058): ") + public.String()})
		}
	}
	if b := c.Email.Bounces; b.Listen != "" && b.Operator == "" {
		list = append(list, finding{what: "email.bounces.operator", warn: true, note: t.Say("письма людей на postmaster@ и abuse@ никто не прочтёт: они только считаются", "nobody reads what people write to postmaster@ and abuse@: it is only counted")})
	}
	if len(c.DataKey) == 0 {
		list = append(list, finding{what: "data_key", note: t.Say("данные получателей в Redis не шифруются", "recipients are not encrypted in Redis")})
	}
	return list
}

// checkRedis asks whether Redis is there, keeps what it is told, and can open what providers keep in it.
func checkRedis(ctx context.Context, t *terminal, c config.Config) []finding {
	f := finding{what: "Redis"}
	redis, stores, err := house.OpenRedis(ctx, c)
	if err != nil {
		f.err = err
		return []finding{f}
	}
	defer func() { _ = redis.Close() }()
	if c.Redis.URL == config.Embedded {
		f.note = t.Say("встроенный, только память: для проб, не для работы", "embedded, memory only: for trying out, not for work")
		return []finding{f}
	}
	if f.err = redis.Check(ctx); f.err != nil {
		return []finding{f}
	}
	return append([]finding{f}, checkProviders(ctx, t, stores.Registry)...)
}

// checkProviders asks whether providers are set up.
func checkProviders(ctx context.Context, t *terminal, r engine.Registry) []finding {
	list, err := r.Providers(ctx)
	f := finding{what: "Поставщики // Providers", err: err, note: t.number(int64(len(list)))}
	if err == nil && len(list) == 0 {
		f.note = t.Say("ни одного: vestnik provider add", "none: vestnik provider add")
	}
	for _, p := range list {
		for key, value := range p.Settings {
			if house.Sealed(value) {
				f.err = errors.Join(f.err, t.fail("%s: %s не открывается: VESTNIK_SECRET сменился // %s: %s cannot be opened: VESTNIK_SECRET has changed", p.ID, key))
			}
		}
	}
	return []finding{f}
}

// checkHistory asks whether ClickHouse is there and lets us in.
func checkHistory(ctx context.Context, t *terminal, c config.Config) []finding {
	return []finding{{what: "ClickHouse", err: withHistory(ctx, t, c, func(h historian) error { return h.Ping(ctx) })}}
}

// checkRelays asks each SMTP server whether it lets us in.
func checkRelays(ctx context.Context, t *terminal, c config.Config) (list []finding) {
	relays, err := email.ParseRelays(strings.Join(c.Email.Relays, ","))
	if err != nil {
		return []finding{{what: "Почта // E-mail", err: err}}
	}
	if _, err := email.ParseDomains(strings.Join(c.Email.Domains, ",")); err != nil {
		return []finding{{what: "Почта // E-mail", err: fmt.Errorf("email.domains: %w", err)}}
	}
	if len(relays) == 0 {
		return []finding{{what: "Почта // E-mail", note: t.Say("канал выключен: email.relays не заданы", "the channel is off: email.relays are not set")}}
	}
	for _, r := range relays {
		list = append(list, finding{what: t.Say("Почта ", "E-mail ") + r.Address(), err: greet(ctx, r)})
	}
	return append(list, checkReturns(t, c.Email.Bounces))
}

// checkReturns tells whether letters that come back are heard of.
func checkReturns(t *terminal, b config.Bounces) finding {
	f := finding{what: t.Say("Вернувшиеся письма", "Returned letters")}
	switch {
	case b.Domain == "" && b.Listen == "" && b.Maildir == "":
		f.note = t.Say("о них никто не узнает: задайте email.bounces.domain и listen или maildir", "nobody hears of them: set email.bounces.domain and listen or maildir")
	case b.Domain == "":
		f.note = t.Say("email.bounces.domain не задан: принимаются только письма поставщиков со своим email.bounces", "email.bounces.domain is not set: only those of providers with an email.bounces of their own come here")
	case b.Listen == "" && b.Maildir == "":
		f.note = t.Say("их здесь никто не принимает: только через /hooks/mail поставщика", "nobody takes them here: they come by a provider's /hooks/mail only")
	default:
		f.note = strings.TrimSpace(b.Domain + " " + b.Listen + " " + b.Maildir)
	}
	return f
}
