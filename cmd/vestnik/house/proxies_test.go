package house

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestBehindTrustedProxies(t *testing.T) {
	for name, is := range map[string]struct {
		trusted   []string
		remote    string
		forwarded []string
		want      string
	}{
		"nobody is trusted":         {nil, "10.0.0.1:5", []string{"1.2.3.4"}, "10.0.0.1:5"},
		"a stranger":                {[]string{"10.0.0.0/8"}, "9.9.9.9:5", []string{"1.2.3.4"}, "9.9.9.9:5"},
		"a proxy":                   {[]string{"10.0.0.0/8"}, "10.0.0.1:5", []string{"1.2.3.4"}, "1.2.3.4:0"},
		"a proxy by its address":    {[]string{"10.0.0.1"}, "10.0.0.1:5", []string{"1.2.3.4"}, "1.2.3.4:0"},
		"a chain":                   {[]string{"10.0.0.0/8"}, "10.0.0.1:5", []string{"6.6.6.6, 1.2.3.4", "10.0.0.2"}, "1.2.3.4:0"},
		"an IPv6 visitor":           {[]string{"::1"}, "[::1]:5", []string{"2001:db8::1"}, "[2001:db8::1]:0"},
		"an IPv4 proxy over IPv6":   {[]string{"127.0.0.1"}, "[::ffff:127.0.0.1]:5", []string{"1.2.3.4"}, "1.2.3.4:0"},
		"a proxy that says nothing": {[]string{"10.0.0.0/8"}, "10.0.0.1:5", nil, "10.0.0.1:0"},
		"a proxy that says junk":    {[]string{"10.0.0.0/8"}, "10.0.0.1:5", []string{"1.2.3.4, junk"}, "10.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen string
			handler := behind(is.trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RemoteAddr }))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = is.remote, is.forwarded
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if seen != is.want {
				t.Errorf("%s, want %s", seen, is.want)
			}
		})
	}
}
