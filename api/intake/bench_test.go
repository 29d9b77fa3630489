package intake_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"vestnik/api/intake"
)

// csvHeader and the rows below are what a billing system of a management company writes.
const csvHeader = "account;name;email;vk_id;gis_account_guid;house;premises;period;amount;due_date;service;debt\n"

func csvRow(i int) string {
	return fmt.Sprintf("%010d;Константинопольская Александра %d;resident%d@example.ru;%d;0f2b5c1a-7d4e-4a90-8c11-%012x;5e3c7d52-11aa-4d0c-9f00-%012x;%d;2026-10;%d.%02d;2026-11-10;Отопление;0.00\n",
		i, i%100, i, 1000+i, i, i/80, i%80, 1000+i%9000, i%100)
}

func jsonRow(i int) string {
	return fmt.Sprintf(`{"account":"%010d","name":"Константинопольская Александра","email":"resident%d@example.ru","vk_id":%d,"house":"5e3c7d52-11aa-4d0c-9f00-%012x","premises":"%d","period":"2026-10","amount":%d.%02d,"due_date":"2026-11-10","services":[{"name":"Отопление","unit":"Гкал","volume":"1.25","rate":"2514.30","charged":"3142.88"}]}`+"\n",
		i, i, 1000+i, i/80, i%80, 1000+i%9000, i%100)
}

func file(n int, header string, row func(int) string) []byte {
	text := bytes.NewBufferString(header)
	for i := range n {
		text.WriteString(row(i))
	}
	return text.Bytes()
}

func benchmark(b *testing.B, contentType string, text []byte, rows int) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		format, err := intake.FormatOf(contentType, "")
		if err != nil {
			b.Fatal(err)
		}
		reader := intake.NewReader(bytes.NewReader(text), format, intake.Options{})
		for n := 0; ; n++ {
			row, err := reader.Next()
			if err == io.EOF && n == rows {
				break
			}
			if err != nil || len(row.Problems) > 0 {
				b.Fatal(n, err, row.Problems)
			}
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCSV(b *testing.B) { benchmark(b, "text/csv", file(20_000, csvHeader, csvRow), 20_000) }

func BenchmarkCSVQuoted(b *testing.B) {
	quote := func(i int) string {
		row := []byte(csvRow(i))
		return `"` + string(bytes.ReplaceAll(row[:len(row)-1], []byte(";"), []byte(`";"`))) + "\"\n"
	}
	benchmark(b, "text/csv", file(20_000, csvHeader, quote), 20_000)
}

func BenchmarkNDJSON(b *testing.B) {
	benchmark(b, "application/x-ndjson", file(20_000, "", jsonRow), 20_000)
}
