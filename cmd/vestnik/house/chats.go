package house

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"vestnik/channels/housechat"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
)

// houseChats is how the channel of house chats is set up.
func houseChats(c config.HouseChats, stores engine.Stores, log *slog.Logger) (*housechat.Config, error) {
	roots, err := rootsWith(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("house_chats.ca_file: %w", err)
	}
	return &housechat.Config{Chats: stores.Chats, VKPace: c.VKPause, MAXPace: c.MAXPause, ChatPace: c.ChatPause, RootCAs: roots, Log: log}, nil
}

// rootsWith gives the system's root certificates and those of a file; nil, which means the system's, without a file.
func rootsWith(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in the file")
	}
	return roots, nil
}
