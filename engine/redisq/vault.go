package redisq

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// vault compresses what it is given and, with a key, seals it. It is safe for concurrent use.
type vault struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	aead    cipher.AEAD // nil: no key
	rooms   sync.Pool   // of *[]byte: what unpackText unfolds in
}

// The first byte of what a vault has packed.
const (
	packedPlain  = 0
	packedSealed = 1
)

// maxUnpacked bounds what a chunk may unfold to.
const maxUnpacked = 256 << 20

func newVault(key []byte) (*vault, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("start the compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("start the decompressor: %w", err)
	}
	v := &vault{encoder: encoder, decoder: decoder}
	if len(key) == 0 {
		return v, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("the data key: %w", err)
	}
	if v.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("the data key: %w", err)
	}
	return v, nil
}

func (v *vault) close() { v.decoder.Close() }

// pack compresses and seals; place is what the text belongs to: it cannot be opened as something else's.
func (v *vault) pack(text []byte, place string) []byte {
	if v.aead == nil {
		return v.encoder.EncodeAll(text, []byte{packedPlain})
	}
	packed := make([]byte, 1+v.aead.NonceSize(), 1+v.aead.NonceSize()+len(text)/3)
	packed[0] = packedSealed
	rand.Read(packed[1:])
	return v.aead.Seal(packed, packed[1:], v.encoder.EncodeAll(text, nil), []byte(place))
}

var errSealed = errors.New("cannot be opened: it was sealed with another data key, or damaged")

// unpackText is unpack for what is kept as a string.
func (v *vault) unpackText(packed []byte, place string) (string, error) {
	room, had := v.rooms.Get().(*[]byte)
	if !had {
		room = new([]byte)
	}
	defer v.rooms.Put(room)
	text, err := v.unpackInto((*room)[:0], packed, place)
	if err != nil {
		return "", err
	}
	*room = text
	return string(text), nil
}

// unpack opens what pack made.
func (v *vault) unpack(packed []byte, place string) ([]byte, error) {
	return v.unpackInto(nil, packed, place)
}

// unpackInto is unpack that appends to a room, if that is large enough.
func (v *vault) unpackInto(room, packed []byte, place string) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errSealed
	}
	body := packed[1:]
	if packed[0] == packedSealed {
		if v.aead == nil || len(body) < v.aead.NonceSize() {
			return nil, errSealed
		}
		var err error
		nonce := body[:v.aead.NonceSize()]
		if body, err = v.aead.Open(nil, nonce, body[len(nonce):], []byte(place)); err != nil {
			return nil, errSealed
		}
	}
	text, err := v.decoder.DecodeAll(body, room)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return text, nil
}

// digestSize is long enough that no two of a billion names meet (80 bits), and short enough to be cheap.
const digestSize = 10

// digest stands for a name that must not be read in Redis; kind keeps names of different kinds apart.
func (r *Redis) digest(kind byte, name string) [digestSize]byte {
	text := make([]byte, 0, 128)
	text = append(text, byte(len(r.options.Secret)))
	text = append(append(text, r.options.Secret...), kind)
	sum := sha256.Sum256(append(text, name...))
	return [digestSize]byte(sum[:digestSize])
}

// The kinds of names.
const (
	kindAccount     = 'a'
	kindDocument    = 'd'
	kindReference   = 'r'
	kindPurpose     = 'p'
	kindAddress     = 's'
	kindAnswer      = 'i'
	kindConsenter   = 'c'
	kindConsent     = 'e'
	kindCounted     = 'f'
	kindPlace       = 'h'
	kindSignal      = 'v'
	kindPace        = 'n'
	kindChat        = 'k'
	kindNote        = 'o'
	kindDeclaration = 'l'
)
