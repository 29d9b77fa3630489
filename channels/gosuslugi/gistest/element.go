package gistest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The namespaces of the format.
const (
	soapSpace   = "http://schemas.xmlsoap.org/soap/envelope/"
	gisSpace    = "http://dom.gosuslugi.ru/schema/integration/"
	baseSpace   = gisSpace + "base/"
	billsSpace  = gisSpace + "bills/"
	bbSpace     = gisSpace + "bills-base/"
	abSpace     = gisSpace + "account-base/"
	pbSpace     = gisSpace + "payments-base/"
	paySpace    = gisSpace + "payment/"
	hmSpace     = gisSpace + "house-management/"
	outageSpace = gisSpace + "outage-report/"
	nsiSpace    = gisSpace + "nsi/"
	commonSpace = gisSpace + "nsi-common/"
	nbSpace     = gisSpace + "nsi-base/"
	orgSpace    = gisSpace + "organizations-registry-base/"
	indSpace    = gisSpace + "individual-registry-base/"
	xsiSpace    = "http://www.w3.org/2001/XMLSchema-instance"
	dsSpace     = "http://www.w3.org/2000/09/xmldsig#"
	xadesSpace  = "http://uri.etsi.org/01903/v1.3.2#"
)

// prefixes are what answers write namespaces with: none that a client could rely on.
var prefixes = map[string]string{
	soapSpace: "env", baseSpace: "ns2", billsSpace: "ns4", bbSpace: "ns5", abSpace: "ns6", pbSpace: "ns7", hmSpace: "ns8", outageSpace: "ns9",
	nsiSpace: "ns10", commonSpace: "ns11", nbSpace: "ns13", xsiSpace: "xsi", dsSpace: "ds", xadesSpace: "xades",
	paySpace: "ns14", orgSpace: "ns15", indSpace: "ns16",
}

// element is one element of XML.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*element
}

// el makes an element of a namespace; each content is its text or a child, nil children are left out.
func el(space, local string, content ...any) *element {
	e := &element{name: xml.Name{Space: space, Local: local}}
	for _, c := range content {
		switch c := c.(type) {
		case string:
			e.text += c
		case *element:
			if c != nil {
				e.children = append(e.children, c)
			}
		case []*element:
			e.children = append(e.children, c...)
		}
	}
	return e
}

// with adds an attribute.
func (e *element) with(space, local, value string) *element {
	e.attrs = append(e.attrs, xml.Attr{Name: xml.Name{Space: space, Local: local}, Value: value})
	return e
}

// child gives the first child of a name, whatever its namespace (the schema has seen to that); an empty element if there is none.
func (e *element) child(path ...string) *element {
	for _, local := range path {
		next := &element{}
		for _, c := range e.children {
			if c.name.Local == local {
				next = c
				break
			}
		}
		e = next
	}
	return e
}

// all gives the children of a name.
func (e *element) all(local string) (list []*element) {
	for _, c := range e.children {
		if c.name.Local == local {
			list = append(list, c)
		}
	}
	return list
}

// there reports whether the element was in the document.
func (e *element) there() bool { return e.name.Local != "" }

// attr gives an attribute; empty if there is none.
func (e *element) attr(local string) string {
	for _, a := range e.attrs {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// parse reads a document.
func parse(text []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	var stack []*element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && stack == nil {
			return nil, errors.New("no document")
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name, attrs: t.Attr}
			if len(stack) > 0 {
				above := stack[len(stack)-1]
				above.children = append(above.children, e)
			}
			stack = append(stack, e)
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += strings.TrimSpace(string(t))
			}
		case xml.EndElement:
			if len(stack) == 1 {
				return stack[0], nil
			}
			stack = stack[:len(stack)-1]
		}
	}
}

// write gives the element as a document of its own.
func (e *element) write() []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	encoder := xml.NewEncoder(&b)
	_ = e.encode(encoder, true) // into memory: it cannot fail
	_ = encoder.Flush()
	return b.Bytes()
}

func (e *element) encode(to *xml.Encoder, root bool) error {
	start := xml.StartElement{Name: prefixed(e.name)}
	if root {
		for space, prefix := range prefixes {
			start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "xmlns:" + prefix}, Value: space})
		}
	}
	for _, a := range e.attrs {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			start.Attr = append(start.Attr, xml.Attr{Name: prefixed(a.Name), Value: a.Value})
		}
	}
	if err := to.EncodeToken(start); err != nil {
		return err
	}
	if e.text != "" {
		if err := to.EncodeToken(xml.CharData(e.text)); err != nil {
			return err
		}
	}
	for _, c := range e.children {
		if err := c.encode(to, false); err != nil {
			return err
		}
	}
	return to.EncodeToken(start.End())
}

func prefixed(name xml.Name) xml.Name {
	if prefix := prefixes[name.Space]; prefix != "" {
		return xml.Name{Local: prefix + ":" + name.Local}
	}
	return xml.Name{Local: name.Local}
}
