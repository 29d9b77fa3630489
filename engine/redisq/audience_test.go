package redisq_test

import (
	"sync"
	"testing"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// TestTwoProcessesFillOneAudience appends through two doors at once, half of each list being the other's too, and looks people up meanwhile.
func TestTwoProcessesFillOneAudience(t *testing.T) {
	const lists, size = 40, 60
	server := redistest.Start(t)
	id := engine.CampaignID(engine.NewID())
	doors := []engine.Audience{
		open(t, redisq.Options{URL: server.URL()}).Stores().Audience, open(t, redisq.Options{URL: server.URL()}).Stores().Audience,
	}
	var all sync.WaitGroup
	duplicates := make([]int, len(doors))
	for d, door := range doors {
		all.Go(func() {
			for l := range lists {
				list := accounts((l+d)*size/2, size) // overlaps the next list by half, and the other door's
				done, err := door.Append(t.Context(), id, list)
				if err != nil {
					t.Error(err)
					return
				}
				duplicates[d] += len(done.Duplicates)
				if _, err := door.FindAccount(t.Context(), id, list[0].Account); err != nil {
					t.Errorf("list %d of door %d is not found: %v", l, d, err)
				}
			}
		})
	}
	all.Wait()
	const people = (lists + 2) * size / 2
	total, err := doors[0].Size(t.Context(), id)
	if err != nil || total.Recipients != people || duplicates[0]+duplicates[1] != len(doors)*lists*size-people {
		t.Fatalf("%d recipients and %v duplicates, want %d: %v", total.Recipients, duplicates, people, err)
	}
	for chunk := range total.Chunks {
		list, err := doors[1].Chunk(t.Context(), id, chunk)
		if err != nil {
			t.Fatal(err)
		}
		for i, person := range list {
			o, err := doors[0].FindDocument(t.Context(), id, person.DocumentID)
			if err != nil || o != engine.OrdinalOf(chunk, i) {
				t.Fatalf("place %d of chunk %d is found at %d: %v", i, chunk, o, err)
			}
		}
	}
}

// TestRollOfALostAudience appends after Redis has forgotten everything: what this process remembers must not make people duplicates.
func TestRollOfALostAudience(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redisq.Options{URL: server.URL()}).Stores().Audience
	for _, from := range []int{0, 50, 0} {
		if _, err := s.Append(t.Context(), "c", accounts(from, 50)); err != nil {
			t.Fatal(err)
		}
	}
	redisCLI(t, server, "flushall")
	done, err := s.Append(t.Context(), "c", accounts(25, 100))
	if err != nil || done.Chunk != 0 || len(done.Duplicates) != 0 {
		t.Fatalf("got %+v: %v", done, err)
	}
}
