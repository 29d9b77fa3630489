package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"vestnik/api/client"
	"vestnik/api/console"
	"vestnik/channels/email/mailtest"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/channels/vk/vktest"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// Options say what is to be shown.
type Options struct {
	Recipients int            // accounts of the town: everybody gets a bill
	Seed       uint64         //
	Address    string         // where the API answers; empty: 127.0.0.1:8080, or a free port when that is taken
	Dir        string         // where lists, keys and history are kept; empty: a temporary folder that Close removes
	Kinds      []engine.Kind  // nil: bill, debt and outage
	Version    string         // told in the report
	Language   string         // of messages for people: "ru" or "en"
	Log        *slog.Logger   // nil: slog.Default()
	Progress   func(Progress) // hears how far it is, from one goroutine; nil: nobody
}

// Progress tells how far one part of the work is.
type Progress struct {
	Campaign    string // its name
	Phase       Phase
	Done, Total int64 // bytes when uploading, recipients when delivering
}

// Phase is a part of the work on a campaign.
type Phase int

// The phases.
const (
	Uploading Phase = iota
	Delivering
)

// usualAddress is where the demo is when nobody says where.
const usualAddress = "127.0.0.1:8080"

// readyWithin is how long the product may take to begin.
const readyWithin = time.Minute

// Demo is the product at work on one machine, with its town.
type Demo struct {
	URL      string // where the API and the console are
	KeysFile string // the keys, for going on by hand
	Keys     Keys

	options   Options
	begun     time.Time
	secret    []byte // of the installation
	viewer    string // ID of the key that the console is shown to
	dir       string
	world     *World
	bank      *Bank
	sink      *mailtest.Sink
	community *community // of the company, in VK
	stand     *gistest.Server
	square    *square  // the chats of houses
	problems  []string // what went wrong with them
	house     *house.House
	residents *Residents
	api       *client.Client
	company   engine.ProviderID
}

