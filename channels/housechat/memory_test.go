package housechat

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/engine"
)

// TestMemory: what every Registry must do.
func TestMemory(t *testing.T) { exerciseRegistry(t, func() Registry { return &Memory{} }) }

func exerciseRegistry(t *testing.T, open func() Registry) {
	ctx, place, now := t.Context(), Place{VK, vkChats + 1}, time.Now()
	claim := func(name, holder, house string) Claim {
		return Claim{Name: name, Holder: holder, House: house, Text: "hash", Now: now, Until: now.Add(time.Minute)}
	}
	t.Run("one of many gets the right", func(t *testing.T) {
		r := open()
		var mine atomic.Int32
		var claiming sync.WaitGroup
		for i := range 32 {
			claiming.Go(func() {
				got, err := r.Claim(ctx, provider, place, claim("c", fmt.Sprint(i), houseA))
				if err != nil || got.Right != Mine && got.Right != Busy {
					t.Errorf("%+v, %v", got, err)
				}
				if got.Right == Mine {
					mine.Add(1)
				}
			})
		}
		claiming.Wait()
		if mine.Load() != 1 {
			t.Errorf("%d got the right", mine.Load())
		}
	})
	t.Run("a right that was not used", func(t *testing.T) {
		r := open()
		first, _ := r.Claim(ctx, provider, place, claim("c", "a", houseA))
		same, _ := r.Claim(ctx, provider, place, claim("c", "a", houseA))
		late := claim("c", "b", houseB)
		late.Now = now.Add(2 * time.Minute)
		over, _ := r.Claim(ctx, provider, place, late)
		if !first.Since.IsZero() || same.Right != Mine || !same.Since.Equal(now) || over.Right != Mine || !over.Since.Equal(now) || over.Text != "hash" {
			t.Errorf("first %+v, same %+v, over %+v", first, same, over)
		}
		if err := r.Drop(ctx, provider, place, "c", "a"); err != nil { // not the holder's any more
			t.Error(err)
		}
		if busy, _ := r.Claim(ctx, provider, place, claim("c", "x", houseA)); busy.Right != Busy {
			t.Errorf("dropped by somebody else: %+v", busy)
		}
		if err := r.Drop(ctx, provider, place, "c", "b"); err != nil {
			t.Error(err)
		}
		if free, _ := r.Claim(ctx, provider, place, claim("c", "x", houseA)); free.Right != Mine || !free.Since.IsZero() {
			t.Errorf("dropped: %+v", free)
		}
	})
	t.Run("posts", func(t *testing.T) {
		r := open()
		for i := range 3 * mostPosts {
			name := fmt.Sprint(i)
			if _, err := r.Claim(ctx, provider, place, claim(name, "a", houseA)); err != nil {
				t.Fatal(err)
			}
			if err := r.Keep(ctx, provider, place, Post{ID: name, Name: name, Holder: "a", Lasting: i == 0}); err != nil {
				t.Fatal(err)
			}
		}
		done, _ := r.Claim(ctx, provider, place, claim("0", "b", houseB))
		list, _ := r.Posts(ctx, provider, place)
		if last := list[len(list)-1]; len(list) > 2*mostPosts || last.ID != "0" || !last.Lasting || len(last.Houses) != 2 || list[0].ID != fmt.Sprint(3*mostPosts-1) {
			t.Errorf("%d posts, first %+v, last %+v", len(list), list[0], last)
		}
		if done.Right != Done || done.Post.ID != "0" {
			t.Errorf("made before: %+v", done)
		}
		if err := r.End(ctx, provider, place, []string{"0"}); err != nil {
			t.Error(err)
		}
		if list, _ = r.Posts(ctx, provider, place); list[len(list)-1].Lasting {
			t.Error("it lasts for ever")
		}
		if other, _ := r.Posts(ctx, "uk2", place); len(other) > 0 {
			t.Error("another provider sees posts")
		}
		if err := r.Keep(ctx, provider, place, Post{ID: "x", Name: "never"}); err == nil {
			t.Error("kept what nobody claimed")
		}
	})
	t.Run("ads", func(t *testing.T) {
		r := open()
		day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		ad := func(name string, after int) Right {
			c := claim(name, "a", houseA)
			c.Ad, c.Day, c.Days, c.Most = true, day.AddDate(0, 0, after), 7, 2
			got, err := r.Claim(ctx, provider, place, c)
			if err != nil {
				t.Fatal(err)
			}
			return got.Right
		}
		for i, want := range []Right{Mine, Mine, Capped} {
			if got := ad(fmt.Sprint(i), i); got != want {
				t.Errorf("ad %d: %v, want %v", i, got, want)
			}
		}
		if ad("1", 2) != Mine {
			t.Error("the same ad counts twice")
		}
		if ad("3", 7) != Mine || ad("4", 7) != Capped {
			t.Error("a week later one is out of the window, and one is not")
		}
	})
	t.Run("no chat", func(t *testing.T) {
		r := open()
		if err := r.Lose(ctx, provider, place, "x", now); !errors.Is(err, engine.ErrNotFound) {
			t.Error(err)
		}
		if _, err := r.Join(ctx, provider, "", place, "", now); !errors.Is(err, engine.ErrNotFound) {
			t.Error(err)
		}
	})
}
