package gistest

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // what certificates are registered by
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"crypto/x509/pkix"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// at finds an element below the signature by the names of the path.
func (s *signature) at(path string) *etree.Element {
	e := s.itself
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		var next *etree.Element
		for _, c := range e.ChildElements() {
			if c.Tag == name && (c.NamespaceURI() == dsSpace || c.NamespaceURI() == xadesSpace) {
				next = c
				break
			}
		}
		if next == nil {
			return nil
		}
		e = next
	}
	return e
}

func (s *signature) text(path string) string {
	if e := s.at(path); e != nil {
		return e.Text()
	}
	return ""
}

func children(of *etree.Element, space, local string) (list []*etree.Element) {
	for _, c := range of.ChildElements() {
		if c.Tag == local && c.NamespaceURI() == space {
			list = append(list, c)
		}
	}
	return list
}

// child gives the first child of a name; nil if there is none.
func child(of *etree.Element, space, local string) *etree.Element {
	if list := children(of, space, local); len(list) > 0 {
		return list[0]
	}
	return nil
}

func algorithm(of *etree.Element, local string) string {
	if method := child(of, dsSpace, local); method != nil {
		return method.SelectAttrValue("Algorithm", "")
	}
	return ""
}

// alone copies an element, with the declarations of namespaces that hold for it.
func alone(e *etree.Element) *etree.Element {
	own := e.Copy()
	for above := e.Parent(); above != nil; above = above.Parent() {
		for _, a := range above.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns") && own.SelectAttr(a.FullKey()) == nil {
				own.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	return own
}

func exclusive(e *etree.Element) ([]byte, error) {
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(e)
}

func decode(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

func fingerprint(der []byte) string {
	sum := sha1.Sum(der) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

func contains(list []string, print string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, print) })
}

// digestOf makes a digest by OpenSSL.
func digestOf(ctx context.Context, method string, data []byte) ([]byte, error) {
	said := openssl(ctx, data, nil, "dgst", "-engine", "gost", map[string]string{digest2012: "-md_gost12_256", digest94: "-md_gost94"}[method], "-binary")
	return said.out, said.err
}

type said struct {
	out []byte
	err error
}

// openssl runs openssl. It reads the files, which are short, as /dev/fd/3 and so on.
func openssl(ctx context.Context, stdin []byte, files [][]byte, args ...string) (s said) {
	command := exec.CommandContext(ctx, "openssl", args...)
	var out, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &out, &complaint
	for _, file := range files {
		r, w, err := os.Pipe()
		if err != nil {
			return said{err: err}
		}
		_, _ = w.Write(file) // less than a pipe holds
		_ = w.Close()
		defer func() { _ = r.Close() }()
		command.ExtraFiles = append(command.ExtraFiles, r)
	}
	if err := command.Run(); err != nil {
		return said{err: fmt.Errorf("openssl: %w: %s", err, complaint.Bytes()[:min(complaint.Len(), 300)])}
	}
	return said{out: out.Bytes()}
}

// rfc4519 are the names of attributes that the verifier published with the format knows; anything else has to be a number.
var rfc4519 = map[string]string{
	"cn": "2.5.4.3", "sn": "2.5.4.4", "serialnumber": "2.5.4.5", "c": "2.5.4.6", "l": "2.5.4.7", "st": "2.5.4.8", "street": "2.5.4.9", "o": "2.5.4.10", "ou": "2.5.4.11",
	"title": "2.5.4.12", "postaladdress": "2.5.4.16", "postalcode": "2.5.4.17", "telephonenumber": "2.5.4.20", "name": "2.5.4.41", "givenname": "2.5.4.42", "initials": "2.5.4.43",
	"generationqualifier": "2.5.4.44", "dnqualifier": "2.5.4.46", "dc": "0.9.2342.19200300.100.1.25", "uid": "0.9.2342.19200300.100.1.1",
}

// sameName compares a name with what is written of it: as sets, since the order does not matter.
func sameName(der []byte, written string) error {
	var sequence pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &sequence); err != nil {
		return err
	}
	var want []string
	for _, set := range sequence {
		for _, a := range set {
			want = append(want, a.Type.String()+"="+fmt.Sprint(a.Value))
		}
	}
	var got []string
	for _, part := range split(written) {
		name, value, found := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if number, known := rfc4519[strings.ToLower(name)]; known {
			name = number
		}
		if !found || strings.Trim(name, "0123456789.") != "" {
			return errors.New("the issuer is named with an attribute that is not of RFC 4519")
		}
		got = append(got, name+"="+unescaped(value))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return errors.New("the issuer differs")
	}
	return nil
}

// split parts a name at the commas and pluses that are not escaped.
func split(name string) (parts []string) {
	start := 0
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case ',', '+':
			parts, start = append(parts, name[start:i]), i+1
		}
	}
	return append(parts, name[start:])
}

func unescaped(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		b.WriteByte(value[i])
	}
	return b.String()
}
