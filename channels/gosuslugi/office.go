package gosuslugi

import (
	"cmp"
	"net/url"
	"strings"

	"vestnik/engine"
)

// The settings of a provider that the channel reads.
const (
	settingStand       = "gis.stand"           // a key of stands
	settingURL         = "gis.url"             // where the stand is, as seen from here: mostly a local TLS tunnel
	settingOrg         = "gis.org_ppaguid"     // orgPPAGUID: the provider in ГИС ЖКХ
	settingUser        = "gis.user"            // of basic authentication, which the test stands ask for
	settingPassword    = "gis.password"        //
	settingFingerprint = "gis.fingerprint"     // SHA-1 of the certificate, for sit02-http: header X-Client-Cert-Fingerprint
	settingSigning     = "gis.signing"         // who signs requests: off, openssl, command
	settingKey         = "gis.key"             // the private key of the signature, PEM without a password; for openssl
	settingCert        = "gis.cert"            // its certificate, PEM
	settingOperator    = "gis.operator"        // "on": the operator of the information system signs for the provider (IsOperatorSignature)
	settingConfirm     = "gis.confirm_amounts" // "on": ГИС ЖКХ is to take sums that it would compute otherwise (ConfirmAmountsCorrect)
	settingDebts       = "gis.debt_notices"    // "on": debts are told to the owners of accounts (DeptsInforming), which may not be what that is for
	settingRoot        = "gis.org_root"        // orgRootEntityGUID: the provider in the registry of organizations, as the initiator of meetings
	settingBIC         = "payment.bic"
	settingAccount     = "payment.account"
)

// stands are the installations of ГИС ЖКХ: the name that the request is for, where it is found when the provider's settings do not say, and
// whether requests have to be signed. The names are those public clients use.
var stands = map[string]struct {
	host, url string
	signed    bool
}{
	"ppak":       {host: "api.dom.gosuslugi.ru", signed: true},
	"sit01":      {host: "sit01.dom.test.gosuslugi.ru:10081", signed: true},
	"sit02-http": {host: "sit02.dom.test.gosuslugi.ru:10082", url: "http://sit02.dom.test.gosuslugi.ru:10082"},
	"custom":     {},
}

// office is a provider's access to ГИС ЖКХ.
type office struct {
	provider             engine.ProviderID
	address, host        string // address ends without a slash; empty host: that of the address
	org, user, password  string
	root                 string // orgRootEntityGUID; empty: not given
	fingerprint          string
	operator, confirm    bool
	debts                bool
	signing, key, cert   string
	bic, account, payKey string // requisites that bills are to be paid to; payKey names them within a request
}

// misfit is a setting that cannot be right, in the words for people: "по-русски // in English".
type misfit string

// Error gives the English words, which is what logs are written in.
func (m misfit) Error() string {
	_, english, _ := strings.Cut(string(m), " // ")
	return english
}

// officeOf reads a provider's settings. What is wrong with them is a misfit.
func officeOf(p engine.Provider) (*office, error) {
	stand, known := stands[p.Setting(settingStand)]
	if !known {
		return nil, misfit("gis.stand не задан // the setting gis.stand is missing")
	}
	address := cmp.Or(p.Setting(settingURL), stand.url)
	at, err := url.Parse(address)
	switch {
	case address == "":
		return nil, misfit("gis.url не задан: адрес туннеля TLS к стенду // the setting gis.url is missing: the address of the TLS tunnel to the stand")
	case err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return nil, misfit("gis.url — не адрес вида http://… или https://… // the setting gis.url is no address http://… or https://…")
	case !isGUID(p.Setting(settingOrg)):
		return nil, misfit("gis.org_ppaguid не задан или не GUID // the setting gis.org_ppaguid is missing or no GUID")
	}
	signing, err := signingOf(p, p.Setting(settingStand), stand.signed)
	if err != nil {
		return nil, err
	}
	o := &office{
		provider: p.ID, address: at.Scheme + "://" + at.Host, host: stand.host, org: p.Setting(settingOrg), user: p.Setting(settingUser),
		password: p.Setting(settingPassword), fingerprint: p.Setting(settingFingerprint), operator: p.Setting(settingOperator) == "on",
		confirm: p.Setting(settingConfirm) == "on", debts: p.Setting(settingDebts) == "on", root: p.Setting(settingRoot), bic: p.Setting(settingBIC), account: p.Setting(settingAccount),
		signing: signing, key: p.Setting(settingKey), cert: p.Setting(settingCert),
	}
	o.payKey = guidOf(o.bic + "/" + o.account)
	return o, nil
}
