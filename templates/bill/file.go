package bill

import (
	"bytes"
	"fmt"
	"strconv"
)

// file is a document that is read (ISO 32000-1, 7.5).
type file struct {
	pdf     []byte
	at      []int  // where each object begins, by its number
	trailer []byte // what it says about itself
}

// object is one of a document: what it says about itself, and its stream.
type object struct{ dict, stream []byte }

// open finds the objects of a document by the table at its end.
func (f *file) open(pdf []byte) error {
	*f = file{pdf: pdf, at: f.at[:0]}
	body, whole := bytes.CutSuffix(pdf, []byte("\n%%EOF\n"))
	start, number := bytes.LastIndex(body, []byte("startxref\n")), 0
	if whole && start >= 0 {
		number, _ = strconv.Atoi(string(body[start+len("startxref\n"):]))
	}
	if number <= 0 || number >= start || !bytes.HasPrefix(pdf[number:], []byte("xref\n0 ")) {
		return fmt.Errorf("it has no end: %w", errUnreadable)
	}
	head, entries, _ := bytes.Cut(pdf[number+len("xref\n0 "):start], []byte("\n"))
	count, _ := strconv.Atoi(string(head))
	const entry = len("0000000000 65535 f \n")
	if count <= 0 || count > len(entries)/entry {
		return fmt.Errorf("it has no table of its objects: %w", errUnreadable)
	}
	for ; count > 0; count, entries = count-1, entries[entry:] {
		at, err := strconv.Atoi(string(entries[:10]))
		if err != nil || at < 0 || at >= len(pdf) {
			return fmt.Errorf("an object that is nowhere: %w", errUnreadable)
		}
		f.at = append(f.at, at)
	}
	f.trailer = entries
	return nil
}

// object finds an object.
func (f *file) object(number int) (o object, err error) {
	if number <= 0 || number >= len(f.at) {
		return o, fmt.Errorf("an object that is not there: %w", errUnreadable)
	}
	body, found := bytes.CutPrefix(f.pdf[f.at[number]:], strconv.AppendInt(nil, int64(number), 10))
	if body, found = bytes.CutPrefix(body, []byte(" 0 obj\n")); !found {
		return o, fmt.Errorf("an object that is not where it should be: %w", errUnreadable)
	}
	end := bytes.Index(body, []byte("endobj"))
	if end < 0 {
		return o, fmt.Errorf("an object without an end: %w", errUnreadable)
	}
	dict, _, streams := bytes.Cut(body[:end], []byte("stream\n"))
	if !streams {
		return object{dict: dict}, nil
	}
	o = object{dict: dict}
	length := numberOf(dict, "/Length")
	if from := len(dict) + len("stream\n"); length <= len(body)-from {
		o.stream = body[from : from+length]
		return o, nil
	}
	return o, fmt.Errorf("a stream without an end: %w", errUnreadable)
}

// follow goes from a dictionary to the object that it names under a key, from there on to the next, and gives the last.
func (f *file) follow(dict []byte, keys ...string) (o object, err error) {
	for _, key := range keys {
		if o, err = f.object(numberOf(dict, key)); err != nil {
			return o, err
		}
		dict = o.dict
	}
	return o, nil
}

// numberOf is the number behind a key, or the first one of its list, or that of the object it names; 0: there is none.
func numberOf(dict []byte, key string) (number int) {
	for _, digit := range bytes.TrimLeft(behind(dict, key), "[ ") {
		if digit < '0' || digit > '9' || number > 1<<30 {
			break
		}
		number = number*10 + int(digit-'0')
	}
	return number
}

// behind is what follows a key.
func behind(dict []byte, key string) []byte {
	for {
		at := bytes.Index(dict, []byte(key))
		if at < 0 {
			return nil
		}
		if dict = dict[at+len(key):]; len(dict) > 0 && dict[0] == ' ' {
			return dict
		}
	}
}

// references are the numbers of the objects in the list behind a key.
func references(dict []byte, key string) (numbers []int) {
	list, _, _ := bytes.Cut(behind(dict, key), []byte("]"))
	for i, word := range bytes.Fields(bytes.TrimLeft(list, "[ ")) {
		if number, err := strconv.Atoi(string(word)); i%3 == 0 && err == nil { // 15 0 R
			numbers = append(numbers, number)
		}
	}
	return numbers
}
