package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// list reads a body of many objects: a JSON array, or NDJSON. Each is handed to read with its name for mistakes ("[3]." or, with the form's
// line set, ""); more than limit are refused.
func (f *form) list(c echo.Context, limit int, read func(o *object)) error {
	body, err := readAll(c)
	if err != nil {
		return err
	}
	switch mediaType(c.Request()) {
	case echo.MIMEApplicationJSON:
		if err := wellFormed(f.language, body); err != nil {
			return err
		}
		return f.array(body, limit, read)
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		return f.lines(body, limit, read)
	}
	return fail(http.StatusUnsupportedMediaType, "unsupported_media_type", "application/json, application/x-ndjson")
}

func (f *form) array(body []byte, limit int, read func(o *object)) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if begin, err := d.Token(); err != nil || begin != json.Delim('[') {
		f.wrong("", "type", say(f.language, "want_array"))
		return nil
	}
	for i := 0; d.More(); i++ {
		if i == limit {
			return fail(http.StatusRequestEntityTooLarge, "too_many_items", limit)
		}
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return fmt.Errorf("read an array: %w", err)
		}
		read(f.object(fmt.Sprintf("[%d].", i), item))
	}
	return nil
}

func (f *form) lines(body []byte, limit int, read func(o *object)) error {
	n := 0
	for number, line := range bytes.Split(bytes.TrimPrefix(body, []byte("\ufeff")), []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if n++; n > limit {
			return fail(http.StatusRequestEntityTooLarge, "too_many_items", limit)
		}
		f.line = number + 1
		err := wellFormed(f.language, line)
		if broken, ok := errors.AsType[*failure](err); ok {
			for _, p := range broken.mistakes {
				p.Line = f.line
				f.mistakes = append(f.mistakes, p)
			}
			continue
		}
		if err != nil {
			return err
		}
		read(f.object("", line))
	}
	f.line = 0
	return nil
}

// each reads an object that is one item, or holds up to limit of them in its member items.
func (o *object) each(limit int, read func(item *object)) error {
	if _, many := o.members["items"]; !many {
		read(o)
		o.close()
		return nil
	}
	var items []json.RawMessage
	if raw, _ := o.take("items", required); raw != nil && json.Unmarshal(raw, &items) != nil {
		o.wrong("items", "type", say(o.language, "want_array"))
	}
	if len(items) > limit {
		return fail(http.StatusRequestEntityTooLarge, "too_many_items", limit)
	}
	for i, raw := range items {
		item := o.object(fmt.Sprintf("items[%d].", i), raw)
		read(item)
		item.close()
	}
	o.close()
	return nil
}
