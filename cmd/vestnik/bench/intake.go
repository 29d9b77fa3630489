package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vestnik/api/client"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// intake sends a list of residents to the API of a server that is a process of its own, and waits for the answer: by then all are stored.
func intake(b *bed) (r Result, err error) {
	list, size, err := b.list()
	if err != nil {
		return r, err
	}
	t, err := b.town()
	if err != nil {
		return r, err
	}
	stores, _, key, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	address, err := b.server(t)
	if err != nil {
		return r, err
	}
	api := client.New("http://"+address, key)
	b.atEnd(func() error { api.HTTP.CloseIdleConnections(); return nil })
	campaign, err := api.CreateCampaign(b.ctx, client.Order{Name: "bench", Kind: engine.KindBill, Template: "bill-monthly"})
	if err != nil {
		return r, err
	}
	r = Result{Work: fmt.Sprintf("%d CSV rows of %d columns and %d bytes through HTTP to stored batches", b.options.N, 12, size/int64(b.options.N)), Bytes: size}
	r.Measure, err = b.timed("client", b.options.N, "rows", func() error { return b.upload(api, campaign.ID, list, size) })
	if err != nil {
		return r, err
	}
	kept, err := stores.Audience.Size(b.ctx, campaign.ID)
	if err == nil && kept.Recipients != int64(b.options.N) {
		err = fmt.Errorf("of %d rows %d were stored", b.options.N, kept.Recipients)
	}
	r.Goals = []Goal{atLeast("rate", 100_000, r.Rate), atMost("server_rss_mb", 200, r.of(serverPart).RSS)}
	return r, err
}

// list writes the list of residents, so that writing it costs nothing while the clock runs.
func (b *bed) list() (file string, size int64, err error) {
	file = filepath.Join(b.dir, "list.csv")
	f, err := os.Create(file)
	if err != nil {
		return file, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<16)
	_, _ = out.WriteString(head) // told by Flush
	var row []byte
	for i := range b.options.N {
		row = appendRow(row[:0], i)
		_, _ = out.Write(row)
		if i%10_000 == 0 {
			b.show("Список жителей // List of residents", i, b.options.N)
		}
	}
	if err := out.Flush(); err != nil {
		return file, 0, fmt.Errorf("write the list: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return file, 0, err
	}
	return file, info.Size(), nil
}

// upload sends the list.
func (b *bed) upload(api *client.Client, id engine.CampaignID, list string, size int64) (err error) {
	file, err := os.Open(list)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	progress := func(read int64) { b.show("Загрузка, КБ // Upload, KB", int(read>>10), int(size>>10)) }
	taken, err := api.PutRecipients(b.ctx, id, client.Audience{Body: file, Type: client.CSV, Progress: progress})
	if err == nil && taken.Accepted != b.options.N {
		err = fmt.Errorf("of %d rows %d were accepted, %d rejected: %v", b.options.N, taken.Accepted, taken.Rejected, taken.Errors)
	}
	return err
}

// server starts the API as a process of its own, without workers and history.
func (b *bed) server(t town) (address string, err error) {
	part, err := b.part(serverPart)
	if err != nil {
		return "", err
	}
	if err := part.tell(t); err != nil {
		return "", err
	}
	return address, part.hear(&address)
}

// serve is the part that answers the API.
func serve(with talk) (err error) {
	var t town
	if err := with.hear(&t); err != nil {
		return err
	}
	h, err := house.Start(context.Background(), house.Config{Config: t.config(config.RoleAPI), Version: "bench", Log: quiet()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := with.tell(h.Addr); err != nil {
		return err
	}
	return with.end()
}
