package mailtest

import (
	"net"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// Names is a DNS server on the loopback interface that knows what it was told and says of everything else that it does not exist.
type Names struct {
	conn   net.PacketConn
	served sync.WaitGroup

	mu   sync.Mutex
	told map[string][]string
}

// StartNames starts a DNS server. What it knows is named "TXT example.ru" (texts), "MX example.ru" (hosts) or "A relay.example.ru" (addresses).
func StartNames(told map[string][]string) (*Names, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &Names{conn: conn, told: told}
	n.served.Go(func() {
		packet := make([]byte, 4096)
		for {
			size, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer, err := n.answer(packet[:size]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	})
	return n, nil
}

// Address is host:port.
func (n *Names) Address() string { return n.conn.LocalAddr().String() }

// Tell changes what stands under a name; nothing takes it away.
func (n *Names) Tell(name string, values ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told[name] = values
}

// Close ends the server.
func (n *Names) Close() {
	_ = n.conn.Close()
	n.served.Wait()
}

// answer makes the reply to one question.
func (n *Names) answer(packet []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	asked, err := parser.Question()
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(strings.TrimSuffix(asked.Name.String(), "."))
	n.mu.Lock()
	values, known := n.told[strings.TrimPrefix(asked.Type.String(), "Type")+" "+name], false
	for told := range n.told {
		known = known || strings.HasSuffix(told, " "+name)
	}
	n.mu.Unlock()
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true}, Questions: []dnsmessage.Question{asked}}
	if !known {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, value := range values {
		body, err := bodyOf(asked.Type, value)
		if err != nil {
			return nil, err
		}
		reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: asked.Class, TTL: 1}, Body: body})
	}
	return reply.Pack()
}

func bodyOf(kind dnsmessage.Type, value string) (dnsmessage.ResourceBody, error) {
	switch kind {
	case dnsmessage.TypeMX:
		host, err := dnsmessage.NewName(value + ".")
		return &dnsmessage.MXResource{Pref: 10, MX: host}, err
	case dnsmessage.TypeA:
		var a dnsmessage.AResource
		copy(a.A[:], net.ParseIP(value).To4())
		return &a, nil
	}
	var pieces []string // of 255 characters at most (RFC 1035 §3.3)
	for ; len(value) > 255; value = value[255:] {
		pieces = append(pieces, value[:255])
	}
	return &dnsmessage.TXTResource{TXT: append(pieces, value)}, nil
}
