package email

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// TLSMode says how a connection to a relay is encrypted.
type TLSMode string

// The ways to encrypt.
const (
	Implicit      TLSMode = "implicit"      // TLS from the first byte: smtps (RFC 8314 §3.3)
	Required      TLSMode = "required"      // STARTTLS (RFC 3207) with a valid certificate, or no mail
	Opportunistic TLSMode = "opportunistic" // STARTTLS when offered, whatever the certificate (RFC 7435); a password still wants a valid one
	Off           TLSMode = "off"           // never, even for a password: for relays on the same machine or network
)

// Relay is one SMTP server that takes our mail. Printed, it shows everything but the password.
type Relay struct {
	Host     string
	Port     string
	User     string // empty: no AUTH
	Password string
	TLS      TLSMode
	Weight   int // its part of the mail and of the connections, compared with the other relays'; 0: 1
}

// ParseRelays reads the addresses of relays, several separated by commas:
//
//	smtp://host:port                                  STARTTLS when offered; port 25 by default
//	smtp://user:password@host:587?starttls=required   required is the default when there is a user; also opportunistic, off
//	smtps://user:password@host:465                    TLS from the first byte; port 465 by default
//	smtps://user:password@host?weight=3               gets three times as much mail as a relay of weight 1, the default; 1 to 100
//
// Reserved characters of a user or a password, the comma too, are written as %XX. An empty string gives no relays. All mistakes are
// reported at once, by the relay's number; none shows a password.
func ParseRelays(list string) ([]Relay, error) {
	var relays []Relay
	var mistakes []error
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	for i, address := range strings.Split(list, ",") {
		relay, err := parseRelay(strings.TrimSpace(address))
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("e-mail relay %d: %w", i+1, err))
			continue
		}
		relays = append(relays, relay)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return relays, nil
}

func parseRelay(address string) (Relay, error) {
	u, err := url.Parse(address)
	if err != nil { // not wrapped: url's own message repeats the address with its password
		return Relay{}, errors.New("not an address like smtp://user:password@host:587 (reserved characters in a password are written as %XX)")
	}
	relay := Relay{Host: u.Hostname(), Port: u.Port(), User: u.User.Username()}
	relay.Password, _ = u.User.Password()
	var mistakes []error
	if relay.Host == "" {
		mistakes = append(mistakes, errors.New("the host is missing"))
	}
	if strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		mistakes = append(mistakes, errors.New("nothing may follow host:port but ?starttls= and weight="))
	}
	if (relay.User == "") != (relay.Password == "") {
		mistakes = append(mistakes, errors.New("user and password go together"))
	}
	if relay.TLS, err = modeOf(u); err != nil {
		mistakes = append(mistakes, err)
	}
	if relay.Weight, err = weightOf(u); err != nil {
		mistakes = append(mistakes, err)
	}
	if relay.Port == "" {
		relay.Port = map[bool]string{true: "465", false: "25"}[relay.TLS == Implicit]
	}
	return relay, errors.Join(mistakes...)
}

func modeOf(u *url.URL) (TLSMode, error) {
	for key := range u.Query() {
		if key != "starttls" && key != "weight" {
			return "", errors.New("the only settings after ? are starttls and weight")
		}
	}
	mode := TLSMode(u.Query().Get("starttls"))
	switch u.Scheme {
	case "smtps":
		if mode != "" {
			return "", errors.New("smtps has no starttls")
		}
		return Implicit, nil
	case "smtp":
	default:
		return "", errors.New("the scheme must be smtp or smtps")
	}
	switch mode {
	case Required, Opportunistic, Off:
		return mode, nil
	case "":
		if u.User != nil {
			return Required, nil
		}
		return Opportunistic, nil
	}
	return "", errors.New("starttls must be required, opportunistic or off")
}

func weightOf(u *url.URL) (int, error) {
	text := cmp.Or(u.Query().Get("weight"), "1")
	weight, err := strconv.Atoi(text)
	if err != nil || weight < 1 || weight > 100 {
		return 0, errors.New("weight must be a number from 1 to 100")
	}
	return weight, nil
}

// Address is host:port.
func (r Relay) Address() string { return net.JoinHostPort(r.Host, r.Port) }

// String is the relay's address without the password.
func (r Relay) String() string {
	u := url.URL{Scheme: "smtp", Host: r.Address()}
	if r.User != "" {
		u.User = url.UserPassword(r.User, "xxxxx")
	}
	settings := url.Values{}
	if r.TLS == Implicit {
		u.Scheme = "smtps"
	} else {
		settings.Set("starttls", string(r.TLS))
	}
	if r.Weight > 1 {
		settings.Set("weight", strconv.Itoa(r.Weight))
	}
	u.RawQuery = settings.Encode()
	return u.String()
}

// GoString is String, so that %#v shows no password either.
func (r Relay) GoString() string { return r.String() }
