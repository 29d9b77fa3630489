package enginetest

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"vestnik/engine"
)

var factTests = map[string]func(*testing.T, engine.Stores){
	"marks":                      testMarks,
	"marks of a chunk":           testMarksOf,
	"marks of many at once":      testMarkTogether,
	"marks of the scattered":     testMarksScattered,
	"payments count once":        testCredit,
	"payments by purpose":        testPayments,
	"a payment is fresh once":    testCreditTogether,
	"the journal takes anything": testJournal,
	"the queue takes twice":      testQueue,
	"answers":                    testAnswers,
	"one request is first":       testAnswersTogether,
}

func testMarks(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	list := engine.Ordinals{0, 7, 8, engine.OrdinalOf(2, 5)}
	equalSlices(t, "none", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, list)), make([]bool, 4))
	ok(t, s.Marks.Set(ctx, id, engine.Email, engine.Opened, list[:2]))
	equalSlices(t, "two", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, list)), []bool{true, true, false, false})
	ok(t, s.Marks.Set(ctx, id, engine.Email, engine.Opened, list))
	equalSlices(t, "all", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, list)), []bool{true, true, true, true})
	equalSlices(t, "has", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, engine.Ordinals{7, 9})), []bool{true, false})
	equalSlices(t, "another fact", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Clicked, list)), make([]bool, 4))
	equalSlices(t, "another channel", must[[]bool](t)(s.Marks.Has(ctx, id, engine.VK, engine.Opened, list)), make([]bool, 4))
	equal(t, "count", must[int64](t)(s.Marks.Count(ctx, id, engine.Email, engine.Opened)), 4)
	equal(t, "count of nothing", must[int64](t)(s.Marks.Count(ctx, id, engine.Email, engine.Paid)), 0)
	ok(t, s.Marks.Set(ctx, id, engine.Email, engine.Opened, nil))
	equal(t, "count after nobody", must[int64](t)(s.Marks.Count(ctx, id, engine.Email, engine.Opened)), 4)
	equal(t, "nobody", len(must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, nil))), 0)
}

func testMarksOf(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	for _, m := range []struct {
		ch engine.ChannelName
		f  engine.Fact
		o  engine.Ordinals
	}{
		{engine.Email, engine.Opened, engine.Ordinals{engine.OrdinalOf(0, 495), engine.OrdinalOf(1, 0), engine.OrdinalOf(1, 9)}},
		{engine.VK, engine.Opened, engine.Ordinals{engine.OrdinalOf(1, 495), engine.OrdinalOf(2, 0)}},
		{engine.NoChannel, engine.Paid, engine.Ordinals{engine.OrdinalOf(1, 8)}},
		{engine.Email, engine.Clicked, engine.Ordinals{engine.OrdinalOf(1, 100)}},
	} {
		ok(t, s.Marks.Set(ctx, id, m.ch, m.f, m.o))
	}
	var want engine.Members
	equal(t, "no facts", must[engine.Members](t)(s.Marks.Of(ctx, id, 1)), want)
	for _, i := range []int{0, 8, 9, 495} {
		want.Add(i)
	}
	equal(t, "any channel", must[engine.Members](t)(s.Marks.Of(ctx, id, 1, engine.Opened, engine.Paid)), want)
	equal(t, "a chunk beyond", must[engine.Members](t)(s.Marks.Of(ctx, id, 9, engine.Opened)), engine.Members{})
}

func testMarkTogether(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	const callers = 8 // of neighbours, which share a byte
	_, errs := together(callers, func(i int) (int, error) {
		return 0, s.Marks.Set(ctx, id, engine.Email, engine.Opened, engine.Ordinals{engine.Ordinal(i), engine.Ordinal(i + 1)})
	})
	ok(t, errors.Join(errs...))
	equal(t, "count", must[int64](t)(s.Marks.Count(ctx, id, engine.Email, engine.Opened)), callers+1)
	want := engine.FirstMembers(callers + 1)
	equal(t, "members", must[engine.Members](t)(s.Marks.Of(ctx, id, 0, engine.Opened)), want)
}

