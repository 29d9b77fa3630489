package sign

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"time"
)

// The namespaces and algorithms of the profile. The algorithms are those of CryptoPro's profile of XMLDSig, which is what ГИС ЖКХ takes.
const (
	signatureSpace  = "http://www.w3.org/2000/09/xmldsig#"
	propertiesSpace = "http://uri.etsi.org/01903/v1.3.2#"

	exclusiveForm   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	envelopedForm   = signatureSpace + "enveloped-signature"
	digestMethod    = "urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256"
	signatureMethod = "urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34102012-gostr34112012-256"
	propertiesType  = "http://uri.etsi.org/01903#SignedProperties"
)

// The elements of a signature, in the order of their schemas.
type (
	algorithm struct {
		Name string `xml:"Algorithm,attr"`
	}
	signature struct {
		XMLName xml.Name `xml:"ds:Signature"`
		DS      string   `xml:"xmlns:ds,attr"`
		ID      string   `xml:"Id,attr"`
		Info    []byte   `xml:",innerxml"` // in canonical form already
		Value   struct {
			ID   string `xml:"Id,attr"`
			Text string `xml:",chardata"`
		} `xml:"ds:SignatureValue"`
		Certificate string `xml:"ds:KeyInfo>ds:X509Data>ds:X509Certificate"`
		Object      struct {
			Space      string `xml:"xmlns:xades,attr"`
			Target     string `xml:"Target,attr"`
			Properties []byte `xml:",innerxml"` // likewise
		} `xml:"ds:Object>xades:QualifyingProperties"`
	}
	signedInfo struct {
		XMLName    xml.Name    `xml:"ds:SignedInfo"`
		DS         string      `xml:"xmlns:ds,attr"`
		Form       algorithm   `xml:"ds:CanonicalizationMethod"`
		Method     algorithm   `xml:"ds:SignatureMethod"`
		References []reference `xml:"ds:Reference"`
	}
	reference struct {
		ID         string      `xml:"Id,attr,omitempty"`
		Type       string      `xml:"Type,attr,omitempty"`
		URI        string      `xml:"URI,attr"`
		Transforms []algorithm `xml:"ds:Transforms>ds:Transform"`
		Method     algorithm   `xml:"ds:DigestMethod"`
		Digest     string      `xml:"ds:DigestValue"`
	}
	signedProperties struct {
		XMLName xml.Name  `xml:"xades:SignedProperties"`
		DS      string    `xml:"xmlns:ds,attr"`
		Space   string    `xml:"xmlns:xades,attr"`
		ID      string    `xml:"Id,attr"`
		Time    string    `xml:"xades:SignedSignatureProperties>xades:SigningTime"`
		Method  algorithm `xml:"xades:SignedSignatureProperties>xades:SigningCertificate>xades:Cert>xades:CertDigest>ds:DigestMethod"`
		Digest  string    `xml:"xades:SignedSignatureProperties>xades:SigningCertificate>xades:Cert>xades:CertDigest>ds:DigestValue"`
		Issuer  string    `xml:"xades:SignedSignatureProperties>xades:SigningCertificate>xades:Cert>xades:IssuerSerial>ds:X509IssuerName"`
		Serial  string    `xml:"xades:SignedSignatureProperties>xades:SigningCertificate>xades:Cert>xades:IssuerSerial>ds:X509SerialNumber"`
	}
)

// properties are what is signed beside the request: when it is signed and by whom.
func (i *Identity) properties(id string, now time.Time) signedProperties {
	return signedProperties{
		DS: signatureSpace, Space: propertiesSpace, ID: propertiesID(id), Time: now.Format("2006-01-02T15:04:05.000-07:00"),
		Method: algorithm{digestMethod}, Digest: encode(i.digest), Issuer: i.certificate.Issuer, Serial: i.certificate.Serial,
	}
}

// infoOf is what the signature is made of: the digests of the request and of the properties.
func infoOf(id string, request, properties []byte) signedInfo {
	return signedInfo{
		DS: signatureSpace, Form: algorithm{exclusiveForm}, Method: algorithm{signatureMethod},
		References: []reference{
			{ID: id + "-ref0", URI: "#" + Container, Transforms: []algorithm{{envelopedForm}, {exclusiveForm}}, Method: algorithm{digestMethod}, Digest: encode(request)},
			{Type: propertiesType, URI: "#" + propertiesID(id), Transforms: []algorithm{{exclusiveForm}}, Method: algorithm{digestMethod}, Digest: encode(properties)},
		},
	}
}

func propertiesID(id string) string { return id + "-signedprops" }

// newID makes the Id of a signature.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("xmldsig-%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// write writes an element in canonical form.
func write(element any) ([]byte, error) {
	text, err := xml.Marshal(element)
	if err != nil {
		return nil, fmt.Errorf("sign: write XML: %w", err)
	}
	form, _, err := canonical(text)
	return form, err
}
