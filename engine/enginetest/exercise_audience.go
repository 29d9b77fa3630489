package enginetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"vestnik/engine"
)

var audienceTests = map[string]func(*testing.T, engine.Stores){
	"chunks come back as they were":           testChunks,
	"duplicates are left out":                 testDuplicates,
	"large audiences":                         testLargeAudience,
	"appending at once reserves nobody twice": testAppendTogether,
	"campaigns do not see each other":         testAudiencesApart,
	"bounds":                                  testAudienceBounds,
}

func testChunks(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	equal(t, "empty", must[engine.Size](t)(s.Audience.Size(ctx, id)), engine.Size{})
	first, second := people(0, engine.ChunkSize), people(1000, 3)
	for i, list := range [][]engine.Recipient{first, second} {
		done := must[engine.Appended](t)(s.Audience.Append(ctx, id, list))
		equal(t, "chunk", done.Chunk, i)
		equal(t, "duplicates", len(done.Duplicates), 0)
	}
	for i, list := range [][]engine.Recipient{first, second} {
		got := must[[]engine.Recipient](t)(s.Audience.Chunk(ctx, id, i))
		if !reflect.DeepEqual(got, list) {
			t.Fatalf("chunk %d is not what was stored", i)
		}
		equal(t, "length", must[int](t)(s.Audience.Length(ctx, id, i)), len(list))
		last := len(list) - 1
		if got := must[engine.Recipient](t)(s.Audience.Person(ctx, id, engine.OrdinalOf(i, last))); !reflect.DeepEqual(got, list[last]) {
			t.Fatalf("the last recipient of chunk %d is not who was stored", i)
		}
	}
	for _, o := range []engine.Ordinal{engine.OrdinalOf(1, 3), engine.OrdinalOf(2, 0)} {
		if _, err := s.Audience.Person(ctx, id, o); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("recipient %d, who is not there: %v, want ErrNotFound", o, err)
		}
	}
	equal(t, "size", must[engine.Size](t)(s.Audience.Size(ctx, id)), engine.Size{Chunks: 2, Recipients: engine.ChunkSize + 3})
	equal(t, "account", must[engine.Ordinal](t)(s.Audience.FindAccount(ctx, id, second[2].Account)), engine.OrdinalOf(1, 2))
	equal(t, "document", must[engine.Ordinal](t)(s.Audience.FindDocument(ctx, id, first[7].DocumentID)), engine.OrdinalOf(0, 7))
	for _, find := range []func() (engine.Ordinal, error){
		func() (engine.Ordinal, error) { return s.Audience.FindAccount(ctx, id, "nobody") },
		func() (engine.Ordinal, error) { return s.Audience.FindDocument(ctx, id, "nothing") },
		func() (engine.Ordinal, error) { return s.Audience.FindDocument(ctx, id, first[7].Account) },
		func() (engine.Ordinal, error) { return s.Audience.FindDocument(ctx, id, "") },
	} {
		_, err := find()
		wantError(t, err, engine.ErrNotFound)
	}
}

func testDuplicates(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	list := people(0, 5)
	list[3].Account = list[1].Account // within the list: the second is the duplicate
	list[4].DocumentID = list[0].DocumentID
	done := must[engine.Appended](t)(s.Audience.Append(ctx, id, list))
	equal(t, "chunk", done.Chunk, 0)
	equalSlices(t, "within the list", done.Duplicates, []int{3})
	equal(t, "who followed the duplicate", must[engine.Ordinal](t)(s.Audience.FindAccount(ctx, id, list[4].Account)), engine.OrdinalOf(0, 3))
	equal(t, "the first has the document", must[engine.Ordinal](t)(s.Audience.FindDocument(ctx, id, list[0].DocumentID)), engine.OrdinalOf(0, 0))

	again := append(people(100, 2), list[0], list[2])
	done = must[engine.Appended](t)(s.Audience.Append(ctx, id, again))
	equal(t, "chunk", done.Chunk, 1)
	equalSlices(t, "across calls", done.Duplicates, []int{2, 3})
	equal(t, "chunk without duplicates", len(must[[]engine.Recipient](t)(s.Audience.Chunk(ctx, id, 1))), 2)
	equal(t, "the first keeps the account", must[engine.Ordinal](t)(s.Audience.FindAccount(ctx, id, list[0].Account)), engine.OrdinalOf(0, 0))

	done = must[engine.Appended](t)(s.Audience.Append(ctx, id, again))
	equal(t, "nothing new", done.Chunk, -1)
	equalSlices(t, "all", done.Duplicates, []int{0, 1, 2, 3})
	done = must[engine.Appended](t)(s.Audience.Append(ctx, id, nil))
	equal(t, "an empty list", done.Chunk, -1)
	equal(t, "size", must[engine.Size](t)(s.Audience.Size(ctx, id)), engine.Size{Chunks: 2, Recipients: 6})
}

