package main

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"vestnik/channels/email"
	"vestnik/channels/email/zone"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// domainsAtOnce is about how many providers' domains DNS is asked at a time.
const domainsAtOnce = 16

// checkDomains asks DNS about the domains of all providers that send e-mail, and tells whose want attention. That is no failure of the
// installation: zones are the providers' own.
func (c checkCommand) checkDomains(ctx context.Context, t *terminal, set config.Config) []finding {
	if len(set.Email.Relays) == 0 || set.Redis.URL == config.Embedded {
		return nil
	}
	redis, stores, err := house.OpenRedis(ctx, set)
	if err != nil {
		return nil // checkRedis has told
	}
	defer func() { _ = redis.Close() }()
	all, err := stores.Registry.Providers(ctx)
	if err != nil {
		return nil
	}
	senders := slices.DeleteFunc(all, func(p engine.Provider) bool { return p.Setting("email.from") == "" })
	told, turns, working := make([][]finding, len(senders)), make(chan struct{}, domainsAtOnce), sync.WaitGroup{}
	for i, p := range senders {
		working.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			told[i] = c.checkDomain(ctx, t, set, p)
		})
	}
	working.Wait()
	return t.attention(senders, told)
}

// attention sums up what was found of providers, one line for each that is not well.
func (t *terminal) attention(senders []engine.Provider, told [][]finding) (list []finding) {
	silent := 0
	for i, p := range senders {
		var bad []string
		for _, f := range told[i] {
			if f.what == dnsItself {
				silent++
			}
			if f.err != nil || f.what == dnsItself {
				bad = append(bad, t.Cut(f.what))
			}
		}
		if len(bad) > 0 {
			list = append(list, finding{what: p.Name, warn: true, note: t.Say("не в порядке: ", "not well: ") + strings.Join(bad, ", ") + "; vestnik check --provider " + string(p.ID)})
		}
	}
	if silent > 0 && silent == len(senders) {
		return []finding{{what: dnsItself, note: t.Say("не отвечает: домены отправителей не проверены; нужные записи покажет vestnik check --provider ID",
			"does not answer: the domains of senders are not checked; vestnik check --provider ID shows the records they need")}}
	}
	if len(senders) > 0 && len(list) == 0 {
		list = []finding{{what: "Домены отправителей // Domains of senders", note: t.number(int64(len(senders)))}}
	}
	return list
}

// dnsItself stands for all records when none could be asked for.
const dnsItself = "DNS"

// checkDomain asks DNS about the domains of one provider.
func (c checkCommand) checkDomain(ctx context.Context, t *terminal, set config.Config, p engine.Provider) (list []finding) {
	sender, err := senderOf(set, p)
	if err != nil {
		return []finding{{what: t.Say("Почта поставщика ", "E-mail of provider ") + string(p.ID), err: err}}
	}
	found, err := sender.Check(ctx, c.resolver())
	if errors.Is(err, zone.ErrUnreachable) {
		return []finding{{what: dnsItself, note: t.Say("записи не проверены: ", "the records are not checked: ") + err.Error()}}
	}
	for _, f := range found {
		one := finding{what: f.Record.Kind + " " + f.Record.Name, note: t.Cut(f.Note)}
		if f.Wrong != "" {
			one.err = errors.New(t.Cut(f.Wrong) + "\n    " + f.Record.String())
		}
		list = append(list, one)
	}
	return list
}

// showDomain tells which records a provider's domains must have, to be pasted into their zones, and what is wrong with those that are there.
func (c checkCommand) showDomain(ctx context.Context, t *terminal, set config.Config) ([]finding, error) {
	var p engine.Provider
	err := c.withRegistry(ctx, t, func(r engine.Registry, _ []byte) (err error) {
		p, err = t.provider(ctx, r, c.Provider)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.Setting("email.from") == "" && p.Setting("gis.stand") != "" {
		return nil, nil // it is reached by ГИС ЖКХ alone
	}
	sender, err := senderOf(set, p)
	if err != nil {
		return nil, err
	}
	if err := t.print(t.Say("Записи DNS, строками зоны:", "DNS records, as lines of a zone:")); err != nil {
		return nil, err
	}
	for _, r := range sender.Records() {
		if err := t.print(r.String()); err != nil {
			return nil, err
		}
	}
	if len(sender.Keys) == 0 {
		if err := t.print(t.Say("; DKIM: ключ не задан, подписывает реле: его запись даст тот, кто его держит", "; DKIM: no key is set, the relay signs: who runs it gives its record")); err != nil {
			return nil, err
		}
	}
	return c.checkDomain(ctx, t, set, p), t.print("")
}

// resolver is the DNS server that was named, or the system's.
func (c checkCommand) resolver() zone.Resolver {
	return zone.At(c.DNS)
}

// senderOf gathers what of a provider's mail stands in DNS.
func senderOf(set config.Config, p engine.Provider) (s zone.Sender, err error) {
	id, err := email.Config{Bounces: set.Email.Bounces.Domain}.Identity(p, time.Now())
	if err != nil {
		return s, err
	}
	relays, err := email.ParseRelays(strings.Join(set.Email.Relays, ","))
	if err != nil {
		return s, err
	}
	public := publicHost(set)
	s = zone.Sender{From: id.Domain, Returns: id.Bounces}
	for _, relay := range relays {
		if host := relay.Host; outside(host) {
			s.Hosts = append(s.Hosts, host)
		} else if public != "" {
			s.Hosts = append(s.Hosts, public)
		}
	}
	if id.Bounces != "" {
		if s.Inbound = public; public == "" {
			s.Inbound = id.Bounces
		}
	}
	for i, keys := range [][]email.Key{id.Keys, id.Next} {
		for _, k := range keys {
			s.Keys = append(s.Keys, zone.Key{Name: k.Name(), Domain: k.Domain, Record: k.Record, Later: i == 1})
		}
	}
	return s, nil
}

// publicHost is the name under which the world knows this installation; empty: none that is told.
func publicHost(set config.Config) string {
	public, err := url.Parse(set.PublicAt(set.Listen))
	if err != nil || !outside(public.Hostname()) {
		return ""
	}
	if _, err := netip.ParseAddr(public.Hostname()); err == nil {
		return "" // an MX must be a name
	}
	return public.Hostname()
}

// outside reports whether the world can know a host by this name or address.
func outside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	return strings.Contains(host, ".")
}
