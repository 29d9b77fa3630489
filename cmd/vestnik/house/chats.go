package house

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"

	"vestnik/channels/housechat"
	"vestnik/channels/vk"
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

// hookMAX is the name of MAX in /hooks/{channel}/{provider}.
const hookMAX = string(engine.NetworkMAX)

var errNoBot = errors.New("the provider has no bot in MAX")

// maxSecret is what the events of a provider's bot carry: it follows from the installation's secret and the bot's token, so that every process
// knows it and nobody has to set it.
func (h *House) maxSecret(p engine.Provider) string {
	return hex.EncodeToString(derive(h.config.Secret, "events of MAX "+string(p.ID)+" "+p.Setting(housechat.SettingMAXToken)))
}

// maxDoor is the address that the events of the provider's bot are brought to.
func (h *House) maxDoor(p engine.Provider) string {
	return h.URL + "/hooks/" + hookMAX + "/" + string(p.ID)
}

// maxHooks are the doors for the events of bots in MAX.
func (h *House) maxHooks() http.Handler {
	return newHooks(h.Stores.Registry, func(p engine.Provider) (http.Handler, error) {
		if p.Setting(housechat.SettingMAXToken) == "" {
			return nil, errNoBot
		}
		return housechat.NewMAXHook(housechat.HookConfig{Provider: p.ID, Chats: h.Stores.Chats, Secret: h.maxSecret(p), Log: h.config.Log})
	})
}

// withChats lets the door of a VK community take what happens in its chats, too.
func (h *House) withChats(p engine.Provider, dialogs http.Handler) http.Handler {
	group, err := strconv.ParseInt(p.Setting(vk.SettingGroup), 10, 64)
	if err != nil {
		return dialogs // cannot be: it has a door
	}
	both, err := housechat.NewVKHook(housechat.HookConfig{
		Provider: p.ID, Chats: h.Stores.Chats, Secret: p.Setting(vk.SettingSecret), GroupID: group, Next: dialogs, Log: h.config.Log,
	})
	if err != nil {
		h.config.Log.Warn("the chats of a VK community are not heard", "provider", p.ID, "error", err)
		return dialogs
	}
	return both
}
