package gistest

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// schemas validates documents against the published schemas, with xmllint (Debian: libxml2-utils).
type schemas struct{ dir string }

// files are the schema of each namespace that documents have as a whole.
var files = map[string]string{
	baseSpace: "lib/hcs-base.xsd", billsSpace: "bills/hcs-bills-types.xsd", hmSpace: "house-management/hcs-house-management-types.xsd",
	outageSpace: "outage-report/hcs-outage-report-types.xsd", nsiSpace: "nsi/hcs-nsi-types.xsd", commonSpace: "nsi-common/hcs-nsi-common-types.xsd",
	paySpace: "payment/hcs-payment-types.xsd",
}

// check tells what the schema has against a document; nil if nothing, or if nothing is validated.
func (s *schemas) check(e *element) error {
	if s == nil {
		return nil
	}
	file := files[e.name.Space]
	if file == "" {
		return fmt.Errorf("there is no schema for %s", e.name.Space)
	}
	lint := exec.Command("xmllint", "--nonet", "--noout", "--huge", "--schema", filepath.Join(s.dir, file), "-")
	lint.Stdin = bytes.NewReader(e.write())
	said, err := lint.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(said[:min(len(said), 2000)])))
	}
	return nil
}
