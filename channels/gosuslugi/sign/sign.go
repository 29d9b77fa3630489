// Package sign seals requests to ГИС ЖКХ with a signature: XAdES-BES, enveloped in the element of the request, exclusive canonical form and
// GOST R 34.11-2012 and 34.10-2012 (256 bits) everywhere.
//
// It writes the XML and keeps to the profile. Every digest and every signature is made outside, by a Signer: OpenSSL with the gost
// engine, or a command of the operator's, such as one of CryptoPro's. It has no cryptography of its own, keeps no key longer than its Signer
// does, and connects to nothing.
package sign

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"
)

// Signer makes digests and signatures by the Russian standards. It is safe for concurrent use.
type Signer interface {
	// Digests gives the GOST R 34.11-2012 digest (256 bits) of each text, in the natural order of bytes: as OpenSSL prints it.
	Digests(ctx context.Context, texts ...[]byte) ([][]byte, error)
	// Sign gives the GOST R 34.10-2012 signature (256 bits) of a text by the key of a certificate: 64 bytes, s and then r, each big-endian.
	Sign(ctx context.Context, by *Certificate, text []byte) ([]byte, error)
	// Hash94 gives the GOST R 34.11-94 digest (parameters of CryptoPro) of a file, in hexadecimal digits: what ГИС ЖКХ asks of attachments.
	Hash94(ctx context.Context, file io.Reader) (string, error)
}

// Container is the Id of the element that is signed.
const Container = "signed-data-container"

// Identity is who signs.
type Identity struct {
	certificate *Certificate
	digest      []byte // of the certificate
	signer      Signer
}

// NewIdentity makes the identity of a certificate whose key the signer has.
func NewIdentity(ctx context.Context, certificate *Certificate, signer Signer) (*Identity, error) {
	digests, err := signer.Digests(ctx, certificate.der)
	if err != nil {
		return nil, fmt.Errorf("digest of the certificate: %w", err)
	}
	return &Identity{certificate: certificate, digest: digests[0], signer: signer}, nil
}

// Certificate is whose signature it is.
func (i *Identity) Certificate() *Certificate { return i.certificate }

// Seal signs a request. text is its element as encoding/xml writes it, with all namespaces that it uses declared and with Container as its
// Id; what comes back is the element in canonical form with the signature as its first child, to be sent byte by byte.
func (i *Identity) Seal(ctx context.Context, text []byte, now time.Time) ([]byte, error) {
	form, head, err := canonical(text)
	if err != nil {
		return nil, err
	}
	id := newID()
	properties, err := write(i.properties(id, now))
	if err != nil {
		return nil, err
	}
	digests, err := i.signer.Digests(ctx, form, properties)
	if err != nil {
		return nil, fmt.Errorf("digest of the request: %w", err)
	}
	info, err := write(infoOf(id, digests[0], digests[1]))
	if err != nil {
		return nil, err
	}
	value, err := i.signer.Sign(ctx, i.certificate, info)
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	if len(value) != signatureSize {
		return nil, &Failure{Words: "подпись не ГОСТ Р 34.10-2012 (256 бит) // the signature is not one of GOST R 34.10-2012 with 256 bits"}
	}
	whole := signature{DS: signatureSpace, ID: id, Info: info}
	whole.Value.ID, whole.Value.Text = id+"-sigvalue", encode(value)
	whole.Certificate = encode(i.certificate.der)
	whole.Object.Space, whole.Object.Target, whole.Object.Properties = propertiesSpace, "#"+id, properties
	seal, err := write(whole)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 0, len(form)+len(seal))
	return append(append(append(sealed, form[:head]...), seal...), form[head:]...), nil
}

// signatureSize is the length of a signature of 256 bits: two numbers.
const signatureSize = 64

// errNotSimple is what came of a text that encoding/xml does not write.
var errNotSimple = errors.New("sign: not an element as encoding/xml writes it")

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
