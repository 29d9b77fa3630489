package enginetest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"vestnik/engine"
)

var limitTests = map[string]func(*testing.T, engine.Stores){
	"a shared address is one recipient's": testClaims,
	"one recipient wins":                  testClaimTogether,
	"spending a window":                   testSpend,
	"many spend one window":               testSpendTogether,
	"turns":                               testTurns,
	"room for few":                        testEnter,
	"many enter":                          testEnterTogether,
	"breakers":                            testBreakers,
	"changes of breakers are not lost":    testBreakerTogether,
	"24 hours":                            testTally,
}

func testClaims(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	houses := []string{"Москва, ул. Ленина, 1", "Москва, ул. Ленина, 2"}
	claim := func(what string, id engine.CampaignID, place string, o engine.Ordinal, want ...engine.Claim) {
		t.Helper()
		equalSlices(t, what, must[[]engine.Claim](t)(s.Claims.Claim(ctx, id, place, houses, engine.Ordinals{o, o + 1})), want)
	}
	claim("nobody has them", id, "0.0", 10, engine.Mine, engine.Mine)
	claim("the same recipients", id, "0.0", 10, engine.Mine, engine.Mine)
	claim("others", id, "0.0", 20, engine.Busy, engine.Busy)
	ok(t, s.Claims.Close(ctx, id, "0.0", houses[:1], true))
	ok(t, s.Claims.Close(ctx, id, "0.0", nil, true))
	claim("others, of one that was taken", id, "0.0", 20, engine.Covered, engine.Busy)
	claim("their own", id, "0.0", 10, engine.Covered, engine.Mine)
	claim("another step", id, "0.1", 20, engine.Mine, engine.Mine)
	claim("another campaign", newCampaign(), "0.0", 20, engine.Mine, engine.Mine)
	ok(t, s.Claims.Close(ctx, id, "0.0", houses[1:], false))
	claim("others, of one that is free again", id, "0.0", 20, engine.Covered, engine.Mine)
	claim("who had it", id, "0.0", 10, engine.Covered, engine.Busy)
	ok(t, s.Claims.Close(ctx, id, "0.0", houses[1:], true))
	claim("third ones", id, "0.0", 30, engine.Covered, engine.Covered)

	chat := []string{"chat", "chat", "other chat"}
	equalSlices(t, "neighbours in one call", must[[]engine.Claim](t)(s.Claims.Claim(ctx, id, "0.0", chat, engine.Ordinals{40, 41, 42})),
		[]engine.Claim{engine.Mine, engine.Busy, engine.Mine})
	equal(t, "nobody", len(must[[]engine.Claim](t)(s.Claims.Claim(ctx, id, "0.0", nil, nil))), 0)
}

func testClaimTogether(t *testing.T, s engine.Stores) {
	id := newCampaign()
	answers, errs := together(8, func(i int) ([]engine.Claim, error) {
		return s.Claims.Claim(t.Context(), id, "0.0", []string{"house"}, engine.Ordinals{engine.Ordinal(i)})
	})
	ok(t, errors.Join(errs...))
	counts := map[engine.Claim]int{}
	for _, answer := range answers {
		counts[answer[0]]++
	}
	equal(t, "winners", counts[engine.Mine], 1)
	equal(t, "others", counts[engine.Busy], 7)
}

func testSpend(t *testing.T, s engine.Stores) {
	ctx, name := t.Context(), "quota "+engine.NewID()
	end := millis(time.Now().Add(time.Hour)) // a store may forget windows that are over
	spend := func(what string, n, limit, want int) {
		t.Helper()
		equal(t, what, must[int](t)(s.Pace.Spend(ctx, name, end, n, limit)), want)
	}
	spend("all", 5, 8, 5)
	spend("what is left", 5, 8, 3)
	spend("nothing is left", 1, 8, 0)
	spend("a lower limit", 1, 4, 0)
	spend("a higher limit", 9, 10, 2)
	must[int](t)(s.Pace.Spend(ctx, name, end, -3, 10))
	spend("what was given back", 9, 10, 3)
	equal(t, "another window", must[int](t)(s.Pace.Spend(ctx, name, end.Add(time.Minute), 20, 10)), 10)
	equal(t, "another name", must[int](t)(s.Pace.Spend(ctx, name+".", end, 1, 10)), 1)
}

