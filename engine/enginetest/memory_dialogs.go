package enginetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// dialogs is the Dialogs of a Memory.
type dialogs struct{ *Memory }

// dialogOf is one dialog: its messages, oldest first, and up to where they are read.
type dialogOf struct {
	messages []engine.Written
	read     int64
	begun    bool
}

type signal struct {
	senderChannel
	id string
}

// dialog gives a dialog; d.mu is held.
func (d dialogs) dialog(provider engine.ProviderID, ch engine.ChannelName, address string) *dialogOf {
	at := stop{provider, ch, hashOf(address)}
	if d.dialogs[at] == nil {
		d.dialogs[at] = &dialogOf{}
	}
	return d.dialogs[at]
}

func (d dialogs) Wrote(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) ([]bool, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	read := make([]bool, len(list))
	for i, w := range list {
		known := d.dialog(provider, ch, w.Address)
		read[i] = known.read >= w.Number
		known.add(w)
	}
	return read, nil
}

func (d *dialogOf) add(w engine.Written) {
	same := slices.IndexFunc(d.messages, func(m engine.Written) bool { return m.Campaign == w.Campaign && m.Ordinal == w.Ordinal })
	if same >= 0 {
		d.messages[same].Number = min(d.messages[same].Number, w.Number)
	} else {
		d.messages = append(d.messages, w)
	}
	slices.SortFunc(d.messages, func(a, b engine.Written) int { return cmp.Compare(a.Number, b.Number) })
	d.messages = slices.Delete(d.messages, 0, max(0, len(d.messages)-engine.DialogSize))
}

func (d dialogs) Read(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.ReadUpTo) ([][]engine.Written, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found := make([][]engine.Written, len(list))
	for i, upTo := range list {
		known := d.dialog(provider, ch, upTo.Address)
		known.read = max(known.read, upTo.Number)
		for _, w := range known.messages {
			if w.Number <= upTo.Number {
				found[i] = append(found[i], w)
			}
		}
	}
	return found, nil
}

func (d dialogs) Drop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, w := range list {
		known := d.dialog(provider, ch, w.Address)
		known.messages = slices.DeleteFunc(known.messages, func(m engine.Written) bool { return m.Number < w.Number })
	}
	return nil
}

func (d dialogs) Last(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Written, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.Written, len(addresses))
	for i, address := range addresses {
		list[i].Address = address
		if m := d.dialog(provider, ch, address).messages; len(m) > 0 {
			list[i] = m[len(m)-1]
		}
	}
	return list, nil
}

func (d dialogs) Begin(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, address := range addresses {
		d.dialog(provider, ch, address).begun = true
	}
	return nil
}

func (d dialogs) Begun(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]bool, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	begun := make([]bool, len(addresses))
	for i, address := range addresses {
		known := d.dialog(provider, ch, address)
		begun[i] = known.begun || known.read > 0 || len(known.messages) > 0
	}
	return begun, nil
}

func (d dialogs) Heard(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) ([]bool, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	heard := make([]bool, len(ids))
	for i, id := range ids {
		until, is := d.signals[signal{senderChannel{provider, ch}, id}]
		heard[i] = is && time.Now().Before(until)
	}
	return heard, nil
}

func (d dialogs) Hear(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, id := range ids {
		d.signals[signal{senderChannel{provider, ch}, id}] = time.Now().Add(engine.HeardFor)
	}
	return nil
}

func (d dialogs) Bookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (string, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return d.bookmarks[senderChannel{provider, ch}], nil
}

func (d dialogs) SetBookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, mark string) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	d.bookmarks[senderChannel{provider, ch}] = mark
	return nil
}
