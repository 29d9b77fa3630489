package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"runtime"
	"sync/atomic"

	channel "vestnik/channels/email"
	"vestnik/engine"
)

// signedPart of the messages are also sent with a DKIM signature: an RSA key takes many times longer than all the rest.
const signedPart = 10

// signed sends messages signed with RSA-2048 through the channel, and in turns with that makes as many bare signatures: what a signed message
// may cost beside its signature is the difference. It tells how many were sent.
func (p *post) signed(r *Result) (sent int, err error) {
	key, text, err := makeKey()
	if err != nil {
		return 0, err
	}
	with := *p
	with.sender.Provider.Settings = maps.Clone(with.sender.Provider.Settings)
	with.sender.Provider.Settings[channel.SettingKey] = text
	with.sender.Provider.ID += "-signed"
	mails := Baseline{Name: "signed", Work: "messages from template to SMTP server, signed with DKIM by RSA-2048"}
	bare := Baseline{Name: "signatures", Work: "bare RSA-2048 signatures on all processors"}
	n := max(1, p.bed.options.N/signedPart/mailRounds)
	for round := range mailRounds {
		for _, turn := range []struct {
			sum  *Baseline
			unit string
			work func() error
		}{
			{&mails, "messages", func() error { return with.send(round*n, (round+1)*n, with.write) }},
			{&bare, "signatures", func() error { return sign(key, n) }},
		} {
			m, err := p.bed.timed(fmt.Sprintf("%s-%d", turn.sum.Name, round), n, turn.unit, turn.work)
			if err != nil {
				return sent, err
			}
			turn.sum.Measure = turn.sum.with(m)
		}
		sent += n
		p.bed.show("Подписанные письма // Signed e-mails", sent, mailRounds*n)
	}
	r.Baselines = append(r.Baselines, mails, bare)
	r.Goals = append(r.Goals, atLeast("signed", 0.7, mails.Rate/bare.Rate))
	return sent, nil
}

// makeKey makes an RSA key, also as the setting of a provider has it.
func makeKey() (*rsa.PrivateKey, string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", fmt.Errorf("make a key: %w", err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
}

// sign makes n signatures.
func sign(key *rsa.PrivateKey, n int) error {
	var next atomic.Int64
	digest := sha256.Sum256([]byte(engine.Email))
	return together(runtime.GOMAXPROCS(0), func() error {
		for next.Add(1) <= int64(n) {
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