func testSpendTogether(t *testing.T, s engine.Stores) {
	name, end := engine.NewID(), millis(time.Now().Add(time.Hour))
	answers, errs := together(8, func(int) (int, error) { return s.Pace.Spend(t.Context(), name, end, 3, 20) })
	ok(t, errors.Join(errs...))
	all := 0
	for _, got := range answers {
		all += got
	}
	equal(t, "got", all, 20)
}

func testEnter(t *testing.T, s engine.Stores) {
	ctx, name, now := t.Context(), "rooms "+engine.NewID(), millis(time.Now())
	enter := func(what, holder string, minute, until int, want bool) {
		t.Helper()
		got := must[bool](t)(s.Pace.Enter(ctx, name, holder, 2, now.Add(time.Duration(minute)*time.Minute), now.Add(time.Duration(until)*time.Minute)))
		equal(t, what, got, want)
	}
	enter("the first", "a", 0, 10, true)
	enter("the second", "b", 0, 20, true)
	enter("no room", "c", 0, 20, false)
	enter("who is in already", "a", 1, 30, true)
	enter("no room even so", "c", 1, 20, false)
	equal(t, "another place", must[bool](t)(s.Pace.Enter(ctx, name+".", "c", 1, now, now.Add(time.Minute))), true)
	enter("whose time was moved stays", "d", 11, 40, false)
	enter("whose time is over is out", "d", 21, 40, true)
	enter("no room again", "c", 22, 40, false)
	ok(t, s.Pace.Leave(ctx, name, "b")) // who is out already
	enter("who is out gives nothing back", "c", 22, 40, false)
	ok(t, s.Pace.Leave(ctx, name, "a"))
	enter("a place given back", "c", 22, 40, true)
	ok(t, s.Pace.Leave(ctx, name+"..", "a"))
}

func testEnterTogether(t *testing.T, s engine.Stores) {
	name, now := engine.NewID(), time.Now()
	answers, errs := together(8, func(i int) (bool, error) {
		return s.Pace.Enter(t.Context(), name, fmt.Sprint(i), 3, now, now.Add(time.Hour))
	})
	ok(t, errors.Join(errs...))
	in := 0
	for _, is := range answers {
		if is {
			in++
		}
	}
	equal(t, "in", in, 3)
}

func testBreakers(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	equal(t, "unknown", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, provider, engine.Email)), engine.Breaker{})
	change := func(ch engine.ChannelName, do func(*engine.Breaker)) engine.Breaker {
		t.Helper()
		return must[engine.Breaker](t)(s.Breakers.ChangeBreaker(ctx, provider, ch, do))
	}
	same := func(what string, got, want engine.Breaker) {
		t.Helper()
		equal(t, what+": since", got.Since.Equal(want.Since), true)
		equal(t, what+": until", got.Until.Equal(want.Until), true)
		got.Since, got.Until = want.Since, want.Until
		equal(t, what, got, want)
	}
	listed := func() (list []engine.Breaker) {
		t.Helper()
		for _, b := range must[[]engine.Breaker](t)(s.Breakers.Breakers(ctx)) {
			equal(t, "has failures", b.Failures > 0, true)
			if b.Provider == provider {
				list = append(list, b)
			}
		}
		return list
	}
	open := engine.Breaker{Provider: provider, Channel: engine.Email, Failures: 3, Reason: engine.Unavailable, Code: "451 4.7.1",
		Since: moment, Until: moment.Add(time.Minute)}
	change(engine.Email, func(b *engine.Breaker) {
		equal(t, "no failures yet", b.Failures, 0)
		*b = open
	})
	same("open", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, provider, engine.Email)), open)
	open.Failures, open.Until = 4, time.Time{}
	same("changed", change(engine.Email, func(b *engine.Breaker) { b.Failures, b.Until = b.Failures+1, time.Time{} }), open)
	equal(t, "zero is zero", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, provider, engine.Email)).Until.IsZero(), true)
	equal(t, "another channel", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, provider, engine.VK)), engine.Breaker{})
	equal(t, "another provider", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, newProvider(), engine.Email)), engine.Breaker{})
	list := listed()
	equal(t, "listed", len(list), 1)
	same("in the list", list[0], open)

	change(engine.VK, func(*engine.Breaker) {})
	equal(t, "one without failures is not listed", len(listed()), 1)
	equal(t, "failures", change(engine.Email, func(b *engine.Breaker) { b.Failures = 0 }).Failures, 0)
	equal(t, "forgotten", must[engine.Breaker](t)(s.Breakers.Breaker(ctx, provider, engine.Email)), engine.Breaker{})
	equal(t, "not listed", len(listed()), 0)
}

