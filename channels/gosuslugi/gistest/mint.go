package gistest

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os/exec"
)

// Mint makes a private key of GOST R 34.10-2012 (256 bits) and a certificate for it that it signs itself, valid for a year, both in PEM. The subject is
// written as openssl wants it: /C=RU/O=…/CN=…. It needs openssl with the engine gost (Debian: libengine-gost-openssl).
func Mint(ctx context.Context, subject string) (key, certificate []byte, err error) {
	request := exec.CommandContext(ctx, "openssl", "req", "-x509", "-engine", "gost", "-newkey", "gost2012_256", "-pkeyopt", "paramset:A", "-md_gost12_256",
		"-nodes", "-days", "365", "-utf8", "-subj", subject, "-keyout", "/dev/stdout", "-out", "/dev/stdout")
	var said bytes.Buffer
	request.Stderr = &said
	text, err := request.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("mint a certificate: %w: %s", err, said.Bytes()[:min(said.Len(), 500)])
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			key = pem.EncodeToMemory(block)
		case "CERTIFICATE":
			certificate = pem.EncodeToMemory(block)
		}
	}
	if key == nil || certificate == nil {
		return nil, nil, errors.New("mint a certificate: openssl wrote no key or no certificate")
	}
	return key, certificate, nil
}
