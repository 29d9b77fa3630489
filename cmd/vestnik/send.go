package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/api/client"
	"vestnik/engine"
)

// sendCommand orders a campaign from a file.
type sendCommand struct {
	access
	Kind      string            `required:"" placeholder:"KIND" help:"Вид: bill, debt, outage, action, ad, meeting, status, report. // Kind: bill, debt, outage, action, ad, meeting, status, report."`
	Template  string            `required:"" placeholder:"NAME[@N]" help:"Шаблон, можно с версией. // Template, with a version if you like."`
	File      string            `required:"" placeholder:"FILE" help:"Получатели: CSV или NDJSON, можно .gz и .zst; - значит stdin. // Recipients: CSV or NDJSON, .gz and .zst too; - means stdin."`
	Name      string            `placeholder:"NAME" help:"Название; иначе имя файла. // Name; otherwise that of the file."`
	Route     string            `placeholder:"ROUTE" help:"Маршрут: каналы через запятую, JSON или @файл с JSON. // Route: channels separated by commas, JSON or @file with JSON."`
	At        string            `placeholder:"TIME" help:"Когда начать: 2026-11-05T09:00:00+03:00 или «2026-11-05 09:00» по местному времени. // When to begin: 2026-11-05T09:00:00+03:00, or '2026-11-05 09:00' by the local clock."`
	Expires   string            `placeholder:"TIME" help:"Когда доставлять уже поздно. // When it is too late to deliver."`
	Urgent    bool              `help:"Срочно: только для отключений. // Urgent: outages only."`
	Reference string            `placeholder:"TEXT" help:"Ваше обозначение рассылки. // Your own name for the campaign."`
	Var       map[string]string `placeholder:"NAME=VALUE" help:"Переменная шаблона для всех. // A variable of the template for everybody."`
	Strict    bool              `help:"Не принимать файл, если в нём есть хоть одна ошибка. // Refuse the file when a single row is wrong."`
	Wait      bool              `help:"Дождаться конца и показать воронку. // Wait for the end and show the funnel."`
	JSON      bool              `help:"Для программ: рассылка целиком. // For programs: the whole campaign."`
}

// Run orders the campaign, uploads the file and starts. It fails when nobody was accepted and, with Wait, when the campaign was
// cancelled; recipients who could not be reached are no failure of the command.
func (s sendCommand) Run(ctx context.Context, t *terminal) error {
	api, err := s.client(t)
	if err != nil {
		return err
	}
	order, err := s.order(t)
	if err != nil {
		return err
	}
	file, err := openAudience(t, s.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	campaign, err := api.CreateCampaign(ctx, order)
	if err != nil {
		return err
	}
	if err := s.upload(ctx, t, api, campaign.ID, file); err != nil {
		t.tell("Рассылка %s осталась черновиком. // Campaign %s is left as a draft.", campaign.ID)
		return err
	}
	if campaign, err = api.Start(ctx, campaign.ID); err != nil {
		return err
	}
	if s.Wait {
		return s.follow(ctx, t, api, campaign)
	}
	if s.JSON {
		return t.json(campaign)
	}
	return t.print(string(campaign.ID))
}

// order makes the order of the flags.
func (s sendCommand) order(t *terminal) (o client.Order, err error) {
	o = client.Order{
		Name: cmp.Or(s.Name, filepath.Base(s.File)), Kind: engine.Kind(s.Kind), Template: s.Template, Urgent: s.Urgent, Reference: s.Reference,
	}
	for name, value := range s.Var {
		if o.Vars == nil {
			o.Vars = map[string]any{}
		}
		o.Vars[name] = value
	}
	if o.SendAt, err = moment(s.At); err != nil {
		return o, t.misuse("--at: %w // --at: %w", err)
	}
	if o.ExpiresAt, err = moment(s.Expires); err != nil {
		return o, t.misuse("--expires: %w // --expires: %w", err)
	}
	if o.Route, err = route(s.Route); err != nil {
		return o, t.misuse("--route: %w // --route: %w", err)
	}
	return o, nil
}

// moment reads a time: RFC 3339, or date and time by the local clock. Empty is the zero time.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.ParseInLocation("2006-01-02 15:04", text, time.Local)
}

// route reads a route: channels tried one after another, or JSON, or a file with JSON. Empty is nil.
func route(text string) (*engine.Route, error) {
	if text == "" {
		return nil, nil
	}
	if name, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text = string(content)
	}
	r := &engine.Route{}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return r, json.Unmarshal([]byte(text), r)
	}
	var lane engine.Lane
	for name := range strings.SplitSeq(text, ",") {
		lane = append(lane, engine.Step{Channel: engine.ChannelName(strings.TrimSpace(name))})
	}
	r.Lanes = []engine.Lane{lane}
	return r, nil
}

// audienceFile is a file of recipients and what its name and beginning say about it.
type audienceFile struct {
	client.Audience
	size  int64 // 0: not known
	close func() error
}

