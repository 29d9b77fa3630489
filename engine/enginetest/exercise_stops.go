package enginetest

import (
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"vestnik/engine"
)

var stopTests = map[string]func(*testing.T, engine.Stores){
	"stops":         testStops,
	"list of stops": testListOfStops,
	"age of stops":  testAgeOfStops,
}

func testStops(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	addresses := []string{"one@example.ru", "two@example.ru", "three@example.ru"}
	stopped := func(provider engine.ProviderID, ch engine.ChannelName) []engine.Reason {
		t.Helper()
		return must[[]engine.Reason](t)(s.Stops.Stopped(ctx, provider, ch, addresses))
	}
	none := make([]engine.Reason, 3)
	equalSlices(t, "none", stopped(provider, engine.Email), none)
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.Opted, addresses[:2]))
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.PreviousBounce, addresses[1:2]))
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.PreviousBounce, nil))
	equalSlices(t, "two", stopped(provider, engine.Email), []engine.Reason{engine.Opted, engine.PreviousBounce, engine.NoReason})
	equalSlices(t, "another channel", stopped(provider, engine.VK), none)
	equalSlices(t, "another provider", stopped(newProvider(), engine.Email), none)
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.NoReason, addresses))
	equalSlices(t, "allowed again", stopped(provider, engine.Email), none)
	equal(t, "nobody", len(must[[]engine.Reason](t)(s.Stops.Stopped(ctx, provider, engine.Email, nil))), 0)
}

// listed reads the whole list of stops, by hash.
func listed(t *testing.T, s engine.Stores, provider engine.ProviderID, ch engine.ChannelName) map[string]engine.StoppedAddress {
	t.Helper()
	all, cursor := map[string]engine.StoppedAddress{}, ""
	for range 1000 {
		page, next, err := s.Stops.List(t.Context(), provider, ch, cursor, 10)
		ok(t, err)
		for _, stopped := range page {
			all[stopped.Hash] = stopped
			_, err := hex.DecodeString(stopped.Hash)
			equal(t, "hash is hexadecimal", err == nil && stopped.Hash != "", true)
		}
		if cursor = next; cursor == "" {
			return all
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func testListOfStops(t *testing.T, s engine.Stores) {
	ctx, provider, other := t.Context(), newProvider(), newProvider()
	equal(t, "none", len(listed(t, s, provider, engine.Email)), 0)
	const n = 700 // past the sizes at which hashes usually change their layout
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("resident%d@example.ru", i)
	}
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.PreviousBounce, addresses))
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.Objected, addresses[:1]))
	ok(t, s.Stops.Stop(ctx, provider, engine.Email, engine.NoReason, addresses[1:2]))
	ok(t, s.Stops.Stop(ctx, other, engine.VK, engine.Listed, addresses[:1]))
	all := listed(t, s, provider, engine.Email)
	equal(t, "stops", len(all), n-1)
	reasons := map[engine.Reason]int{}
	for _, stopped := range all {
		reasons[stopped.Reason]++
	}
	equal(t, "complaints", reasons[engine.Objected], 1)
	equal(t, "bounces", reasons[engine.PreviousBounce], n-2)
	equal(t, "another channel", len(listed(t, s, provider, engine.VK)), 0)
	for hash, stopped := range listed(t, s, other, engine.VK) {
		equal(t, "another provider's reason", stopped.Reason, engine.Listed)
		equal(t, "the same hash for the same address", all[hash].Reason, engine.Objected)
	}
}

func testAgeOfStops(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	for _, reason := range []engine.Reason{engine.Opted, engine.PreviousBounce} {
		before := millis(time.Now())
		ok(t, s.Stops.Stop(ctx, provider, engine.Email, reason, []string{"one@example.ru"}))
		after := time.Now()
		all := listed(t, s, provider, engine.Email)
		equal(t, "stops", len(all), 1)
		for _, stopped := range all {
			equal(t, "reason", stopped.Reason, reason)
			equal(t, "of the last Stop", stopped.Since.Before(before) || stopped.Since.After(after), false)
			equal(t, "to the millisecond", stopped.Since.Equal(millis(stopped.Since)), true)
		}
	}
}
