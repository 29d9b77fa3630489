package intake_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"vestnik/api/intake"
)

func gzipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, text []byte, options ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(text, nil)
}

func TestFormatOf(t *testing.T) {
	for _, c := range []struct{ contentType, encoding, want string }{
		{"text/csv", "", ""},
		{"TEXT/CSV; charset=\"UTF-8\"; header=present", "identity", ""},
		{"text/csv; charset=windows-1251", "GZIP", ""},
		{"application/x-ndjson", "zstd", ""},
		{"application/ndjson;charset=utf-8", "x-gzip", ""},
		{"application/jsonl", "", ""},
		{"", "", "unsupported_media_type"},
		{"application/json", "", "unsupported_media_type"},
		{"text/csv;;;=", "", "unsupported_media_type"},
		{"text/csv", "br", "unsupported_encoding"},
		{"text/csv", "gzip, gzip", "unsupported_encoding"},
		{"text/csv; charset=utf-16", "", "unsupported_charset"},
		{"application/x-ndjson; charset=windows-1251", "", "unsupported_charset"},
	} {
		_, err := intake.FormatOf(c.contentType, c.encoding)
		var fault *intake.Error
		switch {
		case c.want == "" && err == nil:
		case !errors.As(err, &fault) || fault.Problems[0].Code != c.want || fault.Status != http.StatusUnsupportedMediaType:
			t.Errorf("FormatOf(%q, %q) = %v, want %q", c.contentType, c.encoding, err, c.want)
		}
	}
	if _, err := intake.FormatIn(intake.English, "x", ""); !strings.Contains(err.Error(), "Recipients") {
		t.Errorf("English is %q", err)
	}
}

func TestCharsetIsBelieved(t *testing.T) {
	text := "account;name\n1;" + windows1251(t, "Иван") + "\n"
	for charset, want := range map[string]string{
		"windows-1251": "2 {\"account\":\"1\",\"name\":\"Иван\"}\n",
		"utf-8":        "2 ✗ 2:3 name bad_encoding\n",
	} {
		if got := show(intake.NewReader(strings.NewReader(text), formatOf(t, csvType+"; charset="+charset, ""), intake.Options{})); got != want {
			t.Errorf("%s: %swant %s", charset, got, want)
		}
	}
}

// TestEncodingIsFoundLate: the first byte that is not ASCII comes after more than is looked at.
func TestEncodingIsFoundLate(t *testing.T) {
	ascii := "account;name\n" + strings.Repeat("1;"+strings.Repeat("A", 97)+"\n", 1000)
	for encoding, last := range map[string]string{"UTF-8": "2;Пётр\n", "Windows-1251": windows1251(t, "2;Пётр\n")} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(ascii + last), "in bytes": iotest.OneByteReader(strings.NewReader(ascii + last))} {
			got := show(intake.NewReader(r, formatOf(t, csvType, ""), intake.Options{}))
			if !strings.HasSuffix(got, "1002 {\"account\":\"2\",\"name\":\"Пётр\"}\n") {
				t.Errorf("%s, %s: ends in %s", encoding, name, got[max(0, len(got)-80):])
			}
		}
	}
}

func TestCompressed(t *testing.T) {
	text := file(5000, csvHeader, csvRow)
	want := read(t, csvType, string(text))
	for encoding, packed := range map[string][]byte{
		"gzip": append(gzipped(t, text[:1000]), gzipped(t, text[1000:])...),
		"zstd": append(zstded(t, text[:1000]), zstded(t, text[1000:])...),
	} {
		if got := show(intake.NewReader(bytes.NewReader(packed), formatOf(t, csvType, encoding), intake.Options{})); got != want {
			t.Errorf("%s: the rows differ", encoding)
		}
	}
}

