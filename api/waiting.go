package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/api/intake"
	"vestnik/engine"
	"vestnik/templates"
)

// waitView is something a campaign waits for.
type waitView struct {
	Phase      string             `json:"phase"` // begin, resume, confirm, wait, send, or why it is not sent: see engine.Hold
	Channel    engine.ChannelName `json:"channel,omitempty"`
	Recipients int64              `json:"recipients"`
	Next       time.Time          `json:"next,omitzero"`
	Reason     engine.Reason      `json:"reason,omitempty"` // of a channel that does not work
	Code       string             `json:"code,omitempty"`   // likewise, the channel's own
	Text       string             `json:"text"`
}

// waitingFor says in words what keeps a campaign from its end.
func (s *Server) waitingFor(ctx context.Context, language intake.Language, campaign engine.Campaign, inFlight int64) (list []waitView, err error) {
	switch campaign.Status {
	case engine.StatusScheduled:
		list = append(list, waitView{Phase: "begin", Recipients: inFlight, Next: campaign.SendAt, Text: say(language, "wait.begin")})
	case engine.StatusPaused:
		list = append(list, waitView{Phase: "resume", Recipients: inFlight, Text: say(language, "wait.resume")})
	}
	waiting, err := s.config.Engine.Waiting(ctx, campaign)
	if err != nil || len(waiting) == 0 {
		return list, err
	}
	owner, err := s.config.Engine.Stores.Registry.Provider(ctx, campaign.Provider)
	if err != nil {
		return nil, fmt.Errorf("read provider %s: %w", campaign.Provider, err)
	}
	zone := (&engine.Recipient{}).Zone(owner)
	for _, w := range waiting {
		v := waitView{Phase: phaseOf(w), Channel: w.Channel, Recipients: int64(w.Recipients), Next: w.Next.UTC()}
		if w.Hold == engine.HeldBreaker || w.Hold == engine.HeldReputation {
			b, err := s.config.Engine.Stores.Breakers.Breaker(ctx, campaign.Provider, w.Channel)
			if err != nil {
				return nil, fmt.Errorf("read a breaker: %w", err)
			}
			v.Reason, v.Code = b.Reason, b.Code
		}
		v.Text = say(language, "wait."+v.Phase, say(language, "channel."+string(w.Channel)), clock(language, v.Next.In(zone), time.Now().In(zone)), v.why(language))
		list = append(list, v)
	}
	return list, nil
}

// phaseOf names what a group waits for.
func phaseOf(w engine.WaitingFor) string {
	switch {
	case w.Hold != engine.NoHold:
		return string(w.Hold)
	case w.Phase == engine.Confirming:
		return "confirm"
	}
	return string(w.Phase)
}

// why tells what is wrong with a channel that does not work: ": канал недоступен (421 4.3.2)".
func (v waitView) why(language intake.Language) string {
	switch {
	case v.Reason == engine.NoReason:
		return ""
	case v.Code == "":
		return ": " + say(language, "reason."+string(v.Reason))
	}
	return ": " + say(language, "reason."+string(v.Reason)) + " (" + v.Code + ")"
}

// clock writes when something happens, to stand in a sentence: "в 09:00 (UTC+05:00)", "5 ноября в 09:00 (UTC+05:00)".
func clock(language intake.Language, t, now time.Time) string {
	zone := strings.Replace(t.Format(" (UTC-07:00)"), "UTC-", "UTC−", 1)
	if language == intake.English {
		text := t.Format("at 15:04") + zone
		if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
			text = t.Format("on 2 January ") + text
		}
		return text
	}
	text := t.Format("в 15:04") + zone
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		day, _, _ := strings.Cut(templates.Date(t), " ")
		text = strings.ReplaceAll(day, "\u00a0", " ") + " " + text
	}
	return text
}

// reputation warns of e-mail that bounces or is complained about too often, in campaigns that are still to send some.
func (s *Server) reputation(ctx context.Context, language intake.Language, c engine.Campaign) ([]intake.Problem, error) {
	if c.Status.Ended() || c.Mode == engine.Test || !slices.Contains(c.Route.Channels(), engine.Email) {
		return nil, nil
	}
	standing, err := s.config.Engine.Standing(ctx, c.Provider)
	if err != nil || standing.Verdict == engine.StandingGood {
		return nil, err
	}
	code := "reputation_" + string(standing.Verdict)
	return []intake.Problem{{Code: code, Message: say(language, code, standing.Bounced, standing.Sent, standing.Complained)}}, nil
}
