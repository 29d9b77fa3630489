package api

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// consentsView is what an account has said about advertising, in the order it was recorded, and what holds now.
type consentsView struct {
	Items []engine.Consent            `json:"items"`
	Holds map[engine.ChannelName]bool `json:"holds"` // by channels that ads may go over
	Next  string                      `json:"next_cursor"`
}

// account reads an account the way a list of recipients spells it.
func (o *object) account() string {
	text := strings.TrimSpace(o.text("account", required, 64))
	if text == "" {
		return ""
	}
	return o.spelled("account", map[string]string{"account": text}).Account
}

// consent reads an entry of the ledger of consents. It holds from now on unless it says since when.
func (o *object) consent(given bool) engine.Consent {
	entry := engine.Consent{Given: given, Account: o.account(), Channel: engine.ChannelName(o.text("channel", optional, 40))}
	if entry.Channel != engine.NoChannel && !entry.Channel.Known() {
		o.wrong("channel", "unknown", strings.Join(names(engine.ChannelNames()), ", "))
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if entry.At = o.time("at", optional); entry.At.After(now.Add(clockSkew)) {
		o.wrong("at", "future")
	} else if entry.At.IsZero() {
		entry.At = now
	}
	entry.How, entry.Proof = o.text("how", given, 200), o.text("proof", optional, 1000)
	if !given {
		entry.How = cmp.Or(entry.How, "API")
	}
	return entry
}

func (s *Server) listConsents(c echo.Context) error {
	q := readQuery(c)
	account := q.object("account").account()
	if err := q.close(); err != nil {
		return err
	}
	ctx, owner, consents := c.Request().Context(), caller(c).Provider, s.config.Engine.Stores.Consents
	answer := consentsView{Items: []engine.Consent{}, Holds: map[engine.ChannelName]bool{}}
	history, err := consents.History(ctx, owner, account)
	if err != nil {
		return fmt.Errorf("read the consents: %w", err)
	}
	answer.Items = append(answer.Items, history...)
	for _, ch := range engine.ChannelNames() {
		if !engine.Allowed(engine.KindAd, ch) {
			continue
		}
		given, err := consents.Given(ctx, owner, ch, []string{account})
		if err != nil {
			return fmt.Errorf("read the consents: %w", err)
		}
		answer.Holds[ch] = given[0]
	}
	return c.JSON(http.StatusOK, answer)
}

// putConsents records that accounts agreed.
func (s *Server) putConsents(c echo.Context) error {
	_, o, err := readForm(c)
	if err != nil {
		return err
	}
	n, err := s.consent(c, o, true)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"accepted": n})
}

// dropConsents records that accounts withdrew: nothing is ever deleted from the ledger.
func (s *Server) dropConsents(c echo.Context) error {
	o, err := readEither(c, "account", "channel")
	if err != nil {
		return err
	}
	if _, err := s.consent(c, o, false); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) consent(c echo.Context, o *object, given bool) (int, error) {
	var list []engine.Consent
	err := o.each(maxEntries, func(item *object) { list = append(list, item.consent(given)) })
	if err = cmp.Or(err, o.err()); err != nil {
		return 0, err
	}
	if err := s.config.Engine.Stores.Consents.Record(c.Request().Context(), caller(c).Provider, list); err != nil {
		return 0, fmt.Errorf("record consents: %w", err)
	}
	return len(list), nil
}