// Start puts everything up: mail server, bank, the product with its stores, the company with its keys, the residents. The address taken,
// the folder not writable, or the embedded ClickHouse not there are errors. Close takes it down again, also after an error.
func Start(ctx context.Context, o Options) (d *Demo, err error) {
	if o.Kinds == nil {
		o.Kinds = Kinds()[:3]
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	d = &Demo{options: o, begun: time.Now(), world: NewWorld(o.Seed, o.Recipients, time.Now())}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	for _, step := range []func(context.Context) error{d.folder, d.surroundings, d.build, d.settle} {
		if err := step(ctx); err != nil {
			return d, err
		}
	}
	return d, nil
}

// folder finds a place for what is kept.
func (d *Demo) folder(context.Context) (err error) {
	if d.dir = d.options.Dir; d.dir == "" {
		d.dir, err = os.MkdirTemp("", "vestnik-demo-")
	} else {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	return nil
}

// surroundings opens what is outside of the product: the mail server of the town, its ГИС ЖКХ, and its bank.
func (d *Demo) surroundings(context.Context) (err error) {
	receive := func(m mailtest.Mail) { d.residents.Receive(m) } // nobody writes before the residents have moved in
	if d.sink, err = mailtest.Start(mailtest.Options{Keep: 100, OnMessage: receive}); err != nil {
		return fmt.Errorf("start the mail server: %w", err)
	}
	told := func(m vktest.Message) { d.residents.ReceiveVK(m) }
	if d.community, err = openCommunity(d.world, told); err != nil {
		return err
	}
	if err := d.openStand(); err != nil {
		return err
	}
	if d.square, err = openSquare(d.world, d.community.server); err != nil {
		return err
	}
	d.bank, err = OpenBank()
	return err
}

// build starts the product on the stores in the box.
func (d *Demo) build(ctx context.Context) error {
	listener, err := listen(ctx, d.options.Address)
	if err != nil {
		return err
	}
	c := config.Default()
	d.secret = make([]byte, 32)
	rand.Read(d.secret)
	c.Listen, c.Secret = listener.Addr().String(), d.secret
	c.Redis.URL, c.ClickHouse.URL = config.Embedded, config.EmbeddedDir+filepath.Join(d.dir, "clickhouse")
	c.Email.Relays = config.List{d.sink.URL()}
	c.Email.Bounces = config.Bounces{Domain: "bounces." + d.world.Company.Domain, Listen: "127.0.0.1:0"} // mailboxes return letters as real ones do
	c.VK.Requests = -1                                                                                   // the community takes what comes: nobody wants to wait for a town's worth of seconds
	c.Gosuslugi.Polls = config.Pauses{300 * time.Millisecond}
	c.HouseChats.VKPause, c.HouseChats.MAXPause, c.HouseChats.ChatPause = time.Microsecond, time.Microsecond, time.Microsecond // likewise
	c.KeepLive = true                                                                                                          // everybody who watches wants to see what was sent
	c.Retry = config.Retry{Tries: 6, First: 500 * time.Millisecond, Most: 2 * time.Second, Limit: time.Hour}                   // a busy machine must not make anybody late
	d.house, err = house.Start(ctx, house.Config{Config: c, Version: d.options.Version, Log: d.options.Log, Listener: listener})
	if err != nil {
		return fmt.Errorf("start the product: %w", err)
	}
	d.URL = d.house.URL
	return d.issue(ctx)
}

// listen takes an address; without one, the usual one or else a free port.
func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cmp.Or(address, usualAddress))
	if err != nil && address == "" {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// settle moves the residents in, and waits until the product has all its stores in order: a funnel is the last thing that works.
func (d *Demo) settle(ctx context.Context) error {
	d.api = client.New(d.URL, d.Keys.Provider)
	d.api.Language = cmp.Or(d.options.Language, "ru")
	d.bank.Employ(d.api)
	d.residents = NewResidents(d.world, d.bank, d.api)
	d.residents.returns = d.house.Bounces
	d.residents.vk = d.community.server
	d.residents.stand = d.stand
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		_, err := d.api.Totals(ctx, time.Time{}, time.Time{}, "")
		if err == nil {
			return nil
		}
		if waiting := d.pause(ctx, lookPause); waiting != nil {
			return fmt.Errorf("wait for the product: %w", errors.Join(waiting, err))
		}
	}
}

// Failed hears when the product can no longer do its work.
func (d *Demo) Failed() <-chan error { return d.house.Failed() }

// Linger keeps a little life in town until ctx ends.
func (d *Demo) Linger(ctx context.Context) { d.residents.Linger(ctx, 3*time.Second) }

// Dir is the folder where lists, keys and history are; kept tells whether it outlives Close.
func (d *Demo) Dir() (dir string, kept bool) { return d.dir, d.options.Dir != "" }

// show tells how far it is.
func (d *Demo) show(p Progress) {
	if d.options.Progress != nil {
		d.options.Progress(p)
	}
}

// Close takes everything down: residents first, so that nobody knocks at closed doors, then the product, which finishes what it has begun.
func (d *Demo) Close() error {
	var errs []error
	if d.residents != nil {
		d.residents.Close()
		d.api.HTTP.CloseIdleConnections()
	}
	if d.house != nil {
		errs = append(errs, d.house.Close())
	}
	if d.sink != nil {
		d.sink.Close()
	}
	if d.square != nil {
		d.square.close()
	}
	if d.community != nil {
		d.community.server.Close()
	}
	if d.stand != nil {
		d.stand.Close()
	}
	if d.bank != nil {
		errs = append(errs, d.bank.Close())
	}
	if _, kept := d.Dir(); !kept && d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// Console is an address that shows the campaigns in a browser and signs it in as the company, for the next ten minutes.
func (d *Demo) Console() string {
	return d.URL + "/console/sign-in?token=" + console.SignInToken(d.secret, d.viewer, time.Now())
}
