package intake

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Bounds of compressed streams. Lists of recipients compress 5 to 30 times; deflate reaches 1032 at most (zlib's technical notes).
const (
	maxWindow = 8 << 20  // of zstd: what RFC 8878 §3.1.1.1.2 asks every decoder to support
	freeBytes = 16 << 20 // may be unpacked from anything
	maxRatio  = 250      // beyond that
)

var errTooLarge = errors.New("more text than is allowed")

// inflater unpacks a stream and bounds it. It opens the compressed stream at the first Read, so that making it cannot fail.
type inflater struct {
	packed      io.Reader
	compression string
	text        io.Reader
	in, out     int64
	max         int64
	cause       error // why the packed stream could not be read
}

func newInflater(r io.Reader, compression string, max int64) *inflater {
	return &inflater{packed: r, compression: compression, max: max}
}

// Read answers io.EOF only where the compressed stream is complete.
func (f *inflater) Read(p []byte) (int, error) {
	if f.text == nil {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	n, err := f.text.Read(p)
	f.out += int64(n)
	if f.out > f.max || f.compression != "" && f.out > freeBytes && f.out > f.in*maxRatio {
		return 0, errTooLarge
	}
	return n, err
}

func (f *inflater) open() (err error) {
	switch f.compression {
	case gzipped:
		f.text, err = gzip.NewReader(counted{f})
	case zstded:
		f.text, err = zstd.NewReader(counted{f}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	default:
		f.text = counted{f}
	}
	return err
}

// counted reads the packed stream, counts it and remembers what went wrong with it, which unpackers may hide.
type counted struct{ *inflater }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.packed.Read(p)
	c.in += int64(n)
	if err != nil && err != io.EOF {
		c.cause = err
	}
	return n, err
}

// fault says what the failed stream is called, and which status tells it.
func (f *inflater) fault(err error) (code string, status int, cause error) {
	if f.cause != nil {
		err = f.cause
	}
	var tooMuch *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.As(err, &tooMuch):
		return "too_large", http.StatusRequestEntityTooLarge, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout", http.StatusRequestTimeout, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut_off", http.StatusBadRequest, err
	case f.cause == nil && f.compression != "":
		return "bad_" + f.compression, http.StatusBadRequest, err
	}
	return "read_failed", http.StatusBadRequest, err
}
