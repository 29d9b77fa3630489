package templates

import (
	"testing"

	"vestnik/engine"
)

// BenchmarkRenderBill renders the e-mail of a bill of eight services: subject, text and HTML.
func BenchmarkRenderBill(b *testing.B) {
	t, letter := letterOf(b, "bill-monthly")
	content, err := t.Render(engine.Email, &letter)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content.Text) + len(content.HTML)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := t.Render(engine.Email, &letter); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderOutage renders the short text of an outage with its times.
func BenchmarkRenderOutage(b *testing.B) {
	t, letter := letterOf(b, "outage-planned")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := t.Render(engine.VK, &letter); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck checks good rows, as intake does a million times.
func BenchmarkCheck(b *testing.B) {
	for _, name := range []string{"debt-notice", "outage-planned", "bill-monthly"} {
		t, letter := letterOf(b, name)
		row := letter.Recipient
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if problems := t.Check(letter.Campaign.Vars, row); problems != nil {
					b.Fatal(problems)
				}
			}
		})
	}
	t, letter := letterOf(b, "bill-monthly")
	row := letter.Recipient
	row.Vars = nil
	b.Run("bill-without-services", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if problems := t.Check(nil, row); problems != nil {
				b.Fatal(problems)
			}
		}
	})
}

// BenchmarkReference renders the HTML alone as html/template would, for comparison in the same run.
func BenchmarkReference(b *testing.B) {
	t, letter := letterOf(b, "bill-monthly")
	render := reference(b, t, letter)
	b.ReportAllocs()
	for b.Loop() {
		render()
	}
}