// TestBrokenStreams: the rows before the break stand, and the break is told with the line reached.
func TestBrokenStreams(t *testing.T) {
	text := file(5000, csvHeader, csvRow)
	zip, zst := gzipped(t, text), zstded(t, text)
	damaged := bytes.Clone(zip)
	damaged[len(damaged)-6] ^= 0xff
	bomb := bytes.Repeat([]byte("\n"), 64<<20)
	wide := zstded(t, bytes.Repeat(text, 20), zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
	limited := http.MaxBytesReader(httptest.NewRecorder(), io.NopCloser(bytes.NewReader(text)), 200_000)
	for _, c := range []struct {
		name, encoding string
		stream         io.Reader
		max            int64
		code           string
		status         int
	}{
		{"cut off", "", io.MultiReader(bytes.NewReader(text[:300_000]), iotest.ErrReader(io.ErrUnexpectedEOF)), 0, "cut_off", 400},
		{"gzip cut off", "gzip", bytes.NewReader(zip[:len(zip)/2]), 0, "cut_off", 400},
		{"gzip cut off at its end", "gzip", bytes.NewReader(zip[:len(zip)-1]), 0, "cut_off", 400},
		{"zstd cut off", "zstd", bytes.NewReader(zst[:len(zst)/2]), 0, "cut_off", 400},
		{"damaged", "gzip", bytes.NewReader(damaged), 0, "bad_gzip", 400},
		{"no gzip", "gzip", bytes.NewReader(text), 0, "bad_gzip", 400},
		{"no zstd", "zstd", bytes.NewReader(text), 0, "bad_zstd", 400},
		{"gzip bomb", "gzip", bytes.NewReader(gzipped(t, bomb)), 0, "too_large", 413},
		{"zstd bomb", "zstd", bytes.NewReader(zstded(t, bomb)), 0, "too_large", 413},
		{"a window too wide", "zstd", bytes.NewReader(wide), 0, "too_large", 413},
		{"more than allowed", "", bytes.NewReader(text), 200_000, "too_large", 413},
		{"more than the server allows", "", limited, 0, "too_large", 413},
		{"a client that hangs", "", io.MultiReader(bytes.NewReader(text[:300_000]), iotest.ErrReader(os.ErrDeadlineExceeded)), 0, "timeout", 408},
		{"another failure", "gzip", iotest.ErrReader(errors.New("boom")), 0, "read_failed", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			reader := intake.NewReader(c.stream, formatOf(t, csvType, c.encoding), intake.Options{MaxBytes: c.max})
			last := 0
			for {
				row, err := reader.Next()
				if err == nil {
					if len(row.Problems) > 0 {
						t.Fatalf("a row is bad: %v", row.Problems)
					}
					last = row.Line
					continue
				}
				var fault *intake.Error
				if !errors.As(err, &fault) || fault.Problems[0].Code != c.code || fault.Status != c.status || fault.Err == nil {
					t.Fatalf("ends with %#v", err)
				}
				if last > 0 && fault.Problems[0].Line != last+1 {
					t.Errorf("the break is at line %d, the last row at %d", fault.Problems[0].Line, last)
				}
				if _, again := reader.Next(); again != err {
					t.Errorf("the second answer is %v", again)
				}
				return
			}
		})
	}
}

// TestPiecesDoNotMatter reads the same text as it comes from a slow client.
func TestPiecesDoNotMatter(t *testing.T) {
	text := windows1251(t, "ЛС;ФИО;note\n1;Пётр;\"a\n\"\"b\"\"\"\n2;\"x\n3;Ян;\n") + strings.Repeat("4;\xdf\xed;x\n", 1000)
	want := read(t, csvType, text)
	for name, r := range map[string]io.Reader{
		"one byte":       iotest.OneByteReader(strings.NewReader(text)),
		"half":           iotest.HalfReader(strings.NewReader(text)),
		"error with EOF": iotest.DataErrReader(strings.NewReader(text)),
	} {
		if got := show(intake.NewReader(r, formatOf(t, csvType, ""), intake.Options{})); got != want {
			t.Errorf("%s: read\n%.300s\nwant\n%.300s", name, got, want)
		}
	}
}

// endless repeats a text n times without holding it.
type endless struct {
	text string
	n    int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.n == 0 {
			return 0, io.EOF
		}
		e.n--
		e.rest = e.text
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestMemoryIsBounded reads 24 MB of the worst and looks at what is held on the way. It also ends soon: lines that make the search
// for a closing quote go on and on are read in a time that grows with the size of the file only.
func TestMemoryIsBounded(t *testing.T) {
	some := strings.Repeat("x", 60)
	for name, text := range map[string]string{
		"good rows":             "1,Иванов " + some + "\n",
		"quotes never closed":   "1,\"Иванов " + some + "\n",
		"quotes that pair up":   some + "\",\"\n",
		"quotes that pair up 2": "1," + some + "\",\"\n",
		"long rows":             "1," + strings.Repeat("x", 200<<10) + "\n",
		"delimiters":            strings.Repeat(",", 250<<10) + "\n",
		"quoted cells":          "1" + strings.Repeat(`,""`, 80<<10) + "\n",
		"no line end":           strings.Repeat("x", 1<<20),
		"no closing quote":      "\"" + strings.Repeat(some+"\n", 1<<14),
		"blank":                 "\n",
		"NUL":                   "\x00" + some + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			text = strings.Repeat(text, max(1, (64<<10)/len(text)))
			reader := intake.NewReader(io.MultiReader(strings.NewReader("account,name\n"), &endless{text: text, n: 24 << 20 / len(text)}), formatOf(t, csvType, ""), intake.Options{})
			before, most := heap(), uint64(0)
			for n := 0; ; n++ {
				_, err := reader.Next()
				if n%100_000 == 1000 {
					most = max(most, heap())
				}
				if err != nil {
					break
				}
			}
			if most > before+12<<20 {
				t.Errorf("%d MiB are held", (most-before)>>20)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
