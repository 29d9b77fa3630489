package house

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behind lets a handler see who really asks when the request came through a proxy that is trusted: the last address of X-Forwarded-For that is no
// trusted proxy's own becomes the request's RemoteAddr. From anybody else the header means nothing.
func behind(proxies []string, next http.Handler) http.Handler {
	var trusted []netip.Prefix
	for _, text := range proxies {
		if network, err := netip.ParsePrefix(text); err == nil {
			trusted = append(trusted, network)
		} else if one, err := netip.ParseAddr(text); err == nil {
			trusted = append(trusted, netip.PrefixFrom(one, one.BitLen()))
		}
	}
	if len(trusted) == 0 {
		return next
	}
	ours := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && ours(from.Addr().Unmap()) {
			r = r.Clone(r.Context())
			r.RemoteAddr = net.JoinHostPort(visitor(r.Header.Values("X-Forwarded-For"), from.Addr().Unmap(), ours).String(), "0")
		}
		next.ServeHTTP(w, r)
	})
}

// visitor goes back through the chain of proxies as long as it can be believed.
func visitor(headers []string, last netip.Addr, ours func(netip.Addr) bool) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if last = address.Unmap(); !ours(last) {
			break
		}
	}
	return last
}
