package enginetest

import (
	"testing"
	"time"

	"vestnik/engine"
)

var declarationTests = map[string]func(*testing.T, engine.Stores){"declarations": testDeclarations}

func testDeclarations(t *testing.T, s engine.Stores) {
	ctx, provider, other := t.Context(), newProvider(), newProvider()
	a, b, c := payment("a", 100), payment("b", 200), payment("c", 300)
	declare := func(at time.Time, want int, list ...engine.Payment) {
		t.Helper()
		equal(t, "new", must[int](t)(s.Declarations.Declare(ctx, provider, list, at)), want)
	}
	due := func(at time.Time, limit int, want ...string) (list []engine.Declaration) {
		t.Helper()
		var got []string
		list = must[[]engine.Declaration](t)(s.Declarations.Due(ctx, provider, at, limit))
		for _, one := range list {
			got = append(got, one.Payment.Reference)
		}
		equalSlices(t, "due", got, want)
		return list
	}
	count := func(want ...int64) {
		t.Helper()
		waiting, told, failed, err := s.Declarations.Count(ctx, provider)
		ok(t, err)
		equalSlices(t, "waiting, told, failed", []int64{waiting, told, failed}, want)
	}
	count(0, 0, 0)
	declare(moment, 0)
	declare(moment, 2, a, b)
	declare(moment.Add(time.Second), 1, b, c)
	due(moment.Add(-time.Second), 9)
	due(moment.Add(time.Minute), 2, "a", "b")
	list := due(moment.Add(time.Minute), 9, "a", "b", "c")
	equal(t, "payment", list[0].Payment, a)
	equal(t, "since", list[2].Since.Equal(moment.Add(time.Second)), true)
	for range 2 { // the same written twice counts once
		list[0].State, list[0].Name = engine.Declared, "a's"
		list[1].State, list[1].Reason, list[1].Code = engine.Refuted, engine.BadAddress, "INT002000"
		list[2].Due, list[2].Work, list[2].Name = moment.Add(time.Hour), "p ack", "c's"
		ok(t, s.Declarations.Settle(ctx, provider, list))
	}
	ok(t, s.Declarations.Settle(ctx, provider, nil))
	count(1, 1, 1)
	due(moment.Add(time.Minute), 9)
	equal(t, "as it was written", due(moment.Add(time.Hour), 9, "c")[0], list[2])
	declare(moment, 0, a, b, c)
	equalSlices(t, "failed", must[[]engine.Declaration](t)(s.Declarations.Failed(ctx, provider, 5)), list[1:2])
	equalSlices(t, "sent", must[[]bool](t)(s.Declarations.Sent(ctx, provider, []string{"c's", "b's", "a's"})), []bool{true, false, true})
	equalSlices(t, "another provider's", must[[]bool](t)(s.Declarations.Sent(ctx, other, []string{"c's"})), []bool{false})
	equal(t, "another provider's", len(must[[]engine.Declaration](t)(s.Declarations.Failed(ctx, other, 5))), 0)
	equal(t, "nothing", len(must[[]bool](t)(s.Declarations.Sent(ctx, provider, nil))), 0)
}
