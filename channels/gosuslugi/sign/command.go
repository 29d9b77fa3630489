package sign

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
)

// Command signs with a program of the operator's, which has the key wherever it is: CryptoPro CSP, a token, an HSM. Its words are the program and
// what it is always given; a word that says what is wanted is added, and the data come on standard input, byte by byte to the end:
//
//	PROGRAM … digest            answers the GOST R 34.11-2012 digest (256 bits), 64 hexadecimal digits, in the natural order of bytes
//	PROGRAM … sign FINGERPRINT  signs by the key of the certificate with this SHA-1 fingerprint (capital hexadecimal digits) and answers
//	                            the GOST R 34.10-2012 signature (256 bits) in base64: 64 bytes, s and then r, each big-endian, as CryptoPro
//	                            and the engine gost give it
//	PROGRAM … hash94            answers the GOST R 34.11-94 digest (parameters of CryptoPro), 64 hexadecimal digits
//
// It answers on standard output with one line and ends with 0; with any other code it has failed, and the beginning of its standard error is shown to
// the operator. It is run anew for each, several at the same time, for a minute at most.
type Command []string

// Digests makes digests; see Signer.
func (c Command) Digests(ctx context.Context, texts ...[]byte) ([][]byte, error) {
	digests := make([][]byte, len(texts))
	for i, text := range texts {
		said, err := c.run(ctx, bytes.NewReader(text), "digest")
		if err != nil {
			return nil, err
		}
		if digests[i], err = digestIn(said); err != nil {
			return nil, c.strange()
		}
	}
	return digests, nil
}

// Sign signs; see Signer.
func (c Command) Sign(ctx context.Context, by *Certificate, text []byte) ([]byte, error) {
	said, err := c.run(ctx, bytes.NewReader(text), "sign", by.Fingerprint)
	if err != nil {
		return nil, err
	}
	value, err := base64.StdEncoding.DecodeString(said)
	if err != nil || len(value) != signatureSize {
		return nil, c.strange()
	}
	return value, nil
}

// Hash94 makes the digest of an attachment; see Signer.
func (c Command) Hash94(ctx context.Context, file io.Reader) (string, error) {
	said, err := c.run(ctx, file, "hash94")
	if err != nil {
		return "", err
	}
	digest, err := digestIn(said)
	if err != nil {
		return "", c.strange()
	}
	return hex.EncodeToString(digest), nil
}

func (c Command) run(ctx context.Context, stdin io.Reader, words ...string) (string, error) {
	if len(c) == 0 {
		return "", &Failure{Words: "команды для подписи нет: в настройках установки не задано gosuslugi.sign_command // there is no command to sign with: gosuslugi.sign_command of the installation is not set"}
	}
	args := append(append([]string{}, c[1:]...), words...)
	said, err := run(ctx, stdin, nil, c[0], args...)
	return strings.TrimSpace(string(said)), err
}

func (c Command) strange() error {
	return &Failure{Words: "команда для подписи отвечает не так, как надо: одной строкой, см. channels/gosuslugi/README.md // the command that signs does not answer as it should: one line, see channels/gosuslugi/README.md"}
}
