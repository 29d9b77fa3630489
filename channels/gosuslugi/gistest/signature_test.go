package gistest

import (
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"crypto/x509"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// older is a signature as the older of the two profiles has it: inclusive forms, and GOST R 34.11-94 for the properties.
const older = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="xmldsig-1"><ds:SignedInfo>` +
	`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>` +
	`<ds:SignatureMethod Algorithm="urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34102012-gostr34112012-256"/>` +
	`<ds:Reference Id="xmldsig-1-ref0" URI="#signed-data-container"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>` +
	`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>` +
	`<ds:DigestMethod Algorithm="urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256"/><ds:DigestValue>{request}</ds:DigestValue></ds:Reference>` +
	`<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xmldsig-1-signedprops">` +
	`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#gostr3411"/><ds:DigestValue>{properties}</ds:DigestValue></ds:Reference></ds:SignedInfo>` +
	`<ds:SignatureValue Id="xmldsig-1-sigvalue">{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
	`<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#xmldsig-1"><xades:SignedProperties Id="xmldsig-1-signedprops">` +
	`<xades:SignedSignatureProperties><xades:SigningTime>{time}</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest>` +
	`<ds:DigestMethod Algorithm="urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256"/><ds:DigestValue>{digest}</ds:DigestValue></xades:CertDigest>` +
	`<xades:IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName><ds:X509SerialNumber>{serial}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert>` +
	`</xades:SigningCertificate></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>`

// sign signs a sample in the older profile, with issuer as it is told.
func signOlder(t *testing.T, issuer string) (envelope string, certificate *x509.Certificate) {
	t.Helper()
	key, text, err := Mint(t.Context(), `/C=RU/O=ООО "УК, Ромашка"/CN=Подпись/1.2.643.3.131.1.1=007710474375/emailAddress=a@example.ru`)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("testdata/samples/importNotificationRequest.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, request, _ := strings.Cut(string(sample), "?>")
	at := strings.Index(request, ">") + 1
	envelope = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>` + strings.TrimSpace(request[:at]) + older + strings.TrimSpace(request[at:]) + `</e:Body></e:Envelope>`
	put := func(name string, data []byte) {
		envelope = strings.ReplaceAll(envelope, "{"+name+"}", base64.StdEncoding.EncodeToString(data))
	}
	envelope = strings.NewReplacer("{time}", time.Now().Add(time.Second).Format(time.RFC3339), "{issuer}", issuer, "{serial}", certificate.SerialNumber.String()).Replace(envelope)
	put("certificate", block.Bytes)
	put("digest", digest(t, digest2012, block.Bytes))
	root := read(t, envelope)
	inclusive := dsig.MakeC14N10RecCanonicalizer()
	properties, err := inclusive.Canonicalize(root.FindElement(".//SignedProperties"))
	if err != nil {
		t.Fatal(err)
	}
	put("properties", digest(t, digest94, properties))
	bare := alone(root)
	bare.RemoveChild(bare.ChildElements()[0])
	form, err := exclusive(bare)
	if err != nil {
		t.Fatal(err)
	}
	put("request", digest(t, digest2012, form))
	info, err := inclusive.Canonicalize(read(t, envelope).FindElement(".//SignedInfo"))
	if err != nil {
		t.Fatal(err)
	}
	value := openssl(t.Context(), info, [][]byte{key}, "dgst", "-engine", "gost", "-md_gost12_256", "-sign", "/dev/fd/3")
	if value.err != nil {
		t.Fatal(value.err)
	}
	put("value", value.out)
	return envelope, certificate
}

// read gives the request in an envelope.
func read(t *testing.T, envelope string) *etree.Element {
	t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromString(envelope); err != nil {
		t.Fatal(err)
	}
	return document.Root().ChildElements()[0].ChildElements()[0]
}

func digest(t *testing.T, method string, data []byte) []byte {
	t.Helper()
	sum, err := digestOf(t.Context(), method, data)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSignaturesOfTheOlderProfile(t *testing.T) {
	for issuer, fine := range map[string]bool{
		`C=RU, O=ООО \"УК\, Ромашка\", CN=Подпись, 1.2.643.3.131.1.1=007710474375, 1.2.840.113549.1.9.1=a@example.ru`: true,
		`1.2.840.113549.1.9.1=a@example.ru,1.2.643.3.131.1.1=007710474375,cn=Подпись,o=ООО \"УК\, Ромашка\",c=RU`:     true,
		`E=a@example.ru,1.2.643.3.131.1.1=007710474375,cn=Подпись,o=ООО \"УК\, Ромашка\",c=RU`:                        false,
		`1.2.840.113549.1.9.1=a@example.ru,INN=007710474375,cn=Подпись,o=ООО \"УК\, Ромашка\",c=RU`:                   false,
		`cn=Подпись,o=ООО \"УК\, Ромашка\",c=RU`:                                                                      false,
	} {
		envelope, certificate := signOlder(t, issuer)
		if err := verify(t.Context(), []byte(envelope), []string{fingerprint(certificate.Raw)}); (err == nil) != fine {
			t.Errorf("%s: %v", issuer, err)
		}
		if err := verify(t.Context(), []byte(envelope), []string{"00"}); err == nil {
			t.Error("a certificate that is not registered may sign")
		}
		changed := strings.Replace(envelope, "<ds:SignedInfo>", "<ds:SignedInfo >", 1)
		if err := verify(t.Context(), []byte(changed), nil); (err == nil) != fine {
			t.Errorf("what the form does not show: %v", err)
		}
		if err := verify(t.Context(), []byte(strings.Replace(envelope, "<ds:SignedInfo>", "<ds:SignedInfo> ", 1)), nil); err == nil {
			t.Error("SignedInfo was changed")
		}
	}
}
