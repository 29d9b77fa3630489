package gistest

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// The algorithms of the two profiles that public clients sign with. Both digest the request with GOST R 34.11-2012 over the exclusive form; the
// older one takes the inclusive form for SignedInfo, and for the properties the inclusive form with GOST R 34.11-94.
const (
	exclusiveForm   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	inclusiveForm   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	envelopedForm   = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	digest2012      = "urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256"
	digest94        = "http://www.w3.org/2001/04/xmldsig-more#gostr3411"
	signature2012   = "urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34102012-gostr34112012-256"
	propertiesType  = "http://uri.etsi.org/01903#SignedProperties"
	certificateText = "KeyInfo/X509Data/X509Certificate"
)

// signature is one that is being verified: everything that is wrong with it is an error. What is signed is read from the bytes that came, by
// other code than any client's; digests and the signature are OpenSSL's.
type signature struct {
	root, itself *etree.Element
	certificate  *x509.Certificate
	now          time.Time
}

// verify tells what is wrong with the signature of a request; nil if nothing. allowed are the fingerprints of the certificates that may
// sign (SHA-1); nil: any.
func verify(ctx context.Context, envelope []byte, allowed []string) error {
	document := etree.NewDocument()
	if err := document.ReadFromBytes(envelope); err != nil {
		return fmt.Errorf("read XML: %w", err)
	}
	body := child(document.Root(), soapSpace, "Body")
	if body == nil || len(body.ChildElements()) != 1 {
		return errors.New("there is no body")
	}
	s := signature{root: body.ChildElements()[0], now: time.Now()}
	if first := s.root.ChildElements(); len(first) > 0 && first[0].Tag == "Signature" && first[0].NamespaceURI() == dsSpace {
		s.itself = first[0]
	}
	if s.itself == nil || s.root.SelectAttrValue("Id", "") == "" {
		return errors.New("the request is not signed")
	}
	if err := s.certified(allowed); err != nil {
		return err
	}
	return errors.Join(s.references(ctx), s.properties(ctx), s.value(ctx))
}

// certified reads the certificate, which has to be valid now.
func (s *signature) certified(allowed []string) error {
	der, err := decode(s.text(certificateText))
	if err == nil {
		s.certificate, err = x509.ParseCertificate(der)
	}
	switch {
	case err != nil:
		return fmt.Errorf("the certificate: %w", err)
	case s.now.Before(s.certificate.NotBefore) || s.now.After(s.certificate.NotAfter):
		return errors.New("the certificate is not valid now")
	case allowed != nil && !contains(allowed, fingerprint(der)):
		return errors.New("the certificate is not registered for the organization")
	}
	return nil
}

// references compares the digests of the request and of the properties.
func (s *signature) references(ctx context.Context) error {
	info := child(s.itself, dsSpace, "SignedInfo")
	if info == nil {
		return errors.New("there is no SignedInfo")
	}
	list := children(info, dsSpace, "Reference")
	if len(list) != 2 {
		return fmt.Errorf("there are %d references", len(list))
	}
	properties := s.at("Object/QualifyingProperties/SignedProperties")
	if properties == nil || properties.NamespaceURI() != xadesSpace {
		return errors.New("there are no SignedProperties")
	}
	request := alone(s.root)
	request.RemoveChild(request.ChildElements()[0])
	form, err := exclusive(request)
	if err != nil {
		return err
	}
	if err := s.reference(ctx, list[0], "", s.root, form, profile{digest2012, []string{envelopedForm, exclusiveForm}}); err != nil {
		return fmt.Errorf("the reference to the request: %w", err)
	}
	wanted, form := profile{digest2012, []string{exclusiveForm}}, nil
	if child(list[1], dsSpace, "Transforms") == nil {
		wanted = profile{digest: digest94}
		form, err = dsig.MakeC14N10RecCanonicalizer().Canonicalize(properties)
	} else {
		form, err = exclusive(alone(properties))
	}
	if err == nil {
		err = s.reference(ctx, list[1], propertiesType, properties, form, wanted)
	}
	if err != nil {
		return fmt.Errorf("the reference to the properties: %w", err)
	}
	return nil
}