// openAudience opens the file, or stdin for "-". What its name does not tell, its first byte does.
func openAudience(t *terminal, name string) (audienceFile, error) {
	f := audienceFile{close: func() error { return nil }}
	source := t.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return f, t.fail("файл с получателями не открыть: %w // the file of recipients cannot be opened: %w", err)
		}
		f.close = file.Close
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			f.size = info.Size()
		}
		source = file
	}
	name = strings.ToLower(name)
	for suffix, encoding := range map[string]string{".gz": "gzip", ".zst": "zstd"} {
		if plain, ok := strings.CutSuffix(name, suffix); ok {
			name, f.Encoding = plain, encoding
		}
	}
	body := bufio.NewReaderSize(source, 64<<10)
	f.Type, f.Body = client.CSV, body
	first, _ := body.Peek(1) // an empty file is the server's to refuse
	if ext := filepath.Ext(name); ext == ".ndjson" || ext == ".jsonl" || ext != ".csv" && f.Encoding == "" && string(first) == "{" {
		f.Type = client.NDJSON
	}
	return f, nil
}

// upload sends the file, showing how far it is, and tells which rows were not taken.
func (s sendCommand) upload(ctx context.Context, t *terminal, api *client.Client, id engine.CampaignID, f audienceFile) error {
	shown := t.bars()
	bar := shown.bar(t.Say("Загрузка", "Uploading"), f.size, progress.UnitsBytes)
	f.Reject = s.Strict
	f.Progress = bar.SetValue
	f.Body = onlyReader{f.Body}
	taken, err := api.PutRecipients(ctx, id, f.Audience)
	bar.MarkAsDone()
	shown.end()
	if err != nil {
		return err
	}
	t.tell("Принято %d, отвергнуто %d, повторов %d. // Accepted %d, rejected %d, duplicates %d.", taken.Accepted, taken.Rejected, taken.Duplicates)
	for _, m := range taken.Errors {
		t.tell("  %v", m)
	}
	if taken.Truncated {
		t.tell("  … и другие. // … and others.")
	}
	if taken.Accepted == 0 {
		return t.fail("не принято ни одного получателя // not a single recipient was accepted")
	}
	return nil
}

// onlyReader hides that a body could be rewound, which net/http would use to measure it.
type onlyReader struct{ io.Reader }

// followPause is how often a campaign that is waited for is looked at.
const followPause = 500 * time.Millisecond

// follow waits for the campaign's end, showing how many are settled, and prints what came of it.
func (s sendCommand) follow(ctx context.Context, t *terminal, api *client.Client, c client.Campaign) (err error) {
	t.tell("Рассылка %s // Campaign %s", c.ID)
	shown := t.bars()
	bar := shown.bar(c.Name, c.Ledger.Ordered, progress.UnitsDefault)
	tick := time.NewTicker(followPause)
	defer tick.Stop()
	for !c.Status.Ended() || c.Ledger.InFlight > 0 {
		bar.UpdateTotal(c.Ledger.Ordered)
		bar.SetValue(c.Ledger.Ordered - c.Ledger.InFlight)
		select {
		case <-ctx.Done():
			shown.end()
			return ctx.Err()
		case <-tick.C:
		}
		if c, err = api.Campaign(ctx, c.ID); err != nil {
			shown.end()
			return err
		}
	}
	bar.SetValue(c.Ledger.Ordered)
	bar.MarkAsDone()
	shown.end()
	return s.conclude(ctx, t, api, c)
}

// catchUp is how long the history may take to have everything that a campaign's ledger says.
const catchUp = 15 * time.Second

// settled waits, within reason, until the funnel has everybody whom the ledger has: facts reach the history a moment later.
func settled(ctx context.Context, api *client.Client, c client.Campaign) (client.Campaign, error) {
	for deadline := time.Now().Add(catchUp); time.Now().Before(deadline); {
		counts := map[engine.Fact]int64{}
		for _, s := range c.Funnel {
			counts[s.Stage] = s.Count
		}
		if counts[engine.Ordered] >= c.Ledger.Ordered && counts[engine.Sent] >= c.Ledger.Delivered {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-time.After(followPause):
		}
		var err error
		if c, err = api.Campaign(ctx, c.ID); err != nil {
			return c, err
		}
	}
	return c, nil
}

// conclude prints an ended campaign.
func (s sendCommand) conclude(ctx context.Context, t *terminal, api *client.Client, c client.Campaign) error {
	c, err := settled(ctx, api, c)
	if err != nil {
		return err
	}
	t.tell("%s", t.ledger(c.Ledger))
	switch {
	case s.JSON:
		err = t.json(c)
	case c.Funnel == nil:
		err = t.fail("история недоступна: воронку покажет vestnik funnel %s // the history is out of reach: vestnik funnel %s will show it", c.ID)
	default:
		err = t.funnel(c.Name, client.Report{Funnel: client.Funnel{Stages: c.Funnel, Channels: c.Channels}})
	}
	if err == nil && c.Status != engine.StatusCompleted {
		err = t.fail("рассылка %s: %s // campaign %s: %s", c.ID, t.status(c.Status))
	}
	return err
}
