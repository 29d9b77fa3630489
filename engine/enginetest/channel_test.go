package enginetest_test

import (
	"context"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestChannelFollowsItsScript(t *testing.T) {
	channel := enginetest.NewChannel(enginetest.Accept())
	channel.Script("b", enginetest.Refuse(engine.BadAddress, "550 5.1.1"), enginetest.Throttle(time.Minute))
	channel.Script("c", enginetest.Hang())
	message := func(account string) engine.Message {
		return engine.Message{Recipient: &engine.Recipient{Account: account}}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	results := channel.Send(ctx, engine.Sender{}, []engine.Message{message("a"), message("b"), message("b"), message("c"), message("a")})
	var reasons []engine.Reason
	for _, r := range results {
		if r.Fault == nil {
			reasons = append(reasons, engine.NoReason)
			continue
		}
		reasons = append(reasons, r.Fault.Reason)
	}
	want := []engine.Reason{engine.NoReason, engine.BadAddress, engine.Throttled, engine.Unavailable, engine.Unavailable}
	for i := range want {
		if reasons[i] != want[i] {
			t.Fatalf("reasons are %v, want %v", reasons, want)
		}
	}
	if len(channel.Attempts()) != 4 || channel.TakenBy()["a"] != 1 {
		t.Fatalf("%d attempts, taken %v", len(channel.Attempts()), channel.TakenBy())
	}
}

func TestConfirmerTellsLater(t *testing.T) {
	confirmer := enginetest.NewConfirmer(enginetest.Later("parcel", time.Minute), enginetest.Received())
	confirmer.Script("c", enginetest.Received())
	confirmer.ScriptConfirm("b", enginetest.Later("parcel", 0), enginetest.Refuse(engine.BadAddress, "INT002034"))
	var channel engine.Channel = confirmer
	asked, is := channel.(engine.Confirmer)
	if !is {
		t.Fatal("it is no engine.Confirmer")
	}
	var msgs []engine.Message
	var pending []engine.Receipt
	for _, account := range []string{"a", "b", "c"} {
		msgs = append(msgs, engine.Message{Key: "key of " + account, Recipient: &engine.Recipient{Account: account}})
	}
	for i, r := range channel.Send(t.Context(), engine.Sender{}, msgs) {
		if r.Later != nil && r.Later.Receipt == "parcel" && r.Later.After == time.Minute {
			pending = append(pending, engine.Receipt{Key: msgs[i].Key, Text: r.Later.Receipt})
		} else if i != 2 || !r.Received || r.Fault != nil {
			t.Fatalf("answer %d is %+v", i, r)
		}
	}
	first := asked.Confirm(t.Context(), engine.Sender{}, pending)
	if len(first) != 2 || !first[0].Received || first[1].Later == nil {
		t.Fatalf("first answers are %+v", first)
	}
	second := asked.Confirm(t.Context(), engine.Sender{}, pending[1:])
	if len(second) != 1 || second[0].Fault == nil || second[0].Fault.Reason != engine.BadAddress {
		t.Fatalf("second answers are %+v", second)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := asked.Confirm(ctx, engine.Sender{}, pending[:1])[0]; r.Fault == nil || r.Fault.Reason != engine.Unavailable {
		t.Fatalf("after the end it answers %+v", r)
	}
	polled, taken := confirmer.PolledBy(), confirmer.TakenBy()
	if len(confirmer.Polls()) != 3 || polled["a"] != 1 || polled["b"] != 2 || taken["a"] != 1 || taken["b"] != 1 || taken["c"] != 1 {
		t.Fatalf("polled %v, taken %v", polled, taken)
	}
}
