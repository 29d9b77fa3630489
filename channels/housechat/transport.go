package housechat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"vestnik/engine"
)

// newClient makes the HTTP client for both networks.
func newClient(timeout time.Duration, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &transport{http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transport bounds every answer, and leaves unpacking to net/http: vksdk 2.17 reads answers without end and panics on a broken gzip header.
type transport struct{ http.Transport }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Del("Accept-Encoding")
	response, err := t.Transport.RoundTrip(request)
	if err == nil {
		response.Body = &bounded{io.LimitReader(response.Body, mostAnswer), response.Body}
	}
	return response, err
}

// bounded is a body that ends early rather than never.
type bounded struct {
	io.Reader
	io.Closer
}

// lostAnswer is the failure of a request that nobody answered. Only one that was never connected was surely not heard.
func lostAnswer(ctx context.Context, network string, err error) *failure {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the address names the chat
	}
	if ctx.Err() != nil {
		f := because(engine.Unavailable, "", fmt.Errorf("%s did not answer in time: %w", network, ctx.Err()))
		f.unknown = true
		return f
	}
	f := because(engine.Unavailable, "", fmt.Errorf("%s does not answer: %w", network, err))
	f.Whole = true
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		f.Reason = engine.Misconfigured
		return f
	}
	dialling, ok := errors.AsType[*net.OpError](err)
	f.unknown = !ok || dialling.Op != "dial"
	return f
}
