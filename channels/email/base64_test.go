package email

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// plainBase64 is what appendBase64 must give, by the standard library.
func plainBase64(data []byte) (out []byte) {
	for len(data) > 0 {
		line := data[:min(lineBytes, len(data))]
		out = append(base64.StdEncoding.AppendEncode(out, line), "\r\n"...)
		data = data[len(line):]
	}
	return out
}

func TestAppendBase64(t *testing.T) {
	chance := rand.NewChaCha8([32]byte{1})
	for size := range 400 {
		data := make([]byte, size)
		_, _ = chance.Read(data)
		if got, want := appendBase64([]byte("before"), data), append([]byte("before"), plainBase64(data)...); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes give\n%s, want\n%s", size, got, want)
		}
	}
}

func FuzzAppendBase64(f *testing.F) {
	f.Add([]byte("Счёт за октябрь"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := appendBase64(nil, data), plainBase64(data); !bytes.Equal(got, want) {
			t.Errorf("%q gives\n%s, want\n%s", data, got, want)
		}
	})
}

func BenchmarkBase64(b *testing.B) {
	data := bytes.Repeat([]byte("Холодная вода"), 200)
	for _, by := range []struct {
		name   string
		append func(out, data []byte) []byte
	}{
		{"ours", appendBase64},
		{"standard", func(out, data []byte) []byte { return append(out, plainBase64(data)...) }},
	} {
		b.Run(by.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			var out []byte
			for b.Loop() {
				out = by.append(out[:0], data)
			}
		})
	}
}
