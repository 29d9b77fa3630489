package sign

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// names are those of RFC 4519. Whoever verifies knows these and numbers, and nothing else: not E, INN or OGRN.
var names = map[string]string{
	"2.5.4.3": "cn", "2.5.4.4": "sn", "2.5.4.5": "serialNumber", "2.5.4.6": "c", "2.5.4.7": "l", "2.5.4.8": "st", "2.5.4.9": "street", "2.5.4.10": "o",
	"2.5.4.11": "ou", "2.5.4.12": "title", "2.5.4.16": "postalAddress", "2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber", "2.5.4.41": "name",
	"2.5.4.42": "givenName", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier", "2.5.4.46": "dnQualifier",
	"0.9.2342.19200300.100.1.25": "dc", "0.9.2342.19200300.100.1.1": "uid",
}

// nameOf writes a name by RFC 4514: the last part first. Values of attributes that are written by number stay texts, as public clients of ГИС
// ЖКХ write them.
func nameOf(der []byte) (string, error) {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &sequence); err != nil || len(rest) > 0 {
		return "", unfit("имя в сертификате не читается // a name in the certificate cannot be read")
	}
	parts := make([]string, 0, len(sequence))
	for _, set := range slices.Backward(sequence) {
		one := make([]string, 0, len(set))
		for _, a := range set {
			name := a.Type.String()
			if known, is := names[name]; is {
				name = known
			}
			one = append(one, name+"="+escape(fmt.Sprint(a.Value)))
		}
		parts = append(parts, strings.Join(one, "+"))
	}
	return strings.Join(parts, ","), nil
}

// escape writes a value (RFC 4514, section 2.4). The sign = is escaped too, as it may be: some readers end a value there.
func escape(value string) string {
	var b strings.Builder
	for i, r := range value {
		switch {
		case strings.ContainsRune(`,+"\<>;=`, r), i == 0 && (r == '#' || r == ' '), r == ' ' && i == len(value)-1:
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