// profile is how a reference makes its digest.
type profile struct {
	digest string
	forms  []string
}

func (s *signature) reference(ctx context.Context, r *etree.Element, kind string, to *etree.Element, form []byte, want profile) error {
	if r.SelectAttrValue("Type", "") != kind || r.SelectAttrValue("URI", "") != "#"+to.SelectAttrValue("Id", "?") {
		return errors.New("the URI or the Type is wrong")
	}
	var forms []string
	if transforms := child(r, dsSpace, "Transforms"); transforms != nil {
		for _, t := range transforms.ChildElements() {
			if len(t.ChildElements()) > 0 {
				return errors.New("a transform has parameters")
			}
			forms = append(forms, t.SelectAttrValue("Algorithm", ""))
		}
	}
	if fmt.Sprint(forms) != fmt.Sprint(want.forms) || algorithm(r, "DigestMethod") != want.digest {
		return errors.New("the transforms or the digest are of no known profile")
	}
	digest, err := digestOf(ctx, want.digest, form)
	if err != nil {
		return err
	}
	if value := child(r, dsSpace, "DigestValue"); value == nil || value.Text() != base64.StdEncoding.EncodeToString(digest) {
		return errors.New("the digest differs")
	}
	return nil
}

// properties compares what is said of the certificate with the certificate, as the verifier published with the format does.
func (s *signature) properties(ctx context.Context) error {
	const cert = "Object/QualifyingProperties/SignedProperties/SignedSignatureProperties/SigningCertificate/Cert/"
	if at := s.at("Object/QualifyingProperties"); at == nil || at.SelectAttrValue("Target", "") != "#"+s.itself.SelectAttrValue("Id", "?") {
		return errors.New("the properties are of another signature")
	}
	signed, err := time.Parse(time.RFC3339, s.text("Object/QualifyingProperties/SignedProperties/SignedSignatureProperties/SigningTime"))
	if err != nil || signed.Before(s.certificate.NotBefore) || signed.After(s.certificate.NotAfter) {
		return errors.New("the SigningTime is none, or the certificate was not valid then")
	}
	digest, err := digestOf(ctx, digest2012, s.certificate.Raw)
	if err != nil {
		return err
	}
	of := s.at(cert + "CertDigest")
	if of == nil || algorithm(of, "DigestMethod") != digest2012 || s.text(cert+"CertDigest/DigestValue") != base64.StdEncoding.EncodeToString(digest) {
		return errors.New("the digest of the certificate differs")
	}
	if s.text(cert+"IssuerSerial/X509SerialNumber") != s.certificate.SerialNumber.String() {
		return errors.New("the serial number of the certificate differs")
	}
	return sameName(s.certificate.RawIssuer, s.text(cert+"IssuerSerial/X509IssuerName"))
}

// value verifies the signature itself.
func (s *signature) value(ctx context.Context) error {
	info := child(s.itself, dsSpace, "SignedInfo")
	if info == nil || algorithm(info, "SignatureMethod") != signature2012 {
		return errors.New("the SignatureMethod is not GOST R 34.10-2012")
	}
	var form []byte
	var err error
	switch algorithm(info, "CanonicalizationMethod") {
	case exclusiveForm:
		form, err = exclusive(alone(info))
	case inclusiveForm:
		form, err = dsig.MakeC14N10RecCanonicalizer().Canonicalize(info)
	default:
		err = errors.New("the CanonicalizationMethod is not known")
	}
	if err != nil {
		return err
	}
	value, err := decode(s.text("SignatureValue"))
	if err != nil || len(value) != 64 {
		return errors.New("the SignatureValue is not one of 64 bytes")
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: s.certificate.RawSubjectPublicKeyInfo})
	if err := openssl(ctx, form, [][]byte{key, value}, "dgst", "-engine", "gost", "-md_gost12_256", "-verify", "/dev/fd/3", "-signature", "/dev/fd/4").err; err != nil {
		return fmt.Errorf("the signature is not by the key of the certificate: %w", err)
	}
	return nil
}
