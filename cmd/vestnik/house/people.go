package house

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"vestnik/channels/email/inbound"
	"vestnik/engine"
)

// operatorsPost hands what people write to postmaster@ and abuse@ of the domains of returned mail to the operator: each letter whole, as a file of
// a mail of our own over our relays, so that neither its sender nor its signature has to pass for ours. nil when nobody is named.
func (h *House) operatorsPost() func(context.Context, inbound.Mail) error {
	b, channel := h.config.Email.Bounces, h.channels[engine.Email]
	if b.Operator == "" || channel == nil {
		return nil
	}
	from := engine.Sender{Provider: engine.Provider{Name: "Вестник", Settings: map[string]string{"email.from": "postmaster@" + b.Domain}}}
	return func(ctx context.Context, m inbound.Mail) error {
		sum := sha256.Sum256(m.Raw)
		letter := engine.Message{
			Key:       "letter-" + hex.EncodeToString(sum[:16]), // of one letter, however often it comes
			Return:    "operator",                               // by which it is known as ours, should it come round to us
			Recipient: &engine.Recipient{Email: b.Operator},
			Content: engine.Content{
				Subject: "Письмо на " + strings.ToLower(m.People),
				Text:    "На адрес " + strings.ToLower(m.People) + " написали. Письмо целиком — в приложенном файле letter.eml.\n\nОтправитель не проверен.\n",
				Files:   []engine.File{{Name: "letter.eml", Type: "application/octet-stream", Data: m.Raw}}, // a message/rfc822 may not be in base64 (RFC 2046 §5.2.1)
			},
		}
		if fault := channel.Send(ctx, from, []engine.Message{letter})[0].Fault; fault != nil {
			return fault
		}
		return nil
	}
}
