package housechat

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// registry is the chats of the tests, in memory.
type registry struct {
	engine.Chats
	t     testing.TB
	named atomic.Int64 // chats that were put without a name
}

func newRegistry(t testing.TB) *registry {
	return &registry{Chats: enginetest.NewMemory().Stores().Chats, t: t}
}

// put adds a chat, naming it if it has no name.
func (r *registry) put(chat engine.Chat) {
	r.t.Helper()
	if chat.ID == "" {
		chat.ID = fmt.Sprintf("chat-%d", r.named.Add(1)-1)
	}
	if err := r.AddChat(context.Background(), provider, chat); err != nil {
		r.t.Fatal(err)
	}
}

// all lists the chats of the provider of the tests.
func (r *registry) all() []engine.Chat {
	r.t.Helper()
	list, _, err := r.FindChats(context.Background(), provider, engine.ChatKey{}, "", 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *registry) book() book { return book{r, provider} }

// placeOf names a chat.
func placeOf(n engine.Network, id int64) engine.ChatPlace {
	return engine.ChatPlace{Network: n, ID: id}
}

// isOpen reports whether posts can be made in a chat.
func isOpen(c engine.Chat) bool { return c.State() == engine.ChatOpen }

// brokenRegistry is a registry one part of which does not work: "find", "thread", or the n-th change of a thread.
type brokenRegistry struct {
	*registry
	part  string
	after int // changes of threads that go well before they fail
	times int // how often they fail then
}

func (r *brokenRegistry) FindChats(ctx context.Context, p engine.ProviderID, key engine.ChatKey, cursor string, limit int) ([]engine.Chat, string, error) {
	if r.part == "find" {
		return nil, "", engine.ErrDown
	}
	return r.Chats.FindChats(ctx, p, key, cursor, limit)
}

func (r *brokenRegistry) Thread(ctx context.Context, p engine.ProviderID, place engine.ChatPlace) (engine.Thread, error) {
	if r.part == "thread" {
		return engine.Thread{}, engine.ErrDown
	}
	return r.Chats.Thread(ctx, p, place)
}

func (r *brokenRegistry) ChangeThread(ctx context.Context, p engine.ProviderID, place engine.ChatPlace, change func(*engine.Thread) error,
) (engine.Thread, error) {
	if r.part == "change" && r.after == 0 && r.times > 0 {
		r.times--
		return engine.Thread{}, engine.ErrDown
	}
	r.after = max(r.after-1, 0)
	return r.Chats.ChangeThread(ctx, p, place, change)
}

func claimOf(name, holder, house string, now time.Time) claim {
	return claim{name: name, holder: holder, house: house, text: "hash of " + holder, now: now, until: now.Add(time.Minute)}
}

func TestClaims(t *testing.T) {
	ctx, place, now := t.Context(), placeOf(engine.NetworkVK, vkChats+1), time.Now().UTC()
	b := newRegistry(t).book()
	ask := func(c claim) claimed {
		t.Helper()
		got, err := b.claim(ctx, place, c)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, same := ask(claimOf("c", "a", houseA, now)), ask(claimOf("c", "a", houseA, now))
	if other := ask(claimOf("c", "b", houseB, now)); other.right != busy || !other.until.Equal(now.Add(time.Minute)) {
		t.Errorf("another while it is made: %+v", other)
	}
	over := ask(claimOf("c", "b", houseB, now.Add(2*time.Minute)))
	if !first.since.IsZero() || same.right != mine || !same.since.Equal(now) || over.right != mine || !over.since.Equal(now) || !slices.Equal(over.texts, []string{"hash of a"}) {
		t.Errorf("first %+v, same %+v, over %+v", first, same, over)
	}
	if third := ask(claimOf("c", "x", houseB, now.Add(9*time.Minute))); len(third.texts) != 2 {
		t.Errorf("a third attempt knows the texts %v", third.texts)
	}
	if err := b.drop(ctx, place, "c", "a"); err != nil { // not the holder's any more
		t.Error(err)
	}
	if got := ask(claimOf("c", "y", houseA, now.Add(9*time.Minute))); got.right != busy {
		t.Errorf("dropped by somebody else: %+v", got)
	}
	if err := b.drop(ctx, place, "c", "x"); err != nil {
		t.Error(err)
	}
	if free := ask(claimOf("c", "y", houseA, now)); free.right != mine || !free.since.IsZero() {
		t.Errorf("dropped: %+v", free)
	}
}

func TestThread(t *testing.T) {
	ctx, place, now := t.Context(), placeOf(engine.NetworkVK, vkChats+1), time.Now()
	b := newRegistry(t).book()
	for i := range 3 * mostPosts {
		name := fmt.Sprint(i)
		if _, err := b.claim(ctx, place, claimOf(name, "a", houseA, now)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time nothing happens
			if err := b.keep(ctx, place, engine.Post{ID: name, Name: name, Holder: "a", Lasting: i == 0}); err != nil {
				t.Fatal(err)
			}
		}
	}
	late, _ := b.claim(ctx, place, claimOf("0", "b", houseB, now))
	list, _ := b.posts(ctx, place)
	if last := list[len(list)-1]; len(list) != mostPosts || last.ID != "0" || !last.Lasting || len(last.Houses) != 2 || list[0].ID != fmt.Sprint(3*mostPosts-1) {
		t.Errorf("%d posts, first %+v, last %+v", len(list), list[0], last)
	}
	if late.right != done || late.post.ID != "0" {
		t.Errorf("made before: %+v", late)
	}
	if err := b.end(ctx, place, []string{"0"}); err != nil {
		t.Error(err)
	}
	if list, _ = b.posts(ctx, place); list[len(list)-1].Lasting {
		t.Error("it lasts for ever")
	}
	if err := b.keep(ctx, place, engine.Post{ID: "x", Name: "never"}); err == nil {
		t.Error("kept what nobody claimed")
	}
}

func TestAdsOfAChat(t *testing.T) {
	b, place := newRegistry(t).book(), placeOf(engine.NetworkMAX, -1)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ad := func(name string, after int) right {
		c := claimOf(name, "a", houseA, day)
		c.ad, c.day, c.days, c.most = true, day.AddDate(0, 0, after), 7, 2
		got, err := b.claim(t.Context(), place, c)
		if err != nil {
			t.Fatal(err)
		}
		return got.right
	}
	for i, want := range []right{mine, mine, capped} {
		if got := ad(fmt.Sprint(i), i); got != want {
			t.Errorf("ad %d: %v, want %v", i, got, want)
		}
	}
	if ad("1", 2) != mine {
		t.Error("the same ad counts twice")
	}
	if ad("3", 7) != mine || ad("4", 7) != capped {
		t.Error("a week later one is out of the window, and one is not")
	}
	if err := b.drop(t.Context(), place, "3", "a"); err != nil || ad("4", 7) != mine {
		t.Errorf("an ad that was not posted counts (%v)", err)
	}
}

// TestJoinAgain: a chat that is joined anew under another name belongs to that one.
func TestJoinAgain(t *testing.T) {
	r, place, now := newRegistry(t), placeOf(engine.NetworkMAX, -7), time.Now()
	r.put(engine.Chat{ID: "old", Place: place, Houses: []string{houseA}, Joined: now.Add(-time.Hour)})
	r.put(engine.Chat{ID: "new", Place: placeOf(engine.NetworkMAX, 0), Houses: []string{houseB}, Code: "dom-code"})
	for range 2 { // an event told twice
		_ = r.book().join(t.Context(), "dom-code", place, now)
	}
	if all := r.all(); len(all) != 1 || all[0].ID != "new" || !isOpen(all[0]) || all[0].Place != place {
		t.Errorf("the chats are %+v", all)
	}
	if err := r.book().join(t.Context(), "", place, now); err == nil {
		t.Error("joined without a code")
	}
	if _, err := r.book().lose(t.Context(), placeOf(engine.NetworkMAX, -8), "x", now); err == nil {
		t.Error("lost a chat that is not there")
	}
}

// TestReaches: a house is reached when one of its chats is open, and only by its own provider.
func TestReaches(t *testing.T) {
	w := newWorld(t)
	at := func(n int64, c engine.Chat, houses ...string) {
		c.Place, c.Houses = placeOf(engine.NetworkMAX, -n), houses
		w.chats.put(c)
	}
	now := time.Now()
	at(1, engine.Chat{Joined: now, Lost: now}, "lost", "both")
	at(2, engine.Chat{Joined: now}, "open", "both")
	at(3, engine.Chat{Code: engine.NewChatCode()}, "waiting")
	people := []engine.Recipient{{House: "open"}, {House: "lost"}, {House: "both"}, {House: "waiting"}, {House: "none"}, {House: "open"}}
	for p, want := range map[engine.ProviderID][]engine.Reason{
		provider: {"", engine.Refused, "", engine.NoAddress, engine.NoAddress, ""},
		"other":  slices.Repeat([]engine.Reason{engine.NoAddress}, 6),
	} {
		got, err := w.channel.Reaches(t.Context(), engine.Provider{ID: p}, people)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", p, got, err, want)
		}
	}
}
