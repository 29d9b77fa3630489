package redisq_test

import (
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// recorded records n entries one by one, which ordinals tell apart.
func recorded(t *testing.T, r *redisq.Redis, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		e := engine.Entry{Campaign: "campaign", At: time.Now(), Fact: engine.Sent, Ordinals: engine.Ordinals{engine.Ordinal(i)}}
		if err := r.Stores().Journal.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func readAll(t *testing.T, reader *redisq.JournalReader) (list []redisq.Delivery) {
	t.Helper()
	for empty := 0; empty < 2; {
		some, err := reader.Read(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if list = append(list, some...); len(some) == 0 {
			empty++
		}
	}
	return list
}

// wantOrdinals checks that exactly the ordinals from 0 to n-1 were delivered, each once.
func wantOrdinals(t *testing.T, list []redisq.Delivery, from, n int) {
	t.Helper()
	seen := map[engine.Ordinal]int{}
	for _, d := range list {
		for _, o := range d.Entry.Ordinals {
			seen[o]++
		}
	}
	for i := from; i < from+n; i++ {
		if seen[engine.Ordinal(i)] != 1 {
			t.Fatalf("entry %d was delivered %d times", i, seen[engine.Ordinal(i)])
		}
	}
	if len(seen) != n {
		t.Fatalf("%d entries were delivered, want %d", len(seen), n)
	}
}

func ack(t *testing.T, reader *redisq.JournalReader, list ...redisq.Delivery) {
	t.Helper()
	if err := reader.Ack(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
}

func wantLag(t *testing.T, reader *redisq.JournalReader, want int64) {
	t.Helper()
	lag, err := reader.Lag(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lag != want {
		t.Fatalf("lag is %d, want %d", lag, want)
	}
}

func TestJournalIsReadAndAcknowledged(t *testing.T) {
	for _, url := range []string{redistest.Start(t).URL(), "embedded"} {
		r := open(t, redisq.Options{URL: url})
		reader := r.JournalReader("one")
		if list := readAll(t, reader); len(list) != 0 {
			t.Fatalf("%d entries in an empty journal", len(list))
		}
		recorded(t, r, 0, 25)
		wantLag(t, reader, 25)
		list := readAll(t, reader)
		wantOrdinals(t, list, 0, 25)
		wantLag(t, reader, 25)
		ack(t, reader, list...)
		ack(t, reader, list...)
		ack(t, reader)
		wantLag(t, reader, 0)
	}
}

func TestTwoReadersShareTheJournal(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	one, two := r.JournalReader("one"), r.JournalReader("two")
	recorded(t, r, 0, 40)
	first, err := one.Read(t.Context(), 8)
	if err != nil || len(first) == 0 || len(first) > 16 {
		t.Fatalf("%d entries: %v", len(first), err)
	}
	wantOrdinals(t, append(first, readAll(t, two)...), 0, 40)
}

func TestReaderBeginsWithWhatItHadNotAcknowledged(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, redisq.Options{URL: server.URL()})
	before := r.JournalReader("loader")
	recorded(t, r, 0, 30)
	list := readAll(t, before)
	ack(t, before, list[:10]...)
	server.Kill()
	server.Start()
	recorded(t, r, 30, 5)
	again := readAll(t, r.JournalReader("loader"))
	if len(again) != 25 {
		t.Fatalf("%d entries again, want the 20 not acknowledged and 5 new ones", len(again))
	}
	wantOrdinals(t, append(list[:10:10], again...), 0, 35)
}

func TestEntriesOfOneCallAreAcknowledgedTogether(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	entries := make([]engine.Entry, 300) // more than one stream entry holds
	for i := range entries {
		entries[i] = engine.Entry{Fact: engine.Sent, Ordinals: engine.Ordinals{engine.Ordinal(i)}}
	}
	if err := r.Stores().Journal.Record(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	reader := r.JournalReader("loader")
	list := readAll(t, reader)
	wantOrdinals(t, list, 0, 300)
	ack(t, reader, list[:299]...)
	wantLag(t, reader, 1)
	ack(t, reader, list[299])
	wantLag(t, reader, 0)
}

func TestForeignIDIsNotAcknowledged(t *testing.T) {
	r := open(t, redisq.Options{URL: "embedded"})
	for _, id := range []string{"", "0/1-0", "9/1-0/0/1", "x/1-0/0/1", "0/1-0/0/x"} {
		if r.JournalReader("loader").Ack(t.Context(), redisq.Delivery{ID: id}) == nil {
			t.Errorf("%q was acknowledged", id)
		}
	}
}