// testMarksScattered marks and asks for neighbours and for those far away in one call.
func testMarksScattered(t *testing.T, s engine.Stores) {
	ctx, id, random := t.Context(), newCampaign(), rand.New(rand.NewPCG(3, 4))
	var marked, asked engine.Ordinals
	var want []bool
	for _, chunk := range []int{0, 1, 70, 2000} {
		for i := range engine.ChunkSize {
			is := random.IntN(3) == 0
			if is {
				marked = append(marked, engine.OrdinalOf(chunk, i))
			}
			if random.IntN(1+chunk) < 2 {
				asked, want = append(asked, engine.OrdinalOf(chunk, i)), append(want, is)
			}
		}
	}
	ok(t, s.Marks.Set(ctx, id, engine.Email, engine.Opened, marked))
	equalSlices(t, "has", must[[]bool](t)(s.Marks.Has(ctx, id, engine.Email, engine.Opened, asked)), want)
	equal(t, "count", must[int64](t)(s.Marks.Count(ctx, id, engine.Email, engine.Opened)), int64(len(marked)))
}

func payment(reference string, amount engine.Money) engine.Payment {
	return engine.Payment{Reference: reference, DocumentID: "50АА-" + reference, Amount: amount, PaidAt: moment}
}

func testCredit(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	a, b := payment("a", 100), payment("b", 200)
	credit := func(list ...engine.Payment) []engine.Credit {
		t.Helper()
		return must[[]engine.Credit](t)(s.Cashbook.Credit(ctx, provider, list))
	}
	equalSlices(t, "new, and twice in one list", credit(a, b, a), []engine.Credit{engine.Fresh, engine.Fresh, engine.Closed})
	equalSlices(t, "not closed yet", credit(a), []engine.Credit{engine.Booked})
	ok(t, s.Cashbook.Close(ctx, provider, []string{"a"}))
	ok(t, s.Cashbook.Close(ctx, provider, []string{"a"}))
	ok(t, s.Cashbook.Close(ctx, provider, nil))
	equalSlices(t, "one closed", credit(a, b), []engine.Credit{engine.Closed, engine.Booked})
	equal(t, "nothing", len(credit()), 0)
	equalSlices(t, "another provider", must[[]engine.Credit](t)(s.Cashbook.Credit(ctx, newProvider(), []engine.Payment{a})),
		[]engine.Credit{engine.Fresh})
}

func testPayments(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	list := []engine.Payment{
		{Reference: "3", DocumentID: "doc", Amount: 300, PaidAt: moment.Add(time.Hour)},
		{Reference: "1", DocumentID: "doc", Amount: 100, PaidAt: moment},
		{Reference: "2", Account: "acc", Period: "2026-10", Amount: 1_000_000_000_00, PaidAt: moment},
		{Reference: "4", Account: "acc", Period: "2026-11", Amount: 400, PaidAt: moment},
		{Reference: "5", DocumentID: "both", Account: "acc", Period: "2026-10", Amount: 500, PaidAt: moment}, // is for the document
	}
	for range 2 {
		must[[]engine.Credit](t)(s.Cashbook.Credit(ctx, provider, list))
	}
	found := must[[][]engine.Payment](t)(s.Cashbook.Payments(ctx, provider, []engine.Purpose{
		{DocumentID: "doc"}, {Account: "acc", Period: "2026-10"}, {Account: "acc"}, {DocumentID: "acc"}, {},
		{DocumentID: "both", Account: "acc", Period: "2026-10"},
	}))
	want := [][]string{{"1", "3"}, {"2"}, nil, nil, nil, {"2", "5"}}
	equal(t, "purposes", len(found), len(want))
	for i := range want {
		var got []string
		for _, p := range found[i] {
			got = append(got, p.Reference)
		}
		equalSlices(t, "references, oldest first", got, want[i])
	}
	equal(t, "document", found[0][0].DocumentID, "doc")
	equal(t, "amount", found[0][1].Amount, engine.Money(300))
	equal(t, "time", found[0][1].PaidAt.Equal(moment.Add(time.Hour)), true)
	equal(t, "account", found[1][0].Account+" "+found[1][0].Period, "acc 2026-10")
	equal(t, "large amount", found[1][0].Amount, engine.Money(1_000_000_000_00))
	others := must[[][]engine.Payment](t)(s.Cashbook.Payments(ctx, newProvider(), []engine.Purpose{{DocumentID: "doc"}}))
	equal(t, "another provider's", len(others[0]), 0)
}

