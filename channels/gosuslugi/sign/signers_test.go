package sign_test

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi/sign"
)

// script is a command such as an operator writes, with openssl in the place of CryptoPro. It knows one certificate by its fingerprint.
const script = `#!/bin/sh
set -e
case "$1" in
digest) openssl dgst -engine gost -md_gost12_256 -r 2>/dev/null ;;
sign) test "$2" = "FINGERPRINT" && openssl dgst -engine gost -md_gost12_256 -sign "DIR/key" 2>/dev/null | base64 -w0 ;;
hash94) openssl dgst -engine gost -md_gost94 -r 2>/dev/null ;;
esac
`

func command(t *testing.T, text string, replacements ...string) sign.Command {
	t.Helper()
	name := t.TempDir() + "/gost-sign"
	if err := os.WriteFile(name, []byte(strings.NewReplacer(replacements...).Replace(text)), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return sign.Command{"/bin/sh", name}
}

func TestBothSignersDoTheSame(t *testing.T) {
	key, certificate, _ := mint(t, "/C=RU/CN=Подпись")
	dir := t.TempDir()
	write(t, dir+"/key", string(key))
	for name, signer := range map[string]sign.Signer{
		"openssl": sign.OpenSSL{Key: key}, "command": command(t, script, "DIR", dir, "FINGERPRINT", certificate.Fingerprint),
	} {
		// RFC 6986, section 10.1, message M1; the RFC writes digests from the other end.
		digests, err := signer.Digests(t.Context(), []byte("012345678901234567890123456789012345678901234567890123456789012"), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := hex.EncodeToString(digests[0]), "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"; got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
		if got, want := hex.EncodeToString(digests[1]), "3f539a213e97c802cc229d474c6aa32a825a360b2a933a949fd925208d9ce1bb"; got != want {
			t.Errorf("%s: digest of nothing %s, want %s", name, got, want)
		}
		// The widely published digest of "abc" with the parameters of CryptoPro (RFC 4357, section 11.2); those of RFC 5831 are others.
		if got, err := signer.Hash94(t.Context(), strings.NewReader("abc")); err != nil || got != "b285056dbf18d7392d7677369524dd14747459ed8143997e163b2986f92fd42c" {
			t.Errorf("%s: hash %s, %v", name, got, err)
		}
		sealed := seal(t, signer, certificate)
		if !strings.Contains(sealed, "<ds:SignatureValue") {
			t.Errorf("%s: %s", name, sealed)
		}
		value, err := signer.Sign(t.Context(), certificate, []byte("x"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := (sign.OpenSSL{}).Verify(t.Context(), certificate, []byte("x"), value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := (sign.OpenSSL{}).Verify(t.Context(), certificate, []byte("y"), value); err == nil {
			t.Errorf("%s: the signature is of any text", name)
		}
	}
}

// Whatever is wrong has words, and they tell nothing of the key.
func TestWhatCannotSign(t *testing.T) {
	key, certificate, _ := mint(t, "/CN=a")
	_, stranger, _ := mint(t, "/CN=b")
	locked := openssl(t, string(key), "pkcs8", "-engine", "gost", "-topk8", "-passout", "pass:x")
	for name, test := range map[string]struct {
		signer sign.Signer
		words  string
	}{
		"no openssl":             {sign.OpenSSL{Program: "/nonexistent/openssl", Key: key}, "cannot be started"},
		"no engine":              {sign.OpenSSL{Program: program(t, "#!/bin/sh\necho no such engine >&2; exit 1\n"), Key: key}, "libengine-gost-openssl"},
		"no key":                 {sign.OpenSSL{}, "no private key"},
		"a key with a password":  {sign.OpenSSL{Key: []byte(locked)}, "pkcs8"},
		"a key that is none":     {sign.OpenSSL{Key: []byte(strings.Replace(string(key), "ME", "XX", 1))}, "failed"},
		"no command":             {sign.Command{}, "gosuslugi.sign_command"},
		"a command that is gone": {sign.Command{"/nonexistent/gost-sign"}, "cannot be started"},
		"a command that fails":   {command(t, "echo no token >&2; exit 3"), "failed"},
		"a command that chats":   {command(t, "echo hello"), "one line"},
		"a signature too short":  {command(t, "echo c2hvcnQ="), "one line"},
	} {
		_, err := test.signer.Sign(t.Context(), certificate, []byte("x"))
		failed, is := errors.AsType[*sign.Failure](err)
		if !is || !strings.Contains(failed.Words, test.words) {
			t.Errorf("%s: %v", name, err)
		}
		if secret := string(key[40:60]); is && strings.Contains(failed.Words+failed.Said, secret) {
			t.Errorf("%s: the key is told: %v", name, failed)
		}
	}
	if err := (sign.OpenSSL{Key: key}).Fits(t.Context(), certificate); err != nil {
		t.Error(err)
	}
	if err := (sign.OpenSSL{Key: key}).Fits(t.Context(), stranger); err == nil || !strings.Contains(err.Error(), "gis.key_file") {
		t.Errorf("the key of another certificate: %v", err)
	}
	if _, err := (sign.OpenSSL{}).Hash94(t.Context(), strings.NewReader("")); err != nil {
		t.Errorf("digests need no key: %v", err)
	}
}

// The program sees nothing of our own settings, among which are secrets.
func TestTheEnvironmentIsNotHandedOn(t *testing.T) {
	t.Setenv("VESTNIK_SECRET", "s3cret")
	_, certificate, _ := mint(t, "/CN=a")
	_, err := command(t, "env >&2; exit 1").Sign(t.Context(), certificate, nil)
	if failed, is := errors.AsType[*sign.Failure](err); !is || failed.Said == "" || strings.Contains(failed.Said, "s3cret") {
		t.Errorf("%+v", err)
	}
}

func TestNamesAreWrittenForWhoReadsThem(t *testing.T) {
	_, c, _ := mint(t, `/C=RU/ST=77 г. Москва/street=ул. Мира, д. 1/O=ООО "УК \+ Ромашка"/OU= отдел /CN=#1 a=b;c<d>/1.2.643.3.131.1.1=007710474375/1.2.643.100.1=1027700132195/emailAddress=a@example.ru`)
	want := `1.2.840.113549.1.9.1=a@example.ru,1.2.643.100.1=1027700132195,1.2.643.3.131.1.1=007710474375,cn=\#1 a\=b\;c\<d\>,ou=\ отдел\ ,o=ООО \"УК \+ Ромашка\",street=ул. Мира\, д. 1,st=77 г. Москва,c=RU`
	if c.Issuer != want {
		t.Errorf("got  %s\nwant %s", c.Issuer, want)
	}
}

func TestCertificates(t *testing.T) {
	key, c, text := mint(t, "/CN=a")
	if c.ValidAt(time.Now().Add(time.Minute)) != nil {
		t.Error("it is valid")
	}
	for at, words := range map[time.Time]string{c.NotAfter.Add(time.Second): "expired", c.NotBefore.Add(-time.Second): "not valid before"} {
		if err := c.ValidAt(at); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %v", at, err)
		}
	}
	der := openssl(t, string(text), "x509", "-outform", "DER")
	if same, err := sign.ParseCertificate([]byte(der)); err != nil || same.Fingerprint != c.Fingerprint {
		t.Errorf("DER: %v", err)
	}
	if want := strings.ReplaceAll(strings.TrimSpace(strings.Split(openssl(t, string(text), "x509", "-noout", "-fingerprint", "-sha1"), "=")[1]), ":", ""); c.Fingerprint != want {
		t.Errorf("fingerprint %s, want %s", c.Fingerprint, want)
	}
	rsa := openssl(t, "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa", "-keyout", "/dev/null")
	for name, text := range map[string]string{"nothing": "", "a key": string(key), "RSA": rsa, "no DER": "hello"} {
		if _, err := sign.ParseCertificate([]byte(text)); err == nil {
			t.Errorf("%s is taken for a certificate", name)
		}
	}
}

func program(t *testing.T, text string) string { return command(t, text)[1] }