func testLargeAudience(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	const chunks = 70 // past the sizes at which indices usually change their layout
	for i := range chunks {
		done := must[engine.Appended](t)(s.Audience.Append(ctx, id, people(i*1000, 40)))
		equal(t, "chunk", done.Chunk, i)
	}
	for _, i := range []int{0, 1, 2, 15, 16, 63, 64, chunks - 1} {
		list := people(i*1000, 40)
		equal(t, "account", must[engine.Ordinal](t)(s.Audience.FindAccount(ctx, id, list[39].Account)), engine.OrdinalOf(i, 39))
		equal(t, "document", must[engine.Ordinal](t)(s.Audience.FindDocument(ctx, id, list[39].DocumentID)), engine.OrdinalOf(i, 39))
		done := must[engine.Appended](t)(s.Audience.Append(ctx, id, list))
		equal(t, "an old chunk again", done.Chunk, -1)
	}
}

func testAppendTogether(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	const writers = 6
	lists := make([][]engine.Recipient, writers)
	for i := range lists {
		lists[i] = append(people(0, 50), people(1000*(i+1), 50)...) // half of each list is everybody's
	}
	answers, errs := together(writers, func(i int) (engine.Appended, error) { return s.Audience.Append(ctx, id, lists[i]) })
	ok(t, errors.Join(errs...))
	duplicates := 0
	var chunks []int
	for i, done := range answers {
		duplicates += len(done.Duplicates)
		chunks = append(chunks, done.Chunk)
		equal(t, "chunk and duplicates make the list",
			must[int](t)(s.Audience.Length(ctx, id, done.Chunk))+len(done.Duplicates), len(lists[i]))
	}
	slices.Sort(chunks)
	equalSlices(t, "chunks", chunks, []int{0, 1, 2, 3, 4, 5})
	equal(t, "duplicates", duplicates, 50*(writers-1))
	equal(t, "size", must[engine.Size](t)(s.Audience.Size(ctx, id)), engine.Size{Chunks: writers, Recipients: 50 + 50*writers})
	for _, chunk := range chunks {
		for i, person := range must[[]engine.Recipient](t)(s.Audience.Chunk(ctx, id, chunk)) {
			equal(t, "ordinal", must[engine.Ordinal](t)(s.Audience.FindAccount(ctx, id, person.Account)), engine.OrdinalOf(chunk, i))
			equal(t, "ordinal of document", must[engine.Ordinal](t)(s.Audience.FindDocument(ctx, id, person.DocumentID)), engine.OrdinalOf(chunk, i))
		}
	}
}

func testAudiencesApart(t *testing.T, s engine.Stores) {
	ctx, one, other := t.Context(), newCampaign(), newCampaign()
	must[engine.Appended](t)(s.Audience.Append(ctx, one, people(0, 2)))
	done := must[engine.Appended](t)(s.Audience.Append(ctx, other, people(0, 2)))
	equal(t, "chunk", done.Chunk, 0)
	equal(t, "duplicates", len(done.Duplicates), 0)
}

func testAudienceBounds(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	if _, err := s.Audience.Append(ctx, id, people(0, engine.ChunkSize+1)); err == nil {
		t.Fatal("a list longer than a chunk was taken")
	}
	must[engine.Appended](t)(s.Audience.Append(ctx, id, people(0, 1)))
	for _, chunk := range []int{-1, 1} {
		_, err := s.Audience.Chunk(ctx, id, chunk)
		wantError(t, err, engine.ErrNotFound)
		_, err = s.Audience.Length(ctx, id, chunk)
		wantError(t, err, engine.ErrNotFound)
	}
}
