package api

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// slowest is how many bytes a second a client has to send at least, once its pause is used up.
const slowest = 1 << 10

// bound limits how large a body may be and how long a client may take to send it.
func (s *Server) bound(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if r.body == 0 {
			return next
		}
		return func(c echo.Context) error {
			req := c.Request()
			if req.ContentLength > r.body {
				return fail(http.StatusRequestEntityTooLarge, "too_large", bytesText(r.body))
			}
			paced := &pacedBody{
				ReadCloser: req.Body, conn: http.NewResponseController(c.Response()), idle: s.config.BodyIdle, begin: time.Now(),
			}
			req.Body = http.MaxBytesReader(c.Response().Writer, paced, r.body)
			return next(c)
		}
	}
}

// pacedBody is a body whose client must go on sending: a pause longer than idle, or a trickle, ends the connection. The time to answer
// begins anew with every read.
type pacedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	idle  time.Duration
	begin time.Time
	n     int64
}

// Read answers os.ErrDeadlineExceeded when the client was too slow.
func (b *pacedBody) Read(p []byte) (int, error) {
	now := time.Now()
	deadline := now.Add(b.idle)
	if trickle := b.begin.Add(2*b.idle + time.Duration(b.n/slowest)*time.Second); trickle.Before(deadline) {
		deadline = trickle
	}
	// A test's recorder has no deadlines: then there is no client to wait for either.
	_ = b.conn.SetReadDeadline(deadline)
	_ = b.conn.SetWriteDeadline(now.Add(b.idle + answerTimeout))
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err == io.EOF {
		// Or the deadline would end the request's context while the answer is being made.
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// readAll reads a bounded body that is not compressed.
func readAll(c echo.Context) ([]byte, error) {
	if e := c.Request().Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, fail(http.StatusUnsupportedMediaType, "unsupported_encoding")
	}
	return io.ReadAll(c.Request().Body)
}

// mediaType gives a request's media type in lower case without its parameters.
func mediaType(r *http.Request) string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}
