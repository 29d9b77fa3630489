package engine

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// idSize is the length of an identity in random bytes: enough that none is ever guessed or made twice.
const idSize = 10

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an opaque identity of 16 lower-case letters and digits.
func NewID() string {
	var b [idSize]byte
	rand.Read(b[:]) // never fails: crypto/rand.Read crashes the program instead
	return idText.EncodeToString(b[:])
}

// Act is what a token lets its bearer do.
type Act byte

// The acts.
const (
	ActOpen        Act = 'o'
	ActClick       Act = 'c'
	ActUnsubscribe Act = 'u'
	ActDocument    Act = 'd'
	ActReturn      Act = 'r' // bring the message back: see Tokens.Name
)

// Pass is what a token says: which recipient, over which channel, may do what. It carries no personal data.
type Pass struct {
	Act      Act
	Campaign CampaignID
	Ordinal  Ordinal
	Channel  ChannelName
	Lane     int // with Step: where in the route the message was sent, since a step may have a text of its own
	Step     int
	Link     int // number of the link in the message, for ActClick

	Written time.Time // when the message was; to the millisecond, in UTC. Zero: not told
}

// Tokens signs passes and reads them back. It is safe for concurrent use.
type Tokens struct{ macs sync.Pool } // of hash.Hash: keying an HMAC costs more than a token's sum

// passHead is the length of a pass before its campaign: act, channel, place in the route, link.
const passHead = 4

// macSize is how much of the HMAC a token carries: 80 bits, not to be guessed through a web server.
const macSize = 10

var errToken = errors.New("token is not one of ours")

