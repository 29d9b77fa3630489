package sign_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi/gistest"
	"vestnik/channels/gosuslugi/sign"
)

// request is an element as the channel writes it: declarations in any order, some of them used only below, quotes and lines in texts.
const request = `<bills:r xmlns:bills="urn:b" xmlns:nsi="urn:n" xmlns:base="urn:a" Id="signed-data-container" base:version="1"><base:T>&#34;ООО&#34; &amp; &lt;сын&gt;&#xA;it&#39;s</base:T>` +
	`<bills:S><nsi:Code>1</nsi:Code><nsi:GUID></nsi:GUID></bills:S><bills:V type="I" determiningMethod="N">2.5</bills:V></bills:r>`

// openssl runs it on a text, apart from the code of the package.
func openssl(t *testing.T, text string, args ...string) string {
	t.Helper()
	return pipe(t, text, "openssl", args...)
}

func pipe(t *testing.T, text, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdin = strings.NewReader(text)
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", program, args, err, said.Bytes())
	}
	return string(out)
}

func mint(t *testing.T, subject string) (key []byte, certificate *sign.Certificate, text []byte) {
	t.Helper()
	key, text, err := gistest.Mint(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err = sign.ParseCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate, text
}

func seal(t *testing.T, signer sign.Signer, certificate *sign.Certificate) string {
	t.Helper()
	who, err := sign.NewIdentity(t.Context(), certificate, signer)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := who.Seal(t.Context(), []byte(request), time.Date(2026, 11, 22, 13, 0, 0, 0, time.FixedZone("MSK", 3*60*60)))
	if err != nil {
		t.Fatal(err)
	}
	return string(sealed)
}

// A request that is signed here is verified with xmllint (libxml2) and openssl alone: nothing of this package takes part but what it wrote.
func TestASignedRequestIsVerifiedByOthers(t *testing.T) {
	key, certificate, pem := mint(t, "/C=RU/O=УК/CN=Подпись")
	sealed := seal(t, sign.OpenSSL{Key: key}, certificate)
	part := func(pattern string) string {
		found := regexp.MustCompile(`(?s)` + pattern).FindStringSubmatch(sealed)
		if found == nil {
			t.Fatalf("no %s in %s", pattern, sealed)
		}
		return found[len(found)-1]
	}
	// A part of the document that stands alone must be told what the prefixes of its ancestors mean.
	alone := func(element string) string {
		return regexp.MustCompile(`^<[^ >]+`).ReplaceAllStringFunc(element, func(start string) string {
			for prefix, space := range map[string]string{"ds": "http://www.w3.org/2000/09/xmldsig#", "xades": "http://uri.etsi.org/01903/v1.3.2#"} {
				if !strings.Contains(element[:strings.Index(element, ">")], "xmlns:"+prefix+"=") {
					start += ` xmlns:` + prefix + `="` + space + `"`
				}
			}
			return start
		})
	}
	digest := func(element string) string {
		form := pipe(t, element, "xmllint", "--exc-c14n", "-")
		return strings.TrimSpace(pipe(t, openssl(t, form, "dgst", "-engine", "gost", "-md_gost12_256", "-binary"), "base64", "-w0"))
	}
	whole := part(`<ds:Signature .*</ds:Signature>`)
	if got, want := part(`-ref0".*?<ds:DigestValue>([^<]*)<`), digest(strings.Replace(sealed, whole, "", 1)); got != want {
		t.Errorf("digest of the request: %s, want %s", got, want)
	}
	if got, want := part(`Type="http://uri.etsi.org/01903#SignedProperties".*?<ds:DigestValue>([^<]*)<`), digest(alone(part(`<xades:SignedProperties.*</xades:SignedProperties>`))); got != want {
		t.Errorf("digest of the properties: %s, want %s", got, want)
	}
	der := openssl(t, string(pem), "x509", "-outform", "DER")
	if got, want := part(`<xades:CertDigest>.*?<ds:DigestValue>([^<]*)<`), strings.TrimSpace(pipe(t, openssl(t, der, "dgst", "-engine", "gost", "-md_gost12_256", "-binary"), "base64", "-w0")); got != want {
		t.Errorf("digest of the certificate: %s, want %s", got, want)
	}
	dir := t.TempDir()
	write(t, dir+"/key", openssl(t, string(pem), "x509", "-engine", "gost", "-pubkey", "-noout"))
	write(t, dir+"/value", pipe(t, part(`<ds:SignatureValue[^>]*>([^<]*)<`), "base64", "-d"))
	form := pipe(t, alone(part(`<ds:SignedInfo.*</ds:SignedInfo>`)), "xmllint", "--exc-c14n", "-")
	if said := openssl(t, form, "dgst", "-engine", "gost", "-md_gost12_256", "-verify", dir+"/key", "-signature", dir+"/value"); !strings.Contains(said, "Verified OK") {
		t.Error(said)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
