package engine

import "time"

// ProviderID names a provider: an opaque string.
type ProviderID string

// Provider is a tenant: поставщик ЖКУ, a management company or a water, heat or power utility.
type Provider struct {
	ID        ProviderID        `json:"id"`
	Name      string            `json:"name"`
	INN       string            `json:"inn"`
	Timezone  string            `json:"timezone"`           // IANA name, for instance "Asia/Yekaterinburg"
	Settings  map[string]string `json:"settings,omitempty"` // by key of SettingKeys, for instance "email.from"
	Routes    map[string]Route  `json:"routes,omitempty"`   // named by the provider
	CreatedAt time.Time         `json:"created_at"`
}

// Setting gives one of the provider's settings; empty when it is not set.
func (p Provider) Setting(key string) string { return p.Settings[key] }

// Key is an API key of one provider with one role. Only its hash is kept.
type Key struct {
	ID        string     `json:"id"`
	Hash      []byte     `json:"hash"`
	Provider  ProviderID `json:"provider"`
	Role      Role       `json:"role"`
	Mode      Mode       `json:"mode"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt time.Time  `json:"revoked_at,omitzero"`
}
