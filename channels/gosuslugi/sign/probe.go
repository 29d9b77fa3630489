package sign

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
)

// Digests that are known: GOST R 34.11-2012 of a text (RFC 6986, section 10.1.1, M1, which writes it from the other end), and GOST R 34.11-94 with the parameters
// of CryptoPro of another (RFC 4357, section 11.2, has the parameters).
const (
	knownText   = "012345678901234567890123456789012345678901234567890123456789012"
	knownDigest = "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"
	knownShort  = "abc"
	knownHash94 = "b285056dbf18d7392d7677369524dd14747459ed8143997e163b2986f92fd42c"
)

// ErrNotVerified says that there was nothing to verify a signature with: the signer does not fail, and more is not known.
var ErrNotVerified = errors.New("sign: the signature cannot be verified here")

// Probe tells what is wrong with a signer, so that it is known before ГИС ЖКХ refuses a request: whether its digests are those that are
// known, and whether it signs with the key of the certificate. The latter openssl is asked for: ErrNotVerified if it cannot tell.
func Probe(ctx context.Context, signer Signer, by *Certificate, openssl OpenSSL) error {
	digests, err := signer.Digests(ctx, []byte(knownText))
	if err != nil {
		return err
	}
	hash, err := signer.Hash94(ctx, strings.NewReader(knownShort))
	switch {
	case err != nil:
		return err
	case hex.EncodeToString(digests[0]) != knownDigest:
		return unfit("хеш ГОСТ Р 34.11-2012 не тот: другой алгоритм или обратный порядок байт // the digest of GOST R 34.11-2012 is wrong: another algorithm, or bytes in the other order")
	case hash != knownHash94:
		return unfit("хеш ГОСТ Р 34.11-94 не тот: нужны параметры КриптоПро // the digest of GOST R 34.11-94 is wrong: the parameters of CryptoPro are needed")
	}
	value, err := signer.Sign(ctx, by, []byte(knownText))
	if err != nil {
		return err
	}
	if _, err := openssl.Digests(ctx, nil); err != nil {
		return ErrNotVerified
	}
	if openssl.Verify(ctx, by, []byte(knownText), value) == nil {
		return nil
	}
	turned := bytes.Clone(value)
	for i, j := 0, len(turned)-1; i < j; i, j = i+1, j-1 {
		turned[i], turned[j] = turned[j], turned[i]
	}
	if openssl.Verify(ctx, by, []byte(knownText), turned) == nil {
		return unfit("байты подписи в обратном порядке: нужны s и затем r, старшим байтом вперёд // the bytes of the signature are in the other order: s and then r are wanted, each big-endian")
	}
	return unfit("подпись сделана не ключом этого сертификата // the signature is not by the key of this certificate")
}
