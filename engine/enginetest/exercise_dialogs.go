package enginetest

import (
	"fmt"
	"testing"

	"vestnik/engine"
)

var dialogTests = map[string]func(*testing.T, engine.Stores){
	"what is read":           testDialogRead,
	"read before it is told": testDialogEarly,
	"the end of a dialog":    testDialogLast,
	"begun":                  testDialogBegun,
	"a long dialog":          testDialogLong,
	"one word at a time":     testDialogTogether,
	"signals":                testSignals,
	"a bookmark":             testBookmark,
}

// wrote remembers one message.
func wrote(t *testing.T, s engine.Stores, p engine.ProviderID, address string, number int64, c engine.CampaignID, o engine.Ordinal) (read bool) {
	t.Helper()
	return must[[]bool](t)(s.Dialogs.Wrote(t.Context(), p, engine.VK, []engine.Written{{Address: address, Number: number, Campaign: c, Ordinal: o}}))[0]
}

// readUpTo notes how far one resident has read and writes what was found as "campaign:ordinal@number".
func readUpTo(t *testing.T, s engine.Stores, p engine.ProviderID, ch engine.ChannelName, address string, number int64) (list []string) {
	t.Helper()
	for _, w := range must[[][]engine.Written](t)(s.Dialogs.Read(t.Context(), p, ch, []engine.ReadUpTo{{Address: address, Number: number}}))[0] {
		equal(t, "address", w.Address, address)
		list = append(list, fmt.Sprintf("%s:%d@%d", w.Campaign, w.Ordinal, w.Number))
	}
	return list
}

func testDialogRead(t *testing.T, s engine.Stores) {
	ctx, p, other := t.Context(), newProvider(), newProvider()
	read := must[[]bool](t)(s.Dialogs.Wrote(ctx, p, engine.VK, []engine.Written{
		{Address: "1", Number: 30, Campaign: "b", Ordinal: 0}, {Address: "1", Number: 10, Campaign: "a", Ordinal: 4_000_000_000}, {Address: "2", Number: 20, Campaign: "a", Ordinal: 7},
	}))
	equalSlices(t, "read before", read, []bool{false, false, false})
	equal(t, "again, later", wrote(t, s, p, "1", 40, "b", 0), false)
	equalSlices(t, "none", readUpTo(t, s, p, engine.VK, "1", 9), nil)
	equalSlices(t, "one", readUpTo(t, s, p, engine.VK, "1", 10), []string{"a:4000000000@10"})
	equalSlices(t, "both, by the first of each", readUpTo(t, s, p, engine.VK, "1", 30), []string{"a:4000000000@10", "b:0@30"})
	equalSlices(t, "somebody else", readUpTo(t, s, p, engine.VK, "2", 100), []string{"a:7@20"})
	equalSlices(t, "another provider", readUpTo(t, s, other, engine.VK, "1", 100), nil)
	equalSlices(t, "another channel", readUpTo(t, s, p, engine.Email, "1", 100), nil)
	ok(t, s.Dialogs.Drop(ctx, p, engine.VK, []engine.Written{{Address: "1", Number: 30}, {Address: "3", Number: 1}}))
	equalSlices(t, "dropped", readUpTo(t, s, p, engine.VK, "1", 100), []string{"b:0@30"})
	ok(t, s.Dialogs.Drop(ctx, p, engine.VK, nil))
	equal(t, "nothing", len(must[[][]engine.Written](t)(s.Dialogs.Read(ctx, p, engine.VK, nil))), 0)
	equal(t, "nothing", len(must[[]bool](t)(s.Dialogs.Wrote(ctx, p, engine.VK, nil))), 0)
}

// testDialogEarly has residents read before what was written to them is remembered.
func testDialogEarly(t *testing.T, s engine.Stores) {
	ctx, p := t.Context(), newProvider()
	readUpTo(t, s, p, engine.VK, "1", 20)
	readUpTo(t, s, p, engine.VK, "1", 15) // comes late: it draws nothing back
	equal(t, "before", wrote(t, s, p, "1", 18, "a", 0), true)
	equal(t, "at", wrote(t, s, p, "1", 20, "b", 0), true)
	equal(t, "after", wrote(t, s, p, "1", 21, "c", 0), false)
	equal(t, "somebody else", wrote(t, s, p, "2", 1, "c", 1), false)
	ok(t, s.Dialogs.Drop(ctx, p, engine.VK, []engine.Written{{Address: "1", Number: 20}}))
	equal(t, "still known after dropping", wrote(t, s, p, "1", 19, "d", 0), true)
}

func testDialogLast(t *testing.T, s engine.Stores) {
	ctx, p := t.Context(), newProvider()
	wrote(t, s, p, "1", 10, "a", 1)
	wrote(t, s, p, "1", 11, "b", 2)
	readUpTo(t, s, p, engine.VK, "1", 500)
	readUpTo(t, s, p, engine.VK, "2", 500)
	last := must[[]engine.Written](t)(s.Dialogs.Last(ctx, p, engine.VK, []string{"2", "1", "3"}))
	equalSlices(t, "last", last, []engine.Written{{Address: "2"}, {Address: "1", Number: 11, Campaign: "b", Ordinal: 2}, {Address: "3"}})
	equal(t, "nothing", len(must[[]engine.Written](t)(s.Dialogs.Last(ctx, p, engine.VK, nil))), 0)
}

