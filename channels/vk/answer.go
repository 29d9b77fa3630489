package vk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

// item is what one call of a program came to.
type item struct {
	value json.RawMessage
	fault *engine.Fault
}

// match brings a program's answer together with its errors. A call that failed returns false, and its error stands in execute_errors, in
// the order of the calls; there the last one is repeated as an error of execute itself. When they do not match, nobody can tell whose errors
// they are: unless all are the same, such calls are tried again.
func match(reply []json.RawMessage, failed api.ExecuteErrors, calls int) ([]item, *engine.Fault) {
	if len(reply) != calls {
		return nil, &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK answered another number of calls than were made")}
	}
	var codes []int
	same := true
	for _, f := range failed {
		if f.Method != "execute" {
			codes = append(codes, f.Code)
			same = same && f.Code == codes[0]
		}
	}
	items := make([]item, calls)
	var silent []int
	for i, value := range reply {
		items[i].value = value
		if v := bytes.TrimSpace(value); bytes.Equal(v, []byte("false")) || bytes.Equal(v, []byte("null")) {
			silent = append(silent, i)
		}
	}
	for k, i := range silent {
		switch {
		case len(codes) == len(silent):
			items[i].fault = refusal(codes[k])
		case len(codes) > 0 && same:
			items[i].fault = refusal(codes[0])
		default:
			items[i].fault = &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK does not tell why")}
		}
	}
	return items, nil
}

// delivery is what messages.send answers about one of peer_ids. VK's schema names the fields of the error code and description; vksdk reads
// error_code, as in other errors. We take either.
type delivery struct {
	MessageID int64 `json:"message_id"`
	Error     *struct {
		Code      int `json:"code"`
		ErrorCode int `json:"error_code"`
	} `json:"error"`
}

// sent reads the item as an answer of messages.send: the id of the message, or why there is none.
func (i item) sent() (id string, fault *engine.Fault) {
	if i.fault != nil {
		return "", i.fault
	}
	var peers []delivery
	if err := json.Unmarshal(i.value, &peers); err != nil {
		var number int64 // what is answered to a single peer_id
		if err := json.Unmarshal(i.value, &number); err != nil {
			return "", &engine.Fault{Reason: engine.Unknown, Err: errors.New("the answer of VK cannot be read")}
		}
		peers = []delivery{{MessageID: number}}
	}
	switch {
	case len(peers) != 1:
		return "", &engine.Fault{Reason: engine.Unknown, Err: errors.New("VK answered about another number of peers than one")}
	case peers[0].Error != nil:
		return "", refusal(max(peers[0].Error.Code, peers[0].Error.ErrorCode))
	case peers[0].MessageID == 0:
		return "", nil // taken, and not named
	}
	return strconv.FormatInt(peers[0].MessageID, 10), nil
}