func testCreditTogether(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	answers, errs := together(8, func(int) ([]engine.Credit, error) {
		return s.Cashbook.Credit(ctx, provider, []engine.Payment{payment("a", 100)})
	})
	ok(t, errors.Join(errs...))
	fresh := 0
	for _, answer := range answers {
		if answer[0] == engine.Fresh {
			fresh++
		}
	}
	equal(t, "fresh", fresh, 1)
	booked := must[[][]engine.Payment](t)(s.Cashbook.Payments(ctx, provider, []engine.Purpose{{DocumentID: "50АА-a"}}))
	equal(t, "booked", len(booked[0]), 1)
}

func testJournal(t *testing.T, s engine.Stores) {
	e := engine.Entry{Provider: newProvider(), Campaign: newCampaign(), At: moment, Fact: engine.Sent, Channel: engine.Email,
		Ordinals: engine.OrdinalsOf(3, engine.FirstMembers(engine.ChunkSize))}
	p := payment("a", 100)
	ok(t, s.Journal.Record(t.Context()))
	ok(t, s.Journal.Record(t.Context(), e))
	ok(t, s.Journal.Record(t.Context(), e, e, engine.Entry{Provider: e.Provider, Campaign: e.Campaign, At: moment, Payment: &p}))
	e.Ordinals = engine.Ordinals{2, 1}
	if s.Journal.Record(t.Context(), e) == nil {
		t.Fatal("an entry that cannot be written was taken")
	}
}

func testQueue(t *testing.T, s engine.Stores) {
	w := engine.Wake{Campaign: newCampaign(), Batch: "0.0.0.send.0.0", Channel: engine.Email, At: time.Now().Add(time.Hour)}
	ok(t, s.Queue.Put(t.Context()))
	ok(t, s.Queue.Put(t.Context(), w))
	later := w
	later.At = w.At.Add(time.Minute)
	ok(t, s.Queue.Put(t.Context(), w, w, later))
}

func testAnswers(t *testing.T, s engine.Stores) {
	ctx, provider, key := t.Context(), newProvider(), "a key with spaces, {braces} and кириллица"
	body, other := sha256.Sum256([]byte("body")), sha256.Sum256([]byte("other"))
	begin := func(provider engine.ProviderID, key string, body [32]byte, want engine.Asked) engine.Answer {
		t.Helper()
		asked, answer, err := s.Answers.Begin(ctx, provider, key, body)
		ok(t, err)
		equal(t, "asked", asked, want)
		return answer
	}
	begin(provider, key, body, engine.AskedFirst)
	begin(provider, key, body, engine.AskedRunning)
	begin(provider, key, other, engine.AskedOther)
	begin(newProvider(), key, other, engine.AskedFirst)
	begin(provider, key+".", other, engine.AskedFirst)
	ok(t, s.Answers.Drop(ctx, provider, key))
	begin(provider, key, body, engine.AskedFirst)
	answer := engine.Answer{Status: 201, ContentType: "application/json", Body: []byte{'{', 0, 255, '}'}}
	ok(t, s.Answers.Keep(ctx, provider, key, body, answer))
	got := begin(provider, key, body, engine.AskedBefore)
	equal(t, "status", got.Status, 201)
	equal(t, "type", got.ContentType, answer.ContentType)
	equal(t, "body", string(got.Body), string(answer.Body))
	begin(provider, key, other, engine.AskedOther)
}

func testAnswersTogether(t *testing.T, s engine.Stores) {
	provider := newProvider()
	asked, errs := together(8, func(int) (engine.Asked, error) {
		asked, _, err := s.Answers.Begin(t.Context(), provider, "key", [32]byte{1})
		return asked, err
	})
	ok(t, errors.Join(errs...))
	first := 0
	for _, a := range asked {
		if a == engine.AskedFirst {
			first++
		}
	}
	equal(t, "first", first, 1)
}
