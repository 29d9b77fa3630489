package chdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// writeTimeout is how long a client may take to receive one piece of an answer.
const writeTimeout = time.Minute

// frame is the piece in which answers are compressed and sent.
const frame = 1 << 20

// answer sends a result of the engine to the client. Its errors are *exception while nothing was sent yet.
type answer struct {
	http.ResponseWriter
	compressor *compress.Writer // nil: plain
	begun      bool
}

// Write sends p, compressed into ClickHouse's own frames if the client asked for them.
func (a *answer) Write(p []byte) (int, error) {
	if err := http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, fmt.Errorf("limit the time for the answer: %w", err)
	}
	a.begun = true
	if a.compressor == nil {
		return a.ResponseWriter.Write(p)
	}
	total := len(p)
	for len(p) > 0 {
		piece := p[:min(frame, len(p))]
		if err := a.compressor.Compress(piece); err != nil {
			return 0, fmt.Errorf("compress the answer: %w", err)
		}
		if _, err := a.ResponseWriter.Write(a.compressor.Data); err != nil {
			return 0, err
		}
		p = p[len(piece):]
	}
	return total, nil
}

// reencode writes Native blocks of revision 0, as libchdb makes them, in the revision the client speaks: newer ones put block information before
// each block and a flag before each column. Only a decoder knows where a column ends, so blocks are decoded, one at a time.
func reencode(w io.Writer, data []byte, revision uint64) error {
	reader := chproto.NewReader(bytes.NewReader(data))
	var out chproto.Buffer
	for {
		block := proto.Block{ServerContext: &column.ServerContext{Timezone: time.UTC}}
		switch err := block.Decode(reader, 0); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return raise(codeNotImplemented, "The embedded engine cannot send this result in Native: "+err.Error())
		}
		out.Reset()
		if err := block.Encode(&out, revision); err != nil {
			return raise(codeNotImplemented, "The embedded engine cannot send this result in Native: "+err.Error())
		}
		if _, err := w.Write(out.Buf); err != nil {
			return fmt.Errorf("send the result: %w", err)
		}
	}
}
