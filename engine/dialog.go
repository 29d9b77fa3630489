package engine

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// wrote remembers what a batch has put into dialogs, for what the provider of transport will tell of them, and who did not want it there. A
// message that was read before we came to this is observed as opened now.
func (e *Engine) wrote(ctx context.Context, r *run) error {
	ch := r.step().Channel
	if !talks(ch) || r.batch.Phase != Sending {
		return nil
	}
	var list []Written
	var denied []string
	_, asked := e.Channels[ch].(Asker) // or nothing would lift the stop of those who change their minds unheard
	for i := range r.batch.Members.All() {
		switch v := r.verdicts[i]; {
		case v.what == taken && v.id != "":
			number, err := strconv.ParseInt(v.id, 10, 64)
			if err != nil {
				continue // a provider that does not number its messages does not tell what was read up to where either
			}
			list = append(list, Written{r.people[i].Address(ch), number, r.campaign.ID, OrdinalOf(r.batch.Chunk, i)})
		case v.what == failed && v.fault.Reason == Refused && asked:
			denied = append(denied, r.people[i].Address(ch))
		}
	}
	if err := e.stopAddresses(ctx, r.provider.ID, ch, Denied, denied); err != nil || len(list) == 0 {
		return err
	}
	read, err := e.Stores.Dialogs.Wrote(ctx, r.provider.ID, ch, list)
	if err != nil {
		return fmt.Errorf("remember what was written: %w", err)
	}
	var early []Written
	for k, w := range list {
		if read[k] {
			early = append(early, w)
		}
	}
	return e.Observe(ctx, happened(early, ch, Opened, time.Now())...)
}

// happened makes observations of one fact about messages.
func happened(messages []Written, ch ChannelName, f Fact, at time.Time) (list []Observation) {
	for _, w := range messages {
		if w.Campaign != "" {
			list = append(list, Observation{Campaign: w.Campaign, Ordinal: w.Ordinal, Channel: ch, Fact: f, At: at})
		}
	}
	return list
}
