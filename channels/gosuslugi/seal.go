package gosuslugi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"io"

	"vestnik/channels/gosuslugi/sign"
	"vestnik/engine"
)

// How requests are signed (the setting gis.signing).
const (
	signingOff     = "off"
	signingOpenSSL = "openssl" // by the program openssl, with the provider's key
	signingCommand = "command" // by the command of the installation, which has the key
)

// signer makes the signatures and digests of a provider. The command is the operator's: a provider can only choose to have it used.
func (c *Channel) signer(o *office) sign.Signer {
	if o.signing == signingCommand {
		return sign.Command(c.cfg.SignCommand)
	}
	return sign.OpenSSL{Program: c.cfg.OpenSSL, Key: []byte(o.key)}
}

// hash94 makes the digest of an attachment (AttachmentHASH), whether or not requests are signed. An error is a *sign.Failure when the installation
// is not set up for it.
func (c *Channel) hash94(ctx context.Context, o *office, file io.Reader) (string, error) {
	return c.signer(o).Hash94(ctx, file)
}

// identity is who signs for a provider. It is made once for a key and a certificate, and kept.
func (c *Channel) identity(ctx context.Context, o *office) (*sign.Identity, error) {
	sum := sha256.Sum256([]byte(o.signing + "\x00" + o.key + "\x00" + o.cert))
	if known, there := c.identities.Load(sum); there {
		return known.(*sign.Identity), nil
	}
	certificate, err := sign.ParseCertificate([]byte(o.cert))
	if err != nil {
		return nil, err
	}
	signer := c.signer(o)
	if openssl, is := signer.(sign.OpenSSL); is {
		if err := openssl.Fits(ctx, certificate); err != nil {
			return nil, err
		}
	}
	who, err := sign.NewIdentity(ctx, certificate, signer)
	if err != nil {
		return nil, err
	}
	c.identities.Store(sum, who)
	return who, nil
}

// seal writes the element of a request in its canonical form, with a signature. What has no place for one (getState, getRequestsState) is
// nil: it is sent as it is written.
func (c *Channel) seal(ctx context.Context, o *office, write body) ([]byte, *failure) {
	if o.signing == signingOff {
		return nil, nil
	}
	var text bytes.Buffer
	encoder := xml.NewEncoder(&text)
	if err := errors.Join(write(encoder), encoder.Flush()); err != nil {
		return nil, unwritable()
	}
	first, _, _ := bytes.Cut(text.Bytes(), []byte{'>'})
	if !bytes.Contains(first, []byte(` Id="`+container+`"`)) {
		return nil, nil
	}
	now := c.cfg.now()
	who, err := c.identity(ctx, o)
	if err == nil {
		err = who.Certificate().ValidAt(now)
	}
	var sealed []byte
	if err == nil {
		sealed, err = who.Seal(ctx, text.Bytes(), now)
	}
	if err != nil {
		return nil, unsigned(ctx, err)
	}
	return sealed, nil
}

// unsigned is the failure of a request that could not be signed: it was not sent.
func unsigned(ctx context.Context, err error) *failure {
	if ctx.Err() != nil {
		return &failure{Fault: untried(ctx)}
	}
	if failed, is := errors.AsType[*sign.Failure](err); is {
		return &failure{Fault: &engine.Fault{Reason: engine.Misconfigured, Code: "sign", Whole: true, Err: failed}}
	}
	return &failure{Fault: &engine.Fault{Reason: engine.Unavailable, Code: "sign", Whole: true, Err: errors.New("the request cannot be signed")}}
}

// unwritable is the failure of a request that encoding/xml refuses.
func unwritable() *failure {
	return &failure{Fault: &engine.Fault{Reason: engine.BadMessage, Code: "xml", Err: errors.New("the request cannot be written")}}
}

// signingOf reads how a provider's requests are signed.
func signingOf(p engine.Provider, stand string, must bool) (signing string, err error) {
	signing = cmp.Or(p.Setting(settingSigning), signingOff)
	switch {
	case signing == signingOff && must:
		return "", misfit("стенд " + stand + " принимает только подписанные запросы: задайте gis.signing=openssl или command // the stand " + stand +
			" takes signed requests only: set gis.signing to openssl or command")
	case signing == signingOff:
		return signing, nil
	case signing != signingOpenSSL && signing != signingCommand:
		return "", misfit("gis.signing бывает off, openssl и command // the setting gis.signing is off, openssl or command")
	case p.Setting(settingCert) == "":
		return "", misfit("сертификат подписи не задан: gis.cert_file // the certificate of the signature is missing: gis.cert_file")
	case signing == signingOpenSSL && p.Setting(settingKey) == "":
		return "", misfit("ключ подписи не задан: gis.key_file // the key of the signature is missing: gis.key_file")
	}
	return signing, nil
}
