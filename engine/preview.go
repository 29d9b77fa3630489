package engine

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Preview renders what a recipient would read first over each configured channel of the campaign's route that can reach it. Nothing is
// recorded and links lead straight to where they lead.
func (e *Engine) Preview(ctx context.Context, c Campaign, person Recipient) (map[ChannelName]Content, error) {
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return nil, fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	rendered := map[ChannelName]Content{}
	for _, lane := range c.Route.Lanes {
		for _, step := range lane {
			ch := step.Channel
			if _, shown := rendered[ch]; shown || !e.configured(c, provider, ch) || person.Address(ch) == "" {
				continue
			}
			ref := c.textOf(step)
			text, err := e.Texts.Open(ctx, ref)
			if err != nil {
				return nil, fmt.Errorf("open template %s: %w", ref, err)
			}
			if rendered[ch], err = text.Render(e.voice(provider, c.Kind, ch), &Letter{Provider: provider, Campaign: c, Recipient: &person}); err != nil {
				return nil, fmt.Errorf("render for %s: %w", ch, err)
			}
		}
	}
	return rendered, nil
}

// Destination gives the address a tracked link leads to: the message is rendered again, so that no address has to be kept or travel in
// the link. A message or link that is not there any more is ErrNotFound.
func (e *Engine) Destination(ctx context.Context, pass Pass) (string, error) {
	text, letter, err := e.unfold(ctx, pass)
	if err != nil {
		return "", err
	}
	content, err := text.Render(e.voice(letter.Provider, letter.Campaign.Kind, pass.Channel), letter)
	if err != nil {
		return "", fmt.Errorf("render the message of a link: %w", err)
	}
	if pass.Link >= len(content.Links) {
		return "", fmt.Errorf("link %d of a message: %w", pass.Link, ErrNotFound)
	}
	return content.Links[pass.Link], nil
}

// Document gives the document of a message: made again from what is stored of its recipient, with its Data. One that is not there any more, or
// whose time is over (SettingBillDays from the campaign's start), is ErrNotFound.
func (e *Engine) Document(ctx context.Context, pass Pass) (File, error) {
	text, letter, err := e.unfold(ctx, pass)
	if err != nil {
		return File{}, err
	}
	documented, has := text.(Documented)
	if began := letter.Campaign.StartedAt; !has || began.IsZero() || time.Since(began) > documentLife(letter.Provider) {
		return File{}, fmt.Errorf("the document of a message: %w", ErrNotFound)
	}
	file, err := documented.Document(letter)
	if err == nil {
		file.Data, err = file.Bytes()
	}
	if err != nil {
		return File{}, fmt.Errorf("make the document of a message: %w", err)
	}
	return file, nil
}

// documentLife is how long the link to a document of the provider leads there.
func documentLife(p Provider) time.Duration {
	days, err := strconv.Atoi(p.Setting(SettingBillDays))
	if err != nil || days < 1 {
		days = usualBillDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// unfold gives what the message of a pass was written from.
func (e *Engine) unfold(ctx context.Context, pass Pass) (Text, *Letter, error) {
	c, err := e.Stores.Registry.Campaign(ctx, pass.Campaign)
	if err != nil {
		return nil, nil, fmt.Errorf("read campaign %s: %w", pass.Campaign, err)
	}
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return nil, nil, fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	person, err := e.Stores.Audience.Person(ctx, c.ID, pass.Ordinal)
	if err != nil {
		return nil, nil, err
	}
	ref, known := c.textAt(pass.Lane, pass.Step)
	if !known {
		return nil, nil, fmt.Errorf("a link of a step that is not there: %w", ErrNotFound)
	}
	text, err := e.Texts.Open(ctx, ref)
	if err != nil {
		return nil, nil, fmt.Errorf("open template %s: %w", ref, err)
	}
	return text, &Letter{Provider: provider, Campaign: c, Recipient: &person, Links: e.Tokens.LinksFor(e.PublicURL, pass)}, nil
}