func testBreakerTogether(t *testing.T, s engine.Stores) {
	provider := newProvider()
	const writers, rounds = 4, 10
	_, errs := together(writers, func(int) (int, error) {
		for range rounds {
			if _, err := s.Breakers.ChangeBreaker(t.Context(), provider, engine.VK, func(b *engine.Breaker) {
				runtime.Gosched() // so that others come between
				b.Failures++
			}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	ok(t, errors.Join(errs...))
	equal(t, "failures", must[engine.Breaker](t)(s.Breakers.Breaker(t.Context(), provider, engine.VK)).Failures, writers*rounds)
}

func testTally(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	hour := time.Now().UTC().Truncate(time.Hour) // a store may forget what is over for a day
	add := func(f engine.Fact, hours int, n int) {
		t.Helper()
		ok(t, s.Tally.Add(ctx, provider, engine.Email, f, hour.Add(time.Duration(hours)*time.Hour+17*time.Minute), n))
	}
	sum := func(hours int, facts ...engine.Fact) []int64 {
		t.Helper()
		now := hour.Add(time.Duration(hours)*time.Hour + 3*time.Minute)
		return must[[]int64](t)(s.Tally.Sum(ctx, provider, engine.Email, now, facts...))
	}
	equalSlices(t, "nothing", sum(0, engine.Sent, engine.Bounced), []int64{0, 0})
	add(engine.Sent, 0, 1000)
	add(engine.Sent, 0, 1)
	add(engine.Sent, -23, 100)
	add(engine.Sent, -24, 10_000)
	add(engine.Sent, 1, 100_000)
	add(engine.Bounced, -1, 7)
	equalSlices(t, "24 hours", sum(0, engine.Bounced, engine.Sent, engine.Complained), []int64{7, 1101, 0})
	equalSlices(t, "an hour later", sum(1, engine.Sent), []int64{101_001})
	equalSlices(t, "a day later", sum(24, engine.Sent, engine.Bounced), []int64{100_000, 0})
	equal(t, "no facts", len(sum(0)), 0)
	equalSlices(t, "another channel", must[[]int64](t)(s.Tally.Sum(ctx, provider, engine.VK, hour, engine.Sent)), []int64{0})
	equalSlices(t, "another provider", must[[]int64](t)(s.Tally.Sum(ctx, newProvider(), engine.Email, hour, engine.Sent)), []int64{0})
}

// testTurns: turns that are taken together come one after another, and one that nobody waits for comes at once.
func testTurns(t *testing.T, s engine.Stores) {
	const n, every = 20, 10 * time.Minute
	name := engine.NewID()
	waits, errs := together(n, func(int) (time.Duration, error) { return s.Pace.Turn(t.Context(), name, every) })
	ok(t, errors.Join(errs...))
	slices.Sort(waits)
	for i, wait := range waits { // the clock goes on while they are taken
		if want := time.Duration(i) * every; wait > want || wait < want-every/2 {
			t.Errorf("turn %d comes in %v, want %v", i, wait, want)
		}
	}
	equal(t, "another name", must[time.Duration](t)(s.Pace.Turn(t.Context(), name+".", every)), 0)
	must[time.Duration](t)(s.Pace.Turn(t.Context(), "short "+name, time.Microsecond))
	equal(t, "a turn that is over", must[time.Duration](t)(s.Pace.Turn(t.Context(), "short "+name, time.Microsecond)) <= time.Microsecond, true)
}