// testDialogBegun: a dialog has begun when a resident let the provider write, was written to or has read, and not by being looked for.
func testDialogBegun(t *testing.T, s engine.Stores) {
	ctx, p := t.Context(), newProvider()
	begun := func(p engine.ProviderID, ch engine.ChannelName) []bool {
		t.Helper()
		return must[[]bool](t)(s.Dialogs.Begun(ctx, p, ch, []string{"1", "2", "3", "4"}))
	}
	must[[]engine.Written](t)(s.Dialogs.Last(ctx, p, engine.VK, []string{"1", "2", "3", "4"}))
	equalSlices(t, "none", begun(p, engine.VK), make([]bool, 4))
	wrote(t, s, p, "1", 10, "a", 1)
	readUpTo(t, s, p, engine.VK, "2", 5)
	ok(t, s.Dialogs.Begin(ctx, p, engine.VK, []string{"4"}))
	equalSlices(t, "some", begun(p, engine.VK), []bool{true, true, false, true})
	ok(t, s.Dialogs.Begin(ctx, p, engine.VK, []string{"1", "2", "4"}))
	ok(t, s.Dialogs.Begin(ctx, p, engine.VK, nil))
	equalSlices(t, "again", begun(p, engine.VK), []bool{true, true, false, true})
	equal(t, "what was read is known as before", wrote(t, s, p, "2", 5, "a", 2), true)
	equal(t, "nothing was read", wrote(t, s, p, "4", 1, "a", 4), false)
	equalSlices(t, "no message beside those", readUpTo(t, s, p, engine.VK, "4", 9), []string{"a:4@1"})
	equalSlices(t, "another provider", begun(newProvider(), engine.VK), make([]bool, 4))
	equalSlices(t, "another channel", begun(p, engine.Email), make([]bool, 4))
	equal(t, "nothing", len(must[[]bool](t)(s.Dialogs.Begun(ctx, p, engine.VK, nil))), 0)
}

func testDialogLong(t *testing.T, s engine.Stores) {
	p := newProvider()
	for i := range 3 * engine.DialogSize {
		wrote(t, s, p, "1", int64(i+1), engine.CampaignID(fmt.Sprint("c", i)), 0)
	}
	n := len(readUpTo(t, s, p, engine.VK, "1", 1_000_000))
	equal(t, "bounded, and the newest are there", n >= engine.DialogSize && n <= engine.DialogSize+1, true)
}

// testDialogTogether writes and reads at the same time: whoever comes second sees what the first did.
func testDialogTogether(t *testing.T, s engine.Stores) {
	p := newProvider()
	const n = 100
	answers, errs := together(2*n, func(i int) (bool, error) {
		address := fmt.Sprint(i / 2)
		if i%2 == 0 {
			read, err := s.Dialogs.Wrote(t.Context(), p, engine.VK, []engine.Written{{Address: address, Number: 5, Campaign: "a"}})
			return err == nil && read[0], err
		}
		found, err := s.Dialogs.Read(t.Context(), p, engine.VK, []engine.ReadUpTo{{Address: address, Number: 5}})
		return err == nil && len(found[0]) == 1, err
	})
	for i := 0; i < 2*n; i += 2 {
		ok(t, errs[i])
		ok(t, errs[i+1])
		equal(t, "one of both knows", answers[i] || answers[i+1], true)
	}
}

func testSignals(t *testing.T, s engine.Stores) {
	ctx, p := t.Context(), newProvider()
	heard := func(p engine.ProviderID, ch engine.ChannelName) []bool {
		t.Helper()
		return must[[]bool](t)(s.Dialogs.Heard(ctx, p, ch, []string{"x", "y"}))
	}
	equalSlices(t, "none", heard(p, engine.VK), []bool{false, false})
	ok(t, s.Dialogs.Hear(ctx, p, engine.VK, []string{"y", "z"}))
	ok(t, s.Dialogs.Hear(ctx, p, engine.VK, []string{"y"}))
	ok(t, s.Dialogs.Hear(ctx, p, engine.VK, nil))
	equalSlices(t, "one", heard(p, engine.VK), []bool{false, true})
	equalSlices(t, "another provider", heard(newProvider(), engine.VK), []bool{false, false})
	equalSlices(t, "another channel", heard(p, engine.Email), []bool{false, false})
	equal(t, "nothing", len(must[[]bool](t)(s.Dialogs.Heard(ctx, p, engine.VK, nil))), 0)
}

func testBookmark(t *testing.T, s engine.Stores) {
	ctx, p := t.Context(), newProvider()
	equal(t, "none", must[string](t)(s.Dialogs.Bookmark(ctx, p, engine.VK)), "")
	ok(t, s.Dialogs.SetBookmark(ctx, p, engine.VK, "17"))
	ok(t, s.Dialogs.SetBookmark(ctx, p, engine.VK, "18"))
	equal(t, "newest", must[string](t)(s.Dialogs.Bookmark(ctx, p, engine.VK)), "18")
	equal(t, "another provider", must[string](t)(s.Dialogs.Bookmark(ctx, newProvider(), engine.VK)), "")
}
