package sign

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the fingerprint ГИС ЖКХ knows certificates by
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"
)

// Certificate is a certificate of an electronic signature. Its own signature and the chain above it are not looked at: ГИС ЖКХ does.
type Certificate struct {
	Issuer      string    // as IssuerSerial of XAdES names it: RFC 4514 with the names of RFC 4519, anything else by its OID
	Subject     string    // likewise
	Serial      string    // decimal
	Fingerprint string    // SHA-1, capital hexadecimal digits: what ГИС ЖКХ knows it by
	NotBefore   time.Time // when it begins to be valid
	NotAfter    time.Time // when it ends to be valid

	der []byte
	key []byte // SubjectPublicKeyInfo
}

// ParseCertificate reads a certificate: PEM (the first one of several), or DER. What is wrong with it is a *Failure.
func ParseCertificate(text []byte) (*Certificate, error) {
	der := text
	if block, _ := pem.Decode(text); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, unfit("файл начинается не с сертификата // the file does not begin with a certificate")
		}
		der = block.Bytes
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, unfit("сертификат не читается: это не X.509 в PEM или DER // the certificate cannot be read: it is not X.509 in PEM or DER")
	}
	sum := sha1.Sum(c.Raw) //nolint:gosec // see above
	result := &Certificate{
		Serial: c.SerialNumber.String(), Fingerprint: strings.ToUpper(hex.EncodeToString(sum[:])), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		der: c.Raw, key: c.RawSubjectPublicKeyInfo,
	}
	if result.Issuer, err = nameOf(c.RawIssuer); err == nil {
		result.Subject, err = nameOf(c.RawSubject)
	}
	if err != nil {
		return nil, err
	}
	bits, err := result.publicKey()
	if err != nil || !gost256(bits) {
		return nil, unfit("ключ сертификата не ГОСТ Р 34.10-2012 (256 бит) // the key of the certificate is not one of GOST R 34.10-2012 with 256 bits")
	}
	return result, nil
}

// ValidAt tells why a certificate is not valid at a time; nil if it is.
func (c *Certificate) ValidAt(now time.Time) error {
	switch {
	case now.After(c.NotAfter):
		return unfit("сертификат подписи истёк " + c.NotAfter.Format("02.01.2006") + ": задайте новый (gis.cert_file, gis.key_file) // the certificate of the signature has expired on " +
			c.NotAfter.Format(time.DateOnly) + ": set a new one (gis.cert_file, gis.key_file)")
	case now.Before(c.NotBefore):
		return unfit("сертификат подписи ещё не действует: с " + c.NotBefore.Format("02.01.2006") + " // the certificate of the signature is not valid before " + c.NotBefore.Format(time.DateOnly))
	}
	return nil
}

func unfit(words string) error { return &Failure{Words: words} }

// publicKeyInfo is SubjectPublicKeyInfo (RFC 5280, section 4.1).
type publicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// oidGOST256 is the algorithm id-tc26-gost3410-12-256 (RFC 9215, section 3).
var oidGOST256 = asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 1}

func (c *Certificate) publicKey() (info publicKeyInfo, err error) {
	_, err = asn1.Unmarshal(c.key, &info)
	return info, err
}

func gost256(info publicKeyInfo) bool { return info.Algorithm.Algorithm.Equal(oidGOST256) }

// fits reports whether a public key (SubjectPublicKeyInfo) is the certificate's. Its parameters can be written in several ways and are left out.
func (c *Certificate) fits(key []byte) bool {
	mine, err := c.publicKey()
	var other publicKeyInfo
	if _, wrong := asn1.Unmarshal(key, &other); err != nil || wrong != nil {
		return false
	}
	return bytes.Equal(mine.Key.Bytes, other.Key.Bytes)
}