// NewTokens makes Tokens from the installation's secret; the key they sign with is used for nothing else.
func NewTokens(secret []byte) *Tokens {
	key := mac(secret, []byte("vestnik tracking token v1"))
	return &Tokens{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// appendSum adds what a token's body is signed with.
func (t *Tokens) appendSum(b, body []byte) []byte {
	h := t.macs.Get().(hash.Hash)
	defer t.macs.Put(h)
	h.Reset()
	h.Write(body)
	return h.Sum(b)[:len(b)+macSize]
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// Sign gives the token of a pass: some 40 characters that are safe in a URL, or 50 with the time.
func (t *Tokens) Sign(p Pass) (string, error) {
	b, err := t.seal(p)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Name gives the token of a pass in lower-case letters and digits, 47 at most: the name of an address keeps within its 64 octets (RFC 5321
// §4.5.3.1.1) with it, and servers that change the case of names do it no harm.
func (t *Tokens) Name(p Pass) (string, error) {
	b, err := t.seal(p)
	if err != nil {
		return "", err
	}
	return idText.EncodeToString(b), nil
}

// seal packs a pass and signs it.
func (t *Tokens) seal(p Pass) ([]byte, error) {
	b := append(make([]byte, 0, 80), byte(p.Act), code(channelNames, p.Channel), byte(p.Lane*maxSteps+p.Step), byte(p.Link))
	b, err := idText.AppendDecode(b, []byte(p.Campaign))
	if err != nil || len(b) != passHead+idSize {
		return nil, fmt.Errorf("sign a token: %q is no campaign id", p.Campaign)
	}
	b = binary.AppendUvarint(b, uint64(p.Ordinal))
	if !p.Written.IsZero() {
		b = binary.AppendUvarint(b, uint64(p.Written.UnixMilli()))
	}
	return t.appendSum(b, b), nil
}

// Read gives the pass of a token for one act; a token that was not signed by us, or for another act, is refused.
func (t *Tokens) Read(token string, act Act) (Pass, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Pass{}, errToken
	}
	return t.open(b, act)
}

// ReadName gives the pass of what Name gave, in whatever case it comes back; like Read it refuses everything else.
func (t *Tokens) ReadName(name string, act Act) (Pass, error) {
	name = strings.ToLower(name)
	b, err := idText.DecodeString(name)
	if err != nil || idText.EncodeToString(b) != name { // the decoder skips line ends and spare bits
		return Pass{}, errToken
	}
	return t.open(b, act)
}

// open checks and unpacks what seal gave.
func (t *Tokens) open(b []byte, act Act) (Pass, error) {
	if len(b) < passHead+idSize+1+macSize {
		return Pass{}, errToken
	}
	body, sum := b[:len(b)-macSize], b[len(b)-macSize:]
	if !hmac.Equal(sum, t.appendSum(nil, body)) || Act(body[0]) != act || int(body[1]) >= len(channelNames) {
		return Pass{}, errToken
	}
	ordinal, n := binary.Uvarint(body[passHead+idSize:])
	if n <= 0 || ordinal > 1<<32-1 {
		return Pass{}, errToken
	}
	var written time.Time
	if rest := body[passHead+idSize+n:]; len(rest) > 0 {
		ms, n := binary.Uvarint(rest)
		if n != len(rest) || ms > 1<<62 {
			return Pass{}, errToken
		}
		written = time.UnixMilli(int64(ms)).UTC()
	}
	return Pass{
		Act: act, Channel: channelNames[body[1]], Lane: int(body[2]) / maxSteps, Step: int(body[2]) % maxSteps, Link: int(body[3]),
		Campaign: CampaignID(idText.EncodeToString(body[passHead : passHead+idSize])), Ordinal: Ordinal(ordinal),
		Written: written,
	}, nil
}

// MessageKey is the stable identity of a recipient's message over a channel: the same on every attempt. before is how many messages of the
// same lane go over the channel before it: a reminder is not the letter it reminds of.
func MessageKey(id CampaignID, o Ordinal, ch ChannelName, before int) string {
	key := append(make([]byte, 0, 40), id...)
	key = strconv.AppendUint(append(key, '-'), uint64(o), 10)
	key = append(append(key, '-'), ch...)
	if before > 0 {
		key = strconv.AppendInt(append(key, '-'), int64(before), 10)
	}
	return string(key)
}

// links are the tracked addresses of one message.
type links struct {
	tokens *Tokens
	base   string // public URL without a slash at its end
	pass   Pass

	untracked bool // only the address to unsubscribe at is ours
}

func (l links) Open() string {
	if l.untracked {
		return ""
	}
	return l.base + "/t/o/" + l.sign(ActOpen, 0)
}

func (l links) Click(n int) string {
	if l.untracked {
		return ""
	}
	return l.base + "/t/c/" + l.sign(ActClick, n)
}

func (l links) Unsubscribe() string { return l.base + "/u/" + l.sign(ActUnsubscribe, 0) }
func (l links) Document() string    { return l.base + "/d/" + l.sign(ActDocument, 0) }

func (l links) sign(act Act, link int) string {
	l.pass.Act, l.pass.Link = act, link
	token, err := l.tokens.Sign(l.pass)
	if err != nil {
		panic(err) // a campaign's id is made by NewID: anything else is a programming error
	}
	return token
}

// LinksFor gives the tracked addresses of the message that a pass is about, whatever its Act and Link; base is the public URL of the
// installation.
func (t *Tokens) LinksFor(base string, message Pass) Links {
	return links{tokens: t, base: strings.TrimSuffix(base, "/"), pass: message}
}

// linksFor is LinksFor for a message of a provider, who may not want its messages followed.
func (e *Engine) linksFor(p Provider, message Pass) Links {
	return links{tokens: e.Tokens, base: strings.TrimSuffix(e.PublicURL, "/"), pass: message, untracked: p.Setting(SettingTracking) == TrackingOff}
}

// HashKey gives the hash under which an API key is kept: an HMAC-SHA256 under the installation's secret, so that a copy of the store is of no
// use for guessing keys.
func HashKey(secret []byte, key string) []byte {
	return mac(slices.Concat([]byte("vestnik api key v1:"), secret), []byte(key))
}
