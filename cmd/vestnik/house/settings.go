package house

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/channels/email"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/sign"
	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/engine"
)

// Setting is one key of a provider's settings.
type Setting struct {
	Key    string
	Secret bool   // encrypted at rest, given by a file (KEY_file) only, and never shown
	Rule   string // what a value must be, "по-русски // in English"
	fine   func(string) bool
}

// Fine reports whether a value obeys the rule.
func (s Setting) Fine(value string) bool { return s.fine(value) }

// SecretSuffix ends the key by which a secret is given: the name of a file with it.
const SecretSuffix = "_file"

// Settings lists every setting a provider can have, in the order people see them.
func Settings() []Setting {
	address := func(key string) Setting {
		return Setting{Key: key, Rule: "почтовый адрес // an e-mail address", fine: isAddress}
	}
	text := func(key string) Setting {
		return Setting{Key: key, Rule: "текст в одну строку // text of one line", fine: isLine}
	}
	link := func(key string) Setting {
		return Setting{Key: key, Rule: "адрес https://… // an address https://…", fine: isLink}
	}
	hidden := func(key string) Setting {
		return Setting{Key: key, Secret: true, Rule: "файл не пуст // a file that is not empty", fine: func(v string) bool { return v != "" }}
	}
	keys := func(key string) Setting {
		return Setting{Key: key, Secret: true, Rule: "закрытые ключи PEM: RSA от 2048 бит, Ed25519 // private keys in PEM: RSA of 2048 bits or more, Ed25519",
			fine: func(v string) bool {
				list, err := email.ParseKeys(v)
				return err == nil && len(list) > 0
			}}
	}
	digits := func(key, count string) Setting {
		re := regexp.MustCompile(`^\d{` + strings.ReplaceAll(count, " ", `}$|^\d{`) + `}$`)
		n := strings.ReplaceAll(count, " ", "/")
		return Setting{Key: key, Rule: n + " цифр // " + n + " digits", fine: re.MatchString}
	}
	words := func(key string, list ...string) Setting {
		return Setting{Key: key, Rule: strings.Join(list, ", "), fine: func(v string) bool { return slices.Contains(list, v) }}
	}
	list := []Setting{
		{Key: "timezone", Rule: "часовой пояс вида Asia/Yekaterinburg // a time zone like Asia/Yekaterinburg", fine: IsTimezone},
		address("email.from"), address("email.reply_to"),
		{Key: "email.bounces", Rule: "домен вида bounces.example.ru // a domain like bounces.example.ru", fine: isDomain},
		text(email.SettingDomain), text(email.SettingSelector), keys(email.SettingKey),
		text(email.SettingNextSelector), keys(email.SettingNextKey), text(email.SettingNextFrom),
		text("payment.name"), digits("payment.inn", "10 12"), digits("payment.kpp", "9"), digits("payment.account", "20"), text("payment.bank"),
		digits("payment.bic", "9"), digits("payment.corr_account", "20"), link("payment.url"),
		words(engine.SettingTracking, engine.TrackingOn, engine.TrackingOff),
		words("gis.stand", "ppak", "sit01", "sit02-http", "custom"), link("gis.url"), text("gis.org_ppaguid"), text("gis.user"), hidden("gis.password"),
		text("gis.fingerprint"), words("gis.operator", "on", "off"), words("gis.confirm_amounts", "on", "off"),
		words(gosuslugi.SettingPayments, "on", "off"),
		{Key: gosuslugi.SettingPaymentsEvery, Rule: "время от 1m до 24h: 1h // a time from 1m to 24h: 1h", fine: isRound},
		words("gis.debt_notices", "on", "off"), text("gis.org_root"),
		words("gis.signing", "off", "openssl", "command"),
		{Key: "gis.key", Secret: true, Rule: "закрытый ключ PEM без пароля // a private key in PEM without a password", fine: func(v string) bool { return sign.CheckKey([]byte(v)) == nil }},
		{Key: "gis.cert", Secret: true, Rule: "сертификат ГОСТ Р 34.10-2012 (256) в PEM // a certificate of GOST R 34.10-2012 (256) in PEM", fine: isCertificate},
		{Key: "vk.group_id", Rule: "число // a number", fine: isNumber}, hidden("vk.token"), hidden("vk.secret"), link("vk.api_url"),
		{Key: vk.SettingConfirmation, Rule: "строка из латинских букв и цифр // letters and digits", fine: isConfirmation}, words(vk.SettingEvents, vk.EventsByHook, vk.EventsByPoll),
		words(engine.SettingDocuments, engine.DocumentsOn, engine.DocumentsOff),
		hidden(housechat.SettingMAXToken), link("max.api_url"), words(housechat.SettingMAXEvents, housechat.EventsByHook, housechat.EventsByPoll),
		{Key: engine.SettingQuiet, Rule: "тихие часы вида 21:00-09:00 или off // quiet hours like 21:00-09:00, or off", fine: isQuiet},
		{Key: engine.SettingFrequency, Rule: "сколько рассылок рекламы за сколько дней: 2/7d // how many campaigns of ads in how many days: 2/7d", fine: isFrequency},
		words(engine.SettingBill, engine.BillAttached, engine.BillLinked, engine.BillUnwanted), count(engine.SettingBillDays),
		count(engine.SettingPerMinute), count(engine.SettingPerDay),
	}
	for _, ch := range engine.ChannelNames() {
		list = append(list, count(string(ch)+"."+engine.SettingPerSecond), count(string(ch)+"."+engine.SettingConcurrent))
	}
	return list
}

// count is a setting that is a number from 1 on.
func count(key string) Setting {
	return Setting{Key: key, Rule: "число от 1 // a number from 1 on", fine: func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n > 0
	}}
}

func isCertificate(v string) bool {
	_, err := sign.ParseCertificate([]byte(v))
	return err == nil
}

func isQuiet(v string) bool {
	_, err := engine.ParseQuiet(v)
	return err == nil && v != ""
}

func isFrequency(v string) bool {
	_, _, err := engine.ParseFrequency(v)
	return err == nil && v != ""
}

// FindSetting gives the setting of a key.
func FindSetting(key string) (Setting, bool) {
	list := Settings()
	at := slices.IndexFunc(list, func(s Setting) bool { return s.Key == key })
	if at < 0 {
		return Setting{}, false
	}
	return list[at], true
}

// IsINN reports whether a text has the form of an ИНН: 10 digits of an organization, 12 of a person.
func IsINN(v string) bool {
	return (len(v) == 10 || len(v) == 12) && strings.Trim(v, "0123456789") == ""
}

// IsTimezone reports whether a text is an IANA name.
func IsTimezone(v string) bool {
	_, err := time.LoadLocation(v)
	return err == nil && v != "" && v != "Local"
}

func isAddress(v string) bool {
	_, err := mail.ParseAddress(v)
	return err == nil
}

func isDomain(v string) bool { return strings.Contains(v, ".") && isAddress("b@"+v) }

func isLine(v string) bool { return v != "" && len(v) <= 500 && !strings.ContainsAny(v, "\r\n\x00") }

func isLink(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func isRound(v string) bool {
	d, err := time.ParseDuration(v)
	return err == nil && d >= time.Minute && d <= 24*time.Hour
}

func isConfirmation(v string) bool { return regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`).MatchString(v) }

func isNumber(v string) bool {
	_, err := strconv.ParseUint(v, 10, 63)
	return err == nil
}
