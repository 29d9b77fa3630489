package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// Bounds of lists of what is stopped or agreed to.
const (
	maxEntries = 1000
	maxAddress = 300
)

// stopReasons are the reasons an address may be stopped for from outside.
var stopReasons = []engine.Reason{engine.Listed, engine.PreviousBounce, engine.Opted, engine.Unreminded, engine.Objected}

// suppressionView is an address that must not be written to: the address itself when it was asked about, else its hash.
type suppressionView struct {
	Channel engine.ChannelName `json:"channel"`
	Address string             `json:"address,omitempty"`
	Hash    string             `json:"hash,omitempty"`
	Reason  engine.Reason      `json:"reason"`
	Since   time.Time          `json:"since,omitzero"`
}

// stopping is one address to be stopped, or to be written to again.
type stopping struct {
	channel engine.ChannelName
	reason  engine.Reason
	address string
}

// stopping reads who is meant; addresses are checked like those of a recipients' list.
func (o *object) stopping() (stop stopping) {
	if stop.channel = engine.ChannelName(o.text("channel", required, 40)); stop.channel != "" && !stop.channel.Known() {
		o.wrong("channel", "unknown", strings.Join(names(engine.ChannelNames()), ", "))
	}
	if text := o.text("address", required, maxAddress); text != "" && stop.channel.Known() {
		stop.address = o.address(stop.channel, text)
	}
	return stop
}

// address writes an address the way the engine knows it, or notes what is wrong with it.
func (o *object) address(ch engine.ChannelName, text string) string {
	row := map[string]string{"account": "0"}
	switch ch {
	case engine.Email:
		row["email"] = text
	case engine.VK:
		row["vk_id"] = text
	case engine.HouseChat:
		row["house"] = text
	case engine.Paper:
		row["account"] = text
	case engine.Gosuslugi: // the house, if it is known, and the account
		house, account, both := strings.Cut(text, "/")
		if !both || house != "" && len(house) != guidLength {
			house, account = "", text
		}
		row["house"], row["account"] = house, account
	}
	person := o.spelled("address", row)
	if ch == engine.Gosuslugi {
		person.GISAccount = "any" // it does not count for the address, but an address has one or a house
	}
	return person.Address(ch)
}

// spelled reads a row the way a list of recipients is read; what is wrong with it is noted for a field.
func (o *object) spelled(field string, row map[string]string) engine.Recipient {
	raw, _ := json.Marshal(row) // of strings: it cannot fail
	person, problems := personOf(o.language, raw)
	for _, p := range problems {
		p.Line, p.Column, p.Field = o.line, 0, o.path+field
		o.mistakes = append(o.mistakes, p)
	}
	return person
}

const guidLength = 36

// listSuppressions tells about one address, or lists a page of those that are stopped.
func (s *Server) listSuppressions(c echo.Context) error {
	q := readQuery(c)
	if q.values.Has("address") {
		return s.showSuppression(c, q)
	}
	channels := engine.ChannelNames()
	if only := engine.ChannelName(q.word("channel", names(channels)...)); only != engine.NoChannel {
		channels = []engine.ChannelName{only}
	}
	limit, inner := q.limit(), ""
	if cursor := q.take("cursor"); cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(cursor)
		name, rest, _ := strings.Cut(string(text), "/")
		at := slices.Index(channels, engine.ChannelName(name))
		if err != nil || at < 0 {
			q.wrong("cursor", "cursor")
			at = 0
		}
		channels, inner = channels[at:], rest
	}
	if err := q.close(); err != nil {
		return err
	}
	answer, err := s.suppressions(c, channels, inner, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

// suppressions reads about limit of them, channel by channel, from a cursor of the first channel on.
func (s *Server) suppressions(c echo.Context, channels []engine.ChannelName, cursor string, limit int) (page[suppressionView], error) {
	answer := page[suppressionView]{Items: []suppressionView{}}
	for len(channels) > 0 && len(answer.Items) < limit {
		ch := channels[0]
		found, next, err := s.config.Engine.Stores.Stops.List(c.Request().Context(), caller(c).Provider, ch, cursor, limit-len(answer.Items))
		if err != nil {
			return answer, fmt.Errorf("list the stops: %w", err)
		}
		for _, stop := range found {
			answer.Items = append(answer.Items, suppressionView{Channel: ch, Hash: stop.Hash, Reason: stop.Reason, Since: stop.Since})
		}
		if cursor = next; cursor == "" {
			channels = channels[1:]
		}
	}
	if len(channels) > 0 {
		answer.Next = base64.RawURLEncoding.EncodeToString([]byte(string(channels[0]) + "/" + cursor))
	}
	return answer, nil
}

func (s *Server) showSuppression(c echo.Context, q *query) error {
	stop := q.object("channel", "address").stopping()
	if err := q.close(); err != nil {
		return err
	}
	reasons, err := s.config.Engine.Stores.Stops.Stopped(c.Request().Context(), caller(c).Provider, stop.channel, []string{stop.address})
	if err != nil {
		return fmt.Errorf("read the stops: %w", err)
	}
	answer := page[suppressionView]{Items: []suppressionView{}}
	if reasons[0] != engine.NoReason {
		answer.Items = append(answer.Items, suppressionView{Channel: stop.channel, Address: stop.address, Reason: reasons[0]})
	}
	return c.JSON(http.StatusOK, answer)
}

// putSuppressions stops addresses.
func (s *Server) putSuppressions(c echo.Context) error {
	_, o, err := readForm(c)
	if err != nil {
		return err
	}
	n, err := s.stop(c, o, func(item *object) engine.Reason {
		reason := engine.Reason(item.text("reason", optional, 40))
		if reason != "" && !slices.Contains(stopReasons, reason) {
			item.wrong("reason", "unknown", strings.Join(names(stopReasons), ", "))
		}
		if reason == "" {
			reason = engine.Listed
		}
		return reason
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"accepted": n})
}

// dropSuppressions lets addresses be written to again.
func (s *Server) dropSuppressions(c echo.Context) error {
	o, err := readEither(c, "channel", "address")
	if err != nil {
		return err
	}
	if _, err := s.stop(c, o, func(*object) engine.Reason { return engine.NoReason }); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// stop writes what an object lists, and tells how many that were.
func (s *Server) stop(c echo.Context, o *object, reason func(item *object) engine.Reason) (n int, err error) {
	type group struct {
		channel engine.ChannelName
		reason  engine.Reason
	}
	groups := map[group][]string{}
	err = o.each(maxEntries, func(item *object) {
		stop := item.stopping()
		g := group{stop.channel, reason(item)}
		groups[g] = append(groups[g], stop.address)
		n++
	})
	if err != nil || o.err() != nil {
		return 0, cmp.Or(err, o.err())
	}
	for g, addresses := range groups {
		if err := s.config.Engine.Stores.Stops.Stop(c.Request().Context(), caller(c).Provider, g.channel, g.reason, addresses); err != nil {
			return 0, fmt.Errorf("write the stops: %w", err)
		}
	}
	return n, nil
}
