package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

var inboxTests = map[string]func(*testing.T, engine.Stores){
	"kept messages":     testInbox,
	"whose messages":    testWhoseInbox,
	"pages of an inbox": testInboxPages,
	"questions":         testInboxQuestions,
	"most of an inbox":  testInboxMost,
	"size of an inbox":  testInboxSize,
	"age of an inbox":   testInboxAge,
	"kept at once":      testInboxTogether,
}

// kept makes a message of a test.
func kept(id string, at time.Time) engine.Kept {
	return engine.Kept{
		KeptHead: engine.KeptHead{ID: id, At: millis(at), Campaign: "cmp", Name: "Счета", Mode: engine.Test, Kind: engine.KindBill, Channel: engine.Email,
			To: "maria@example.ru", Person: "Иванова Мария Петровна", Account: "000123", Subject: "Счёт за октябрь", Files: 1, Size: 5},
		Content: engine.Content{Subject: "Счёт за октябрь", Text: "Оплатите", Files: []engine.File{{Name: "Счёт.pdf", Type: "application/pdf", Data: []byte("%PDF\x00\xff")}}},
		Source:  []byte("Subject: =?utf-8?b?0KE=?=\r\n\r\n"),
	}
}

// ids lists a provider's messages, all pages of so many.
func ids(t *testing.T, s engine.Stores, provider engine.ProviderID, ask engine.InboxQuery, limit int) (list []string) {
	t.Helper()
	cursor := ""
	for range 2000 {
		page, next, err := s.Inbox.List(t.Context(), provider, ask, cursor, limit)
		ok(t, err)
		equal(t, "a page is not too long", len(page) <= limit, true)
		for _, head := range page {
			list = append(list, head.ID)
		}
		if cursor = next; cursor == "" {
			return list
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func testInbox(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	ok(t, s.Inbox.Keep(ctx, provider, nil))
	equal(t, "none", len(ids(t, s, provider, engine.InboxQuery{}, 10)), 0)
	_, err := s.Inbox.Get(ctx, provider, "cmp-1-email")
	wantError(t, err, engine.ErrNotFound)

	first, second := kept("cmp-1-email", now.Add(-time.Minute)), kept("cmp-2-email", now)
	second.Source = nil
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{first, second}))
	equalSlices(t, "newest first", ids(t, s, provider, engine.InboxQuery{}, 10), []string{"cmp-2-email", "cmp-1-email"})
	got := must[engine.Kept](t)(s.Inbox.Get(ctx, provider, "cmp-1-email"))
	equal(t, "head", got.KeptHead, first.KeptHead)
	equal(t, "text", got.Content.Text, first.Content.Text)
	equal(t, "file", string(got.Content.Files[0].Data), string(first.Content.Files[0].Data))
	equal(t, "source", string(got.Source), string(first.Source))
	equal(t, "no source", must[engine.Kept](t)(s.Inbox.Get(ctx, provider, "cmp-2-email")).Source == nil, true)

	again := kept("cmp-1-email", now.Add(time.Second))
	again.Subject = "Ещё раз"
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{again}))
	equalSlices(t, "in its place", ids(t, s, provider, engine.InboxQuery{}, 10), []string{"cmp-1-email", "cmp-2-email"})
	equal(t, "replaced", must[engine.Kept](t)(s.Inbox.Get(ctx, provider, "cmp-1-email")).Subject, "Ещё раз")
}

func testWhoseInbox(t *testing.T, s engine.Stores) {
	ctx, provider, other := t.Context(), newProvider(), newProvider()
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{kept("cmp-1-email", time.Now())}))
	equal(t, "another provider's list", len(ids(t, s, other, engine.InboxQuery{}, 10)), 0)
	_, err := s.Inbox.Get(ctx, other, "cmp-1-email")
	wantError(t, err, engine.ErrNotFound)
}

func testInboxPages(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	var all []engine.Kept
	for i := range 450 { // many of one millisecond, as of a batch
		all = append(all, kept(fmt.Sprintf("cmp-%d-email", i), now.Add(-time.Duration(i/300)*time.Second)))
	}
	ok(t, s.Inbox.Keep(ctx, provider, all))
	whole := ids(t, s, provider, engine.InboxQuery{}, 1000)
	equal(t, "all", len(whole), 450)
	for _, limit := range []int{1, 25, 225, 450} {
		equalSlices(t, "page by page", ids(t, s, provider, engine.InboxQuery{}, limit), whole)
	}
	for _, nonsense := range []string{"x", "20261122T000000.000", "99999999T999999.999.x", strings.Repeat("9", 300)} {
		page, _, err := s.Inbox.List(ctx, provider, engine.InboxQuery{}, nonsense, 3)
		ok(t, err)
		equal(t, "from the beginning", page[0].ID, whole[0])
	}
}

