package main

import (
	"os"
	"strings"

	"vestnik/api/client"
	"vestnik/cmd/vestnik/tongue"
)

// access says which installation is asked, and with which key; commands that use the API embed it.
type access struct {
	URL     string `required:"" env:"VESTNIK_URL" placeholder:"URL" help:"Адрес установки. // Address of the installation."`
	Key     string `env:"VESTNIK_KEY" placeholder:"KEY" help:"Ключ API. // Key of the API."`
	KeyFile string `env:"VESTNIK_KEY_FILE" placeholder:"FILE" help:"Файл с ключом API. // File with the key of the API."`
}

// client makes the client.
func (a access) client(t *terminal) (*client.Client, error) {
	key := a.Key
	switch {
	case key != "" && a.KeyFile != "":
		return nil, t.misuse("задайте либо ключ, либо файл с ключом // give either the key or the file with the key")
	case a.KeyFile != "":
		content, err := os.ReadFile(a.KeyFile)
		if err != nil {
			return nil, t.fail("ключ не читается: %w // the key cannot be read: %w", err)
		}
		key = strings.TrimSpace(string(content))
	}
	if key == "" {
		return nil, t.misuse("нужен ключ: --key, --key-file, VESTNIK_KEY или VESTNIK_KEY_FILE // a key is needed: --key, --key-file, VESTNIK_KEY or VESTNIK_KEY_FILE")
	}
	c := client.New(a.URL, key)
	if c.Language = "ru"; t.Tongue == tongue.English {
		c.Language = "en"
	}
	return c, nil
}
