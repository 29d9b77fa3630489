package engine

import (
	"context"
	"fmt"
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
			if rendered[ch], err = text.Render(e.voice(c.Kind, ch), &Letter{Provider: provider, Campaign: c, Recipient: &person}); err != nil {
				return nil, fmt.Errorf("render for %s: %w", ch, err)
			}
		}
	}
	return rendered, nil
}

// Destination gives the address a tracked link leads to: the message is rendered again, so that no address has to be kept or travel in
// the link. A message or link that is not there any more is ErrNotFound.
func (e *Engine) Destination(ctx context.Context, pass Pass) (string, error) {
	c, err := e.Stores.Registry.Campaign(ctx, pass.Campaign)
	if err != nil {
		return "", fmt.Errorf("read campaign %s: %w", pass.Campaign, err)
	}
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return "", fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	person, err := e.Stores.Audience.Person(ctx, c.ID, pass.Ordinal)
	if err != nil {
		return "", err
	}
	ref, known := c.textAt(pass.Lane, pass.Step)
	if !known {
		return "", fmt.Errorf("a link of a step that is not there: %w", ErrNotFound)
	}
	text, err := e.Texts.Open(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("open template %s: %w", ref, err)
	}
	content, err := text.Render(e.voice(c.Kind, pass.Channel), &Letter{Provider: provider, Campaign: c, Recipient: &person, Links: e.Tokens.LinksFor(e.PublicURL, pass)})
	if err != nil {
		return "", fmt.Errorf("render the message of a link: %w", err)
	}
	if pass.Link >= len(content.Links) {
		return "", fmt.Errorf("link %d of a message: %w", pass.Link, ErrNotFound)
	}
	return content.Links[pass.Link], nil
}
