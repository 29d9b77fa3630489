package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync/atomic"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// gisOrg is the provider in ГИС ЖКХ.
const gisOrg = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"

// settledGIS is what the part of the stands tells: the settings of a provider for a stand that looks at every document, and for one that only
// counts them; and how many documents each has.
type settledGIS struct {
	Strict, Counting map[string]string
	Looked, Counted  int
}

// talkGIS is the part that plays ГИС ЖКХ, to residents of whom it is told how many there are. No stand validates; asked, it tells what it has.
func talkGIS(with talk) error {
	var known int
	if err := with.hear(&known); err != nil {
		return err
	}
	pay := utility().Settings
	open := func(count bool) (*gistest.Server, error) {
		server, err := gistest.Start(gistest.Options{Count: count})
		if err == nil {
			server.AddOrganization(gistest.Organization{PPAGUID: gisOrg, BIC: pay["payment.bic"], Account: pay["payment.account"]})
		}
		return server, err
	}
	strict, err := open(false)
	if err != nil {
		return err
	}
	defer strict.Close()
	for i := range known {
		p := person(i)
		strict.AddAccount(gisOrg, gistest.Account{GUID: p.GISAccount, Number: p.Account, House: p.House})
	}
	counting, err := open(true)
	if err != nil {
		return err
	}
	defer counting.Close()
	settings := func(s *gistest.Server) map[string]string {
		return map[string]string{"gis.stand": "custom", "gis.url": s.URL(), "gis.org_ppaguid": gisOrg}
	}
	for {
		if err := with.tell(settledGIS{settings(strict), settings(counting), len(strict.Documents(gisOrg)), counting.Counted()}); err != nil {
			return err
		}
		var ask string
		if err := with.hear(&ask); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// gosuslugiBills places bills in ГИС ЖКХ, which another process plays, and asks what became of them. How a document is looked at there is not what
// is measured: a first batch goes to a stand that looks, all others to one that counts.
func gosuslugiBills(b *bed) (r Result, err error) {
	o, err := b.office()
	if err != nil {
		return r, err
	}
	n := b.options.N
	r.Work = fmt.Sprintf("%d payment documents of %d services to ГИС ЖКХ, 500 a request, until acknowledged", n, len(gisCharges))
	r.Baselines = []Baseline{{Name: "confirmed", Work: "as many, until ГИС ЖКХ has told what became of each"},
		{Name: "signed", Work: "as many, each request signed by openssl (GOST R 34.10-2012), until acknowledged"}}
	signed := &r.Baselines[1].Measure
	for _, turn := range []struct {
		label   string
		from    engine.Sender
		confirm bool
		sum     *Measure
	}{{"vestnik", o.counting, false, &r.Measure}, {"confirmed", o.counting, true, &r.Baselines[0].Measure}, {"signed", o.signing, false, signed}} {
		if *turn.sum, err = b.timed(turn.label, n, "documents", func() error { return o.place(turn.from, n, turn.confirm) }); err != nil {
			return r, err
		}
	}
	at, err := o.ask()
	if err == nil && at.Counted != 3*n+1 { // one to learn the registries by
		err = fmt.Errorf("of %d documents %d have arrived", 3*n+1, at.Counted)
	}
	r.Goals = []Goal{atLeast("rate", 10_000, r.Rate), atMost("cpu_10000", 2, r.cpu10000()),
		atLeast("signed", 5_000, signed.Rate), atMost("signed_cpu_10000", 4, signed.cpu10000())}
	return r, err
}

// cpu10000 is the processor time of all processes for 10,000 units, in seconds: what a goal of a rate on two processors comes to when the machine
// has other work too.
func (m Measure) cpu10000() float64 {
	sum := 0.0
	for _, p := range m.Processes {
		sum += p.CPU
	}
	return 10_000 * max(sum, tick.Seconds()) / float64(m.N)
}

// office is what places bills.
type office struct {
	bed              *bed
	stands           talk
	channel          *gosuslugi.Channel
	strict, counting engine.Sender
	signing          engine.Sender // as counting, with signatures
	people           []engine.Recipient
}

// office starts the stands, sees that the strict one takes the bills, and has the channel learn the registries of the other.
func (b *bed) office() (o *office, err error) {
	t, err := b.town()
	if err != nil {
		return nil, err
	}
	stores, _, _, err := b.enrol(t)
	if err != nil {
		return nil, err
	}
	o = &office{bed: b}
	if o.people, err = tenants(min(b.options.N, mailPeople)); err != nil {
		return nil, err
	}
	if o.stands, err = b.part(standsPart); err != nil {
		return nil, err
	}
	looked := min(b.options.N, engine.ChunkSize)
	var at settledGIS
	if err := errors.Join(o.stands.tell(looked), o.stands.hear(&at)); err != nil {
		return nil, err
	}
	o.channel, err = gosuslugi.New(gosuslugi.Config{Notes: stores.Notes, Schedule: []time.Duration{time.Millisecond}})
	if err != nil {
		return nil, err
	}
	b.atEnd(o.channel.Close)
	key, certificate, err := gistest.Mint(b.ctx, "/C=RU/CN=bench")
	if err != nil {
		return nil, fmt.Errorf("make a key of GOST R 34.10-2012 (Debian: apt install libengine-gost-openssl): %w", err)
	}
	o.strict, o.counting, o.signing = senderTo(at.Strict), senderTo(at.Counting), senderTo(at.Counting)
	maps.Copy(o.signing.Provider.Settings, map[string]string{"gis.signing": "openssl", "gis.key": string(key), "gis.cert": string(certificate)})
	if err := errors.Join(o.place(o.strict, looked, true), o.place(o.counting, 1, true)); err != nil {
		return nil, err
	}
	if at, err = o.ask(); err == nil && at.Looked != looked {
		err = fmt.Errorf("of %d documents %d were taken", looked, at.Looked)
	}
	return o, err
}

func senderTo(settings map[string]string) engine.Sender {
	from := engine.Sender{Provider: utility(), Campaign: engine.Campaign{Kind: engine.KindBill}}
	maps.Copy(from.Provider.Settings, settings)
	return from
}

// ask has the part tell how many documents there are.
func (o *office) ask() (at settledGIS, err error) {
	return at, errors.Join(o.stands.tell("count"), o.stands.hear(&at))
}

// place places n bills of a new campaign, until they are acknowledged or until they are confirmed.
func (o *office) place(from engine.Sender, n int, confirm bool) error {
	from.Campaign.ID = engine.CampaignID(engine.NewID())
	var done atomic.Int64
	return inBatches(n, func(begin, end int) error {
		list := make([]engine.Message, end-begin)
		for i := range list { // what the message says is no matter: a document is made of the resident's data
			list[i].Key = engine.MessageKey(from.Campaign.ID, engine.Ordinal(begin+i), engine.Gosuslugi, 0)
			list[i].Recipient = &o.people[(begin+i)%len(o.people)]
		}
		results := o.channel.Send(o.bed.ctx, from, list)
		for results[0].Later != nil && (confirm || results[0].Later.Receipt == "") {
			results = o.next(from, list, results)
		}
		for _, r := range results {
			if r.Fault != nil {
				return r.Fault
			}
			if r.Received != confirm {
				return errors.New("a document has not got as far as it should")
			}
		}
		o.bed.show("Документы // Documents", int(done.Add(int64(end-begin))), n)
		return nil
	})
}

// next does what the engine does with messages that are answered later.
func (o *office) next(from engine.Sender, list []engine.Message, results []engine.Result) []engine.Result {
	if results[0].Later.Receipt == "" {
		return o.channel.Send(o.bed.ctx, from, list)
	}
	pending := make([]engine.Receipt, len(list))
	for i, r := range results {
		pending[i] = engine.Receipt{Key: list[i].Key, Text: r.Later.Receipt}
	}
	return o.channel.Confirm(o.bed.ctx, from, pending)
}

// gisCharges are the services of each bill, in the names of the registries.
var gisCharges = []string{"Содержание жилого помещения", "Отопление", "Холодное водоснабжение", "Горячее водоснабжение", "Водоотведение", "Электроснабжение",
	"Обращение с твердыми отходами", "Домофон"}

// tenants are residents with bills.
func tenants(n int) ([]engine.Recipient, error) {
	list := make([]engine.Recipient, n)
	for i := range list {
		services := make([]map[string]string, len(gisCharges))
		for k, name := range gisCharges {
			services[k] = map[string]string{"name": name, "unit": "м³", "volume": fmt.Sprintf("%d.%03d", k, i%1000), "rate": "219.54", "charged": engine.Money(100_00*k + i%100_00).String()}
		}
		vars, err := json.Marshal(map[string]any{"services": services, "debt": "1234.56"})
		if err != nil {
			return nil, err
		}
		list[i] = person(i)
		list[i].Amount, list[i].Vars = nil, vars // what is asked for is the sum of the services
	}
	return list, nil
}
