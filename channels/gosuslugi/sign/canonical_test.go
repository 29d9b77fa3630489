package sign

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// other is the canonical form by another canonicalizer.
func other(t *testing.T, text []byte) string {
	t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromBytes(text); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	form, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(document.Root())
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return string(form)
}

func TestCanonicalFormIsThatOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"order of attributes":          `<a:r xmlns:z="urn:z" xmlns:a="urn:a" z:b="1" a:b="2" b="3" a="4"></a:r>`,
		"not used":                     `<a:r xmlns:a="urn:a" xmlns:b="urn:b"><a:c></a:c></a:r>`,
		"used below, twice":            `<a:r xmlns:a="urn:a" xmlns:b="urn:b"><b:c><b:d></b:d></b:c><b:c></b:c></a:r>`,
		"used below by an attribute":   `<a:r xmlns:a="urn:a" xmlns:b="urn:b"><a:c b:x="1"><b:d></b:d></a:c></a:r>`,
		"declared twice":               `<a:r xmlns:a="urn:a"><a:c xmlns:a="urn:a"></a:c></a:r>`,
		"declared anew":                `<a:r xmlns:a="urn:a"><a:c xmlns:a="urn:b"><a:d xmlns:a="urn:a"></a:d></a:c><a:e></a:e></a:r>`,
		"no namespace":                 `<r><c x="1"></c></r>`,
		"blanks":                       "<a:r xmlns:a=\"urn:a\">\n <a:c> x </a:c>\t</a:r>",
		"what is escaped in text":      `<r>&amp;&lt;&gt;&#34;&#39;&#x9;&#xA;&#xD;&quot;&apos;</r>`,
		"what is escaped in attribute": `<r x="&amp;&lt;&gt;&#34;&#39;&#x9;&#xA;&#xD;&quot;&apos;"></r>`,
		"Russian":                      `<r x="ёж">№ 5 «Ромашка» 🏠</r>`,
	} {
		form, head, err := canonical([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := other(t, []byte(text)); string(form) != want {
			t.Errorf("%s:\n got %s\nwant %s", name, form, want)
		}
		if again, _, err := canonical(form); err != nil || string(again) != string(form) {
			t.Errorf("%s: the form of the form is %s, %v", name, again, err)
		}
		if first, _, _ := strings.Cut(string(form), ">"); !strings.HasPrefix(string(form[:head]), first) || form[head-1] != '>' {
			t.Errorf("%s: the first tag is said to be %s", name, form[:head])
		}
	}
}

// The order of attributes is that of their namespaces, not of their prefixes, in which the other canonicalizer differs from the standard and from libxml2.
func TestAttributesAreSortedByNamespace(t *testing.T) {
	form, _, err := canonical([]byte(`<r xmlns:z="urn:a" xmlns:a="urn:z" a:x="1" z:x="2" a:w="3"></r>`))
	if want := `<r xmlns:a="urn:z" xmlns:z="urn:a" z:x="2" a:w="3" a:x="1"></r>`; string(form) != want || err != nil {
		t.Errorf("%s, %v", form, err)
	}
}

func TestWhatIsNotSimpleIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "x", "<", "<>", "<r>", "</r>", "<r></s>", "<r></r><r></r>", "<r></r>x", "x<r></r>", "<r/>", "<r><c/></r>", "<r><!-- c --></r>", "<?xml version='1.0'?><r></r>",
		"<r>&copy;</r>", "<r>& </r>", "<r>&amp</r>", "<a:r></a:r>", `<r b:x="1"></r>`, `<r xmlns="urn:a"></r>`, `<r x='1'></r>`, `<r x="1"y="2"></r>`, `<r x></r>`, "<r><![CDATA[x]]></r>",
	} {
		if form, _, err := canonical([]byte(text)); err == nil {
			t.Errorf("%q is taken: %q", text, form)
		}
	}
}

// Whatever stands in a text or an attribute, encoding/xml writes something that is read here.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"", "Привет", "<&>\"'\r\n\t", "a]]>b", "\x00\xff\u2028", " x "} {
		f.Add(text, text)
	}
	type element struct {
		XMLName   xml.Name `xml:"a:r"`
		Space     string   `xml:"xmlns:a,attr"`
		Attribute string   `xml:"a:x,attr"`
		Text      string   `xml:"a:t"`
	}
	f.Fuzz(func(t *testing.T, attribute, text string) {
		written, err := xml.Marshal(element{Space: "urn:a", Attribute: attribute, Text: text})
		if err != nil {
			return // no XML can hold it
		}
		form, _, err := canonical(written)
		if err != nil {
			t.Fatalf("%v: %s", err, written)
		}
		if want := other(t, written); string(form) != want {
			t.Errorf("got %q, want %q", form, want)
		}
	})
}
