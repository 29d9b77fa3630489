package engine

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Ordinals is a list of recipients of one campaign in ascending order. As text it is the base64 of the differences, one or two bytes a
// recipient, so that a fact of a whole batch is a small journal entry.
type Ordinals []Ordinal

// OrdinalsOf gives the ordinals of the members of a chunk.
func OrdinalsOf(chunk int, members Members) Ordinals {
	list := make(Ordinals, 0, members.Count())
	for i := range members.All() {
		list = append(list, OrdinalOf(chunk, i))
	}
	return list
}

// MarshalText writes the list; it must be in ascending order.
func (o Ordinals) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, len(o)+8)
	last := Ordinal(0)
	for _, ordinal := range o {
		if ordinal < last {
			return nil, errors.New("ordinals are not in ascending order")
		}
		packed = binary.AppendUvarint(packed, uint64(ordinal-last))
		last = ordinal
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (o *Ordinals) UnmarshalText(text []byte) error {
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return errors.New("ordinals are not base64")
	}
	list, last := make(Ordinals, 0, len(packed)), Ordinal(0)
	for len(packed) > 0 {
		step, n := binary.Uvarint(packed)
		if n <= 0 {
			return errors.New("ordinals are cut short")
		}
		last += Ordinal(step)
		list, packed = append(list, last), packed[n:]
	}
	*o = list
	return nil
}
