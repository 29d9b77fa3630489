package enginetest

import (
	"errors"
	"fmt"
	"testing"

	"vestnik/engine"
)

var documentTests = map[string]func(*testing.T, engine.Stores){
	"documents":                 testDocuments,
	"documents, many at a time": testDocumentsTogether,
	"annulled payments":         testAnnul,
}

func testDocuments(t *testing.T, s engine.Stores) {
	ctx, id, other := t.Context(), newCampaign(), newCampaign()
	far := engine.OrdinalOf(70_000, 3)
	given := func(id engine.CampaignID, want ...string) {
		t.Helper()
		equalSlices(t, "given", must[[]string](t)(s.Documents.Given(ctx, id, engine.Ordinals{0, 1, 500, far})), want)
	}
	given(id, "", "", "", "")
	ok(t, s.Documents.Give(ctx, id, nil))
	ok(t, s.Documents.Give(ctx, id, map[engine.Ordinal]string{1: "90АА000001-01-6091", 500: "b", far: "c"}))
	ok(t, s.Documents.Give(ctx, id, map[engine.Ordinal]string{0: "a", 500: "new"}))
	given(id, "a", "90АА000001-01-6091", "new", "c")
	given(other, "", "", "", "")
	for document, want := range map[string]engine.Ordinal{"a": 0, "90АА000001-01-6091": 1, "b": 500, "new": 500, "c": far} {
		equal(t, document, must[engine.Ordinal](t)(s.Documents.Find(ctx, id, document)), want)
	}
	for _, unknown := range []string{"", "d", "90аа000001-01-6091"} {
		_, err := s.Documents.Find(ctx, id, unknown)
		wantError(t, err, engine.ErrNotFound)
	}
	_, err := s.Documents.Find(ctx, other, "a")
	wantError(t, err, engine.ErrNotFound)
	equal(t, "nothing", len(must[[]string](t)(s.Documents.Given(ctx, id, nil))), 0)
}

// testDocumentsTogether gives neighbours their documents at the same time: nobody's is lost.
func testDocumentsTogether(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	const n = 8
	_, errs := together(n, func(i int) (int, error) {
		return 0, s.Documents.Give(ctx, id, map[engine.Ordinal]string{engine.Ordinal(i): fmt.Sprint("D", i)})
	})
	ok(t, errors.Join(errs...))
	for i := range engine.Ordinal(n) {
		equal(t, "given", must[[]string](t)(s.Documents.Given(ctx, id, engine.Ordinals{i}))[0], fmt.Sprint("D", i))
	}
}

func testAnnul(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	annul := func(references []string, want ...engine.Credit) {
		t.Helper()
		equalSlices(t, "annulled", must[[]engine.Credit](t)(s.Cashbook.Annul(ctx, provider, references)), want)
	}
	booked := func(want ...string) {
		t.Helper()
		var got []string
		for _, p := range must[[][]engine.Payment](t)(s.Cashbook.Payments(ctx, provider, []engine.Purpose{{DocumentID: "doc"}}))[0] {
			got = append(got, p.Reference)
		}
		equalSlices(t, "booked", got, want)
	}
	list := make([]engine.Payment, 3)
	for i, name := range []string{"a", "b", "c"} {
		list[i] = engine.Payment{Reference: name, DocumentID: "doc", Amount: 100, PaidAt: moment}
	}
	must[[]engine.Credit](t)(s.Cashbook.Credit(ctx, provider, list[:2]))
	ok(t, s.Cashbook.Close(ctx, provider, []string{"a"}))
	annul(nil)
	annul([]string{"a", "c"}, engine.Booked, engine.Fresh)
	booked("b")
	annul([]string{"a", "c"}, engine.Booked, engine.Closed) // of a nobody said that it is done
	ok(t, s.Cashbook.Close(ctx, provider, []string{"a"}))
	annul([]string{"b", "a"}, engine.Booked, engine.Closed)
	equalSlices(t, "never again", must[[]engine.Credit](t)(s.Cashbook.Credit(ctx, provider, list)), []engine.Credit{engine.Closed, engine.Closed, engine.Closed})
	booked()
	equalSlices(t, "another provider's", must[[]engine.Credit](t)(s.Cashbook.Annul(ctx, newProvider(), []string{"a"})), []engine.Credit{engine.Fresh})
}
