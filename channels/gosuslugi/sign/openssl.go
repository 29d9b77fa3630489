package sign

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// OpenSSL signs with the program openssl and its engine gost (Debian: libengine-gost-openssl). A request takes two runs: one for its digests,
// one for its signature.
type OpenSSL struct {
	Program string // empty: openssl
	Key     []byte // the private key, PEM without a password; empty: it only makes digests
}

// CheckKey tells what is wrong with a private key before anybody tries it: it has to be PEM, and without a password, for there is nobody to ask.
func CheckKey(text []byte) error {
	for {
		block, rest := pem.Decode(text)
		switch {
		case block == nil:
			return &Failure{Words: "ключ подписи — не закрытый ключ PEM (gis.key_file) // the key of the signature is no private key in PEM (gis.key_file)"}
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["Proc-Type"] != "":
			return &Failure{Words: "ключ подписи под паролем; без пароля: openssl pkcs8 -engine gost -topk8 -nocrypt // the key of the signature has a password; to take it away: openssl pkcs8 -engine gost -topk8 -nocrypt"}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil
		}
		text = rest
	}
}

// Digests makes digests; see Signer.
func (o OpenSSL) Digests(ctx context.Context, texts ...[]byte) ([][]byte, error) {
	args := []string{"dgst", "-engine", "gost", "-md_gost12_256", "-r"}
	for i := range texts {
		args = append(args, device(i))
	}
	said, err := o.run(ctx, nil, texts, args...)
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(bytes.TrimSpace(said), []byte{'\n'})
	if len(lines) != len(texts) {
		return nil, o.strange()
	}
	digests := make([][]byte, len(lines))
	for i, line := range lines {
		if digests[i], err = digestIn(string(line)); err != nil {
			return nil, o.strange()
		}
	}
	return digests, nil
}

// Sign signs; see Signer. The engine's order of bytes is what ГИС ЖКХ wants: s before r, each big-endian.
func (o OpenSSL) Sign(ctx context.Context, _ *Certificate, text []byte) ([]byte, error) {
	if err := CheckKey(o.Key); err != nil {
		return nil, err
	}
	return o.run(ctx, bytes.NewReader(text), [][]byte{o.Key}, "dgst", "-engine", "gost", "-md_gost12_256", "-sign", device(0))
}

// Hash94 makes the digest of an attachment; see Signer.
func (o OpenSSL) Hash94(ctx context.Context, file io.Reader) (string, error) {
	said, err := o.run(ctx, file, nil, "dgst", "-engine", "gost", "-md_gost94", "-r")
	if err != nil {
		return "", err
	}
	digest, err := digestIn(string(said))
	if err != nil {
		return "", o.strange()
	}
	return hex.EncodeToString(digest), nil
}

// Fits tells whether the key is the certificate's; nil if it is.
func (o OpenSSL) Fits(ctx context.Context, certificate *Certificate) error {
	if err := CheckKey(o.Key); err != nil {
		return err
	}
	public, err := o.run(ctx, nil, [][]byte{o.Key}, "pkey", "-engine", "gost", "-in", device(0), "-pubout", "-outform", "DER")
	if err != nil {
		return err
	}
	if !certificate.fits(public) {
		return &Failure{Words: "ключ (gis.key_file) не от этого сертификата (gis.cert_file) // the key (gis.key_file) is not that of the certificate (gis.cert_file)"}
	}
	return nil
}

// Verify tells whether a signature is by the key of a certificate; nil if it is.
func (o OpenSSL) Verify(ctx context.Context, by *Certificate, text, signature []byte) error {
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: by.key})
	_, err := o.run(ctx, bytes.NewReader(text), [][]byte{public, signature}, "dgst", "-engine", "gost", "-md_gost12_256", "-verify", device(0), "-signature", device(1))
	return err
}

// run runs openssl and finds words for the commonest failures.
func (o OpenSSL) run(ctx context.Context, stdin io.Reader, files [][]byte, args ...string) ([]byte, error) {
	said, err := run(ctx, stdin, files, cmp.Or(o.Program, "openssl"), args...)
	if failed, is := errors.AsType[*Failure](err); is && strings.Contains(strings.ToLower(failed.Said), "engine") && !strings.Contains(failed.Said, `"gost" set`) {
		return nil, &Failure{Words: "у openssl нет движка gost: установите libengine-gost-openssl // openssl has no engine gost: install libengine-gost-openssl", Said: failed.Said}
	}
	return said, err
}

func (o OpenSSL) strange() error {
	return &Failure{Words: "openssl отвечает непонятно // openssl answers strangely"}
}

// device is the file of a process that its n-th extra file can be read from.
func device(n int) string { return fmt.Sprintf("/dev/fd/%d", n+3) }

// digestIn reads the digest that a line begins with.
func digestIn(line string) ([]byte, error) {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	digest, err := hex.DecodeString(word)
	if err == nil && len(digest) != digestSize {
		err = errors.New("sign: a digest has 32 bytes")
	}
	return digest, err
}

const digestSize = 32
