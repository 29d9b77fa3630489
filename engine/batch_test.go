package engine

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMembersNumberBitsAsRedisDoes(t *testing.T) {
	var m Members
	m.Add(0)
	m.Add(9)
	m.Add(ChunkSize - 1)
	if m[0] != 0x80 || m[1] != 0x40 || m[len(m)-1] != 0x01 {
		t.Errorf("members 0, 9 and %d are % x", ChunkSize-1, m)
	}
	if got := slices.Collect(m.All()); !slices.Equal(got, []int{0, 9, ChunkSize - 1}) {
		t.Errorf("All yields %v", got)
	}
	if m.Count() != 3 || !m.Has(9) || m.Has(8) {
		t.Errorf("Count is %d, Has(9) %v, Has(8) %v", m.Count(), m.Has(9), m.Has(8))
	}
}

func TestFirstMembers(t *testing.T) {
	for _, n := range []int{0, 1, 8, 495, 496} {
		if m := FirstMembers(n); m.Count() != n {
			t.Errorf("FirstMembers(%d) are %d", n, m.Count())
		}
	}
}

func TestBatchIsReadAndWritten(t *testing.T) {
	b := Batch{Chunk: 3, Lane: 1, Step: 2, Phase: Waiting, Try: 4, Members: FirstMembers(17)}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var back Batch
	if err := json.Unmarshal(text, &back); err != nil || back != b {
		t.Errorf("%s reads back as %+v (%v), want %+v", text, back, err, b)
	}
	if got, want := b.ID(), "3.1.2.wait.4.0"; got != want {
		t.Errorf("ID is %q, want %q", got, want)
	}
	if err := json.Unmarshal([]byte(`{"members":"AAAA"}`), &back); err == nil {
		t.Error("members of three bytes are accepted")
	}
}

func TestStateFitsFourBytes(t *testing.T) {
	for _, o := range Outcomes() {
		for _, ch := range channelNames {
			for _, r := range reasons {
				s := State{Outcome: o, Channel: ch, Reason: r, Step: 7}
				if packed := s.Pack(nil); len(packed) != StateSize || UnpackState(packed) != s {
					t.Errorf("%+v packs as % x and unpacks as %+v", s, packed, UnpackState(packed))
				}
			}
		}
	}
	if got := UnpackState(nil); got.Outcome != InFlight || got.Taken() {
		t.Errorf("what was never written unpacks as %+v", got)
	}
	if got := (State{}).Pack(nil); !slices.Equal(got, make([]byte, StateSize)) {
		t.Errorf("the zero state packs as % x", got)
	}
}

func TestOrdinalsAreReadAndWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		list := make(Ordinals, rng.IntN(600))
		for i := range list {
			list[i] = Ordinal(rng.Uint32())
		}
		slices.Sort(list)
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		var back Ordinals
		if err := json.Unmarshal(text, &back); err != nil || !slices.Equal(back, list) {
			t.Fatalf("%v reads back as %v (%v)", list, back, err)
		}
	}
	if _, err := json.Marshal(Ordinals{2, 1}); err == nil {
		t.Error("ordinals out of order are written")
	}
}

func FuzzOrdinals(f *testing.F) {
	f.Add([]byte("AQID"))
	f.Add([]byte("gICAgICAgICAgIA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var list Ordinals
		if list.UnmarshalText(text) != nil {
			return
		}
		if _, err := list.MarshalText(); err != nil && slices.IsSorted(list) {
			t.Errorf("%q reads as %v, which cannot be written: %v", text, list, err)
		}
	})
}
