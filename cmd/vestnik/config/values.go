package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Secret is bytes that are written in base64 and never shown.
type Secret []byte

// UnmarshalText reads base64, of either alphabet, padded or not.
func (s *Secret) UnmarshalText(text []byte) error {
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSpace(string(text))), "=")
	decoded, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return errors.New("not base64") // the error of the decoder would tell a piece of the secret
	}
	*s = decoded
	return nil
}

// String hides the secret.
func (s Secret) String() string { return "[hidden]" }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// List is several words: a YAML list, or one line with commas.
type List []string

// UnmarshalText reads words separated by commas; empty ones are dropped.
func (l *List) UnmarshalText(text []byte) error {
	*l = nil
	for word := range strings.SplitSeq(string(text), ",") {
		if word = strings.TrimSpace(word); word != "" {
			*l = append(*l, word)
		}
	}
	return nil
}

// Pauses are several lengths of time, one after another: a YAML list, or one line with commas.
type Pauses []time.Duration

// UnmarshalText reads lengths like "90s" or "5m", separated by commas; each must be longer than nothing.
func (p *Pauses) UnmarshalText(text []byte) error {
	var words List
	_ = words.UnmarshalText(text)
	*p = nil
	for _, word := range words {
		pause, err := time.ParseDuration(word)
		if err != nil || pause <= 0 {
			return fmt.Errorf("%q: 90s, 5m", word)
		}
		*p = append(*p, pause)
	}
	return nil
}

// Counts is a number for each of some names: a YAML mapping, or one line like "email=8, vk=2".
type Counts map[string]int

// UnmarshalText reads NAME=NUMBER separated by commas.
func (c *Counts) UnmarshalText(text []byte) error {
	counts := Counts{}
	var pairs List
	_ = pairs.UnmarshalText(text)
	for _, pair := range pairs {
		name, number, _ := strings.Cut(pair, "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			return fmt.Errorf("%q: NAME=NUMBER", pair)
		}
		counts[strings.TrimSpace(name)] = n
	}
	*c = counts
	return nil
}

// String writes what UnmarshalText reads, in order of the names.
func (c Counts) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		pairs = append(pairs, fmt.Sprintf("%s=%d", name, c[name]))
	}
	return strings.Join(pairs, ", ")
}
