package email

import (
	"context"
	"fmt"
	"testing"

	"vestnik/channels/email/inbound"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// TestARefusalCountsLikeTheReportOfIt gives one reply in the conversation and in a report that comes later (RFC 3464): both say the same of the address.
func TestARefusalCountsLikeTheReportOfIt(t *testing.T) {
	const hard, counted, ignored = "hard", "counted", "ignored"
	said := func(why engine.Reason, own bool) string {
		switch {
		case own && why == engine.BadAddress:
			return hard
		case own && why.Temporary():
			return counted
		}
		return ignored
	}
	for _, test := range []struct{ reply, enhanced, want string }{
		{"550 5.1.1 User unknown", "5.1.1", hard},
		{"550 No such user here", "5.0.0", hard},
		{"550 5.1.10 RESOLVER.ADR.RecipientNotFound", "5.1.10", hard},
		{"550 5.4.1 Recipient address rejected: Access denied", "5.4.1", hard},
		{"550 5.4.4 Host not found", "5.4.4", hard},
		{"556 5.1.10 Recipient address has null MX", "5.1.10", hard},
		{"550 5.6.7 Non-ASCII addresses are not supported", "5.6.7", hard},
		{"552 5.2.2 Mailbox full", "5.2.2", counted},
		{"552 Mailbox is full", "5.0.0", counted},
		{"554 user is over quota", "5.0.0", counted},
		{"550 5.2.1 Mailbox disabled, not accepting messages", "5.2.1", counted},
		{"452 4.2.2 Mailbox full", "4.2.2", counted},
		{"552 5.3.4 Message too big for system", "5.3.4", ignored},
		{"550 5.2.3 Message length exceeds the mailbox's limit", "5.2.3", ignored},
		{"554 5.7.1 Message rejected under suspicion of SPAM", "5.7.1", ignored},
		{"554 5.6.0 Message content is not acceptable", "5.6.0", ignored},
	} {
		fault := refusal(rcptTo, parsed(test.reply), "")
		if now := said(fault.Reason, fault.Own); now != test.want {
			t.Errorf("%q at once is %s (%s), want %s", test.reply, now, fault.Reason, test.want)
		}
		if later := said(reported(t, test.enhanced, test.reply), true); later != test.want {
			t.Errorf("%q in a report is %s, want %s", test.reply, later, test.want)
		}
	}
	for _, own := range []string{"550", "552 5.3.4 Message too big", "451 4.3.0 no time", "450 4.2.0 Greylisted", "554 5.7.1 Relay access denied", "550 5.3.1 system full"} {
		if fault := refusal(rcptTo, parsed(own), ""); said(fault.Reason, fault.Own) != ignored {
			t.Errorf("%q blames the address: %+v", own, fault)
		}
	}
	if fault := refusal(mailFrom, parsed("552 5.2.2 over quota"), ""); fault.Own {
		t.Error("a refusal of the sender blames the recipient")
	}
}

// reported has a report of a reply come back, and gives the reason that is observed.
func reported(t *testing.T, enhanced, reply string) (why engine.Reason) {
	t.Helper()
	registry, campaign := enginetest.NewMemory().Stores().Registry, engine.CampaignID(engine.NewID())
	if err := registry.AddCampaign(t.Context(), engine.Campaign{ID: campaign, Provider: "p"}); err != nil {
		t.Fatal(err)
	}
	tokens := engine.NewTokens([]byte("secret"))
	name, err := tokens.Name(engine.Pass{Act: engine.ActReturn, Campaign: campaign, Ordinal: 1, Channel: engine.Email})
	if err != nil {
		t.Fatal(err)
	}
	desk := inbound.New(inbound.Config{Tokens: tokens, Registry: registry, Observe: func(_ context.Context, list ...engine.Observation) error {
		why = list[0].Reason
		return nil
	}})
	raw := fmt.Sprintf("From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: %s\r\n"+
		"Diagnostic-Code: smtp; %s\r\n\r\n--b--\r\n", enhanced, reply)
	if _, err := desk.Take(t.Context(), inbound.Mail{To: "b+" + name + "@bounces.example", Null: true, Raw: []byte(raw)}); err != nil || why == engine.NoReason {
		t.Fatalf("the report of %q is not understood: %v", reply, err)
	}
	return why
}