func testInboxQuestions(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	bill, debt, post := kept("a", now), kept("b", now), kept("c", now)
	debt.Kind, debt.Mode, debt.Campaign, debt.To, debt.Person = engine.KindDebt, engine.Live, "other", "PETR@example.ru", "Пётр Ильич"
	post.Channel, post.Kind, post.To, post.Person, post.Account = engine.HouseChat, engine.KindOutage, "6e3a-house", "", ""
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{bill, debt, post}))
	for _, c := range []struct {
		ask  engine.InboxQuery
		want []string
	}{
		{engine.InboxQuery{}, []string{"c", "b", "a"}},
		{engine.InboxQuery{Channel: engine.Email}, []string{"b", "a"}},
		{engine.InboxQuery{Kind: engine.KindOutage}, []string{"c"}},
		{engine.InboxQuery{Mode: engine.Test}, []string{"c", "a"}},
		{engine.InboxQuery{Campaign: "other"}, []string{"b"}},
		{engine.InboxQuery{Find: "petr@EXAMPLE"}, []string{"b"}},
		{engine.InboxQuery{Find: "мария"}, []string{"a"}},
		{engine.InboxQuery{Find: "0123"}, []string{"b", "a"}},
		{engine.InboxQuery{Find: "6e3a", Kind: engine.KindBill}, nil},
	} {
		for _, limit := range []int{1, 10} {
			equalSlices(t, fmt.Sprintf("%+v", c.ask), ids(t, s, provider, c.ask, limit), c.want)
		}
	}
}

func testInboxMost(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	for from := 0; from < engine.InboxMost+300; from += 500 {
		var batch []engine.Kept
		for i := from; i < min(from+500, engine.InboxMost+300); i++ {
			batch = append(batch, kept(fmt.Sprintf("cmp-%05d", i), now.Add(time.Duration(i)*time.Millisecond)))
		}
		ok(t, s.Inbox.Keep(ctx, provider, batch))
	}
	list := ids(t, s, provider, engine.InboxQuery{}, engine.InboxMost+1)
	equal(t, "the newest", len(list), engine.InboxMost)
	equal(t, "the last of them", list[len(list)-1], "cmp-00300")
	_, err := s.Inbox.Get(ctx, provider, "cmp-00299")
	wantError(t, err, engine.ErrNotFound)
}

func testInboxSize(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	noise := make([]byte, 9<<20) // nothing that can be packed any smaller
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	for i := range 9 {
		k := kept(fmt.Sprintf("cmp-%d", i), now.Add(time.Duration(i)*time.Millisecond))
		k.Source = noise
		ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{k}))
	}
	list := ids(t, s, provider, engine.InboxQuery{}, 100)
	equal(t, "fewer than came", len(list) > 0 && len(list) < 9, true)
	equal(t, "the newest", list[0], "cmp-8")
	again := kept("cmp-8", now.Add(time.Second)) // a small one in its place: there is room again
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{again, kept("cmp-9", now.Add(time.Minute))}))
	equalSlices(t, "with room", ids(t, s, provider, engine.InboxQuery{}, 100), append([]string{"cmp-9"}, list...))
}

func testInboxAge(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	ok(t, s.Inbox.Keep(ctx, provider, []engine.Kept{kept("old", now.Add(-engine.InboxAge-time.Minute)), kept("new", now)}))
	equalSlices(t, "the old one is forgotten", ids(t, s, provider, engine.InboxQuery{}, 10), []string{"new"})
	_, err := s.Inbox.Get(ctx, provider, "old")
	wantError(t, err, engine.ErrNotFound)
}

func testInboxTogether(t *testing.T, s engine.Stores) {
	ctx, provider, now := t.Context(), newProvider(), time.Now()
	_, errs := together(8, func(i int) (int, error) {
		var batch []engine.Kept
		for k := range 20 {
			batch = append(batch, kept(fmt.Sprintf("cmp-%d", k+10*i), now))
		}
		return 0, s.Inbox.Keep(ctx, provider, batch)
	})
	for _, err := range errs {
		ok(t, err)
	}
	list := ids(t, s, provider, engine.InboxQuery{}, 7)
	equal(t, "each once", len(list), 90)
	slices.Sort(list)
	equal(t, "each once", len(slices.Compact(list)), 90)
}
