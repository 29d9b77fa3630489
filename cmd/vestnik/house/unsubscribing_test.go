package house_test

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"testing"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
)

// TestUnsubscribingByLetter has the mail program of one of two residents write the letter that a reminder offers: the next reminder is not for
// them, and the other's letter, sent by nobody, changes nothing.
func TestUnsubscribingByLetter(t *testing.T) {
	sink := mailbox(t)
	c, _ := setting(t)
	c.Email.Relays, c.Email.Bounces = config.List{sink.URL()}, config.Bounces{Domain: "bounces.example", Listen: "127.0.0.1:0"}
	h := start(t, c)
	caller := enter(t, h, c.Secret)
	ended := func(id engine.CampaignID) (ledger engine.Balance) {
		await(t, "the end of a campaign", func() bool {
			campaign, err := caller.Campaign(t.Context(), id)
			ledger = campaign.Ledger
			return err == nil && campaign.Status == engine.StatusCompleted
		})
		return ledger
	}
	if got := ended(remind(t, caller)); got.Delivered != 2 {
		t.Fatalf("the first reminder: %+v", got)
	}
	await(t, "two letters", func() bool { return sink.Count() == 2 })
	for _, letter := range sink.Mails() {
		from := letter.To[0]
		if strings.HasPrefix(from, "b@") {
			from = "" // as no person writes
		}
		writeTo(t, h.Bounces, from, letter)
	}
	if got := ended(remind(t, caller)); got.Delivered != 1 || got.Suppressed != 1 {
		t.Errorf("the second reminder: %+v", got)
	}
	if last := sink.Mails()[2].To[0]; last != "b@example.org" {
		t.Errorf("the second reminder went to %s", last)
	}
	await(t, "the metrics", func() bool {
		_, text := fetch(t, "http://"+h.Addr+"/metrics")
		return strings.Contains(text, `vestnik_inbound_total{class="unsubscribed"} 1`)
	})
}

// remind sends two residents a reminder of their debts.
func remind(t *testing.T, c *client.Client) engine.CampaignID {
	t.Helper()
	campaign, err := c.CreateCampaign(t.Context(), client.Order{Name: "Долг", Kind: engine.KindDebt, Template: "debt-notice",
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.Email}}}}})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := c.PutRecipients(t.Context(), campaign.ID, client.Audience{Type: client.CSV,
		Body: strings.NewReader("account,email,amount,period\n1,a@example.org,100.00,2026-10\n2,b@example.org,200.00,2026-10\n")})
	if err != nil || taken.Accepted != 2 {
		t.Fatalf("%+v %v", taken, err)
	}
	if _, err := c.Start(t.Context(), campaign.ID); err != nil {
		t.Fatal(err)
	}
	return campaign.ID
}

// writeTo does what a mail program does that unsubscribes its owner by letter (RFC 6068).
func writeTo(t *testing.T, server, from string, letter mailtest.Mail) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(letter.Raw))
	if err != nil {
		t.Fatal(err)
	}
	_, way, _ := strings.Cut(m.Header.Get("List-Unsubscribe"), ", ")
	u, err := url.Parse(strings.Trim(way, "<>"))
	if err != nil || u.Scheme != "mailto" {
		t.Fatalf("no letter is offered: %q %v", way, err)
	}
	text := fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\n\r\n", letter.To[0], u.Opaque, u.Query().Get("subject"))
	if err := smtp.SendMail(server, nil, from, []string{u.Opaque}, []byte(text)); err != nil {
		t.Fatal(err)
	}
}
