package redisq

import (
	"encoding/binary"
	"errors"

	"vestnik/engine"
)

// A chunk's text is its recipients one behind the other: the length of each, then its fields as tag, length and bytes; empty fields are left out.
// It is read five times as fast as JSON, one recipient can be read without the others, and an unknown tag is passed over, so that fields may be
// added.

// The tags of fields: append only.
const (
	tagAccount = iota + 1
	tagName
	tagEmail
	tagVK
	tagGIS
	tagHouse
	tagPremises
	tagTimezone
	tagDelivery
	tagDocument
	tagPeriod
	tagAmount
	tagDueDate
	tagVars
)

// appendPerson appends one recipient.
func appendPerson(text []byte, r *engine.Recipient) []byte {
	record := make([]byte, 0, 512)
	for _, f := range [...]struct {
		tag   byte
		value string
	}{
		{tagAccount, r.Account}, {tagName, r.Name}, {tagEmail, r.Email}, {tagGIS, r.GISAccount}, {tagHouse, r.House},
		{tagPremises, r.Premises}, {tagTimezone, r.Timezone}, {tagDelivery, string(r.Delivery)}, {tagDocument, r.DocumentID},
		{tagPeriod, r.Period}, {tagDueDate, r.DueDate},
	} {
		if f.value != "" {
			record = binary.AppendUvarint(append(record, f.tag), uint64(len(f.value)))
			record = append(record, f.value...)
		}
	}
	if r.VKID != 0 {
		record = appendNumber(record, tagVK, r.VKID)
	}
	if r.Amount != nil {
		record = appendNumber(record, tagAmount, int64(*r.Amount))
	}
	if len(r.Vars) > 0 {
		record = binary.AppendUvarint(append(record, tagVars), uint64(len(r.Vars)))
		record = append(record, r.Vars...)
	}
	text = binary.AppendUvarint(text, uint64(len(record)))
	return append(text, record...)
}

func appendNumber(record []byte, tag byte, n int64) []byte {
	var digits [binary.MaxVarintLen64]byte
	size := binary.PutVarint(digits[:], n)
	return append(append(record, tag, byte(size)), digits[:size]...)
}

// errChunk tells nothing of what was read, which may be personal.
var errChunk = errors.New("a chunk is damaged")

// cut takes what a length is written before off the text.
func cut(text string) (head, rest string, err error) {
	var size uint64
	for i := 0; i < len(text) && i < binary.MaxVarintLen64; i++ {
		size |= uint64(text[i]&0x7f) << (7 * i)
		if text[i] < 0x80 {
			if rest = text[i+1:]; size > uint64(len(rest)) {
				break
			}
			return rest[:size], rest[size:], nil
		}
	}
	return "", "", errChunk
}

// readPeople reads all recipients.
func readPeople(text string) ([]engine.Recipient, error) {
	list := make([]engine.Recipient, 0, engine.ChunkSize)
	amounts := make([]engine.Money, engine.ChunkSize)
	for text != "" {
		record, rest, err := cut(text)
		if err != nil || len(list) == cap(list) {
			return nil, errChunk
		}
		list = append(list, engine.Recipient{})
		if err := readPerson(&list[len(list)-1], &amounts[len(list)-1], record); err != nil {
			return nil, err
		}
		text = rest
	}
	return list, nil
}

// personAt reads the recipient at a place and passes over those before; engine.ErrNotFound if there are not so many.
func personAt(text string, place int) (r engine.Recipient, err error) {
	for range place {
		if text == "" {
			break
		}
		if _, text, err = cut(text); err != nil {
			return r, err
		}
	}
	if text == "" {
		return r, engine.ErrNotFound
	}
	record, _, err := cut(text)
	if err != nil {
		return r, err
	}
	err = readPerson(&r, new(engine.Money), record)
	return r, err
}

func readPerson(r *engine.Recipient, amount *engine.Money, record string) error {
	for record != "" {
		tag := record[0]
		value, rest, err := cut(record[1:])
		if err != nil {
			return err
		}
		record = rest
		switch tag {
		case tagAccount:
			r.Account = value
		case tagName:
			r.Name = value
		case tagEmail:
			r.Email = value
		case tagVK:
			r.VKID, err = number(value)
		case tagGIS:
			r.GISAccount = value
		case tagHouse:
			r.House = value
		case tagPremises:
			r.Premises = value
		case tagTimezone:
			r.Timezone = value
		case tagDelivery:
			r.Delivery = engine.Delivery(value)
		case tagDocument:
			r.DocumentID = value
		case tagPeriod:
			r.Period = value
		case tagAmount:
			var kopecks int64
			kopecks, err = number(value)
			*amount = engine.Money(kopecks)
			r.Amount = amount
		case tagDueDate:
			r.DueDate = value
		case tagVars:
			r.Vars = []byte(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func number(value string) (int64, error) {
	n, size := binary.Varint([]byte(value))
	if size <= 0 {
		return 0, errChunk
	}
	return n, nil
}
