package gosuslugi

import (
	"context"
	"errors"
	"strings"
	"time"

	"vestnik/channels/gosuslugi/sign"
	"vestnik/engine"
)

// Finding is one thing that was found out about a provider's access to ГИС ЖКХ. Texts are "по-русски // in English", or the same in both.
type Finding struct {
	What string // what was looked at
	Note string // what there is to say of it
	Bad  bool   // it keeps requests from being taken
	Warn bool   // it will, or it may
}

// soon is how long before the end of a certificate it is time to order another.
const soon = 30 * 24 * time.Hour

// Glance tells what a provider's settings alone say about its access: whether they are complete, and how long the certificate is valid.
func (c *Channel) Glance(p engine.Provider) []Finding {
	o, err := officeOf(p)
	if err != nil {
		return []Finding{{What: "ГИС ЖКХ: настройки // ГИС ЖКХ: settings", Note: wordsOf(err), Bad: true}}
	}
	list := []Finding{{What: "ГИС ЖКХ: настройки // ГИС ЖКХ: settings", Note: p.Setting(settingStand) + ", " + o.address}}
	if o.bic == "" || o.account == "" {
		list = append(list, Finding{What: "ГИС ЖКХ: реквизиты // ГИС ЖКХ: requisites", Warn: true,
			Note: "payment.bic и payment.account не заданы: счета не разместить // payment.bic and payment.account are not set: bills cannot be placed"})
	}
	if o.signing == signingOff {
		return append(list, Finding{What: signatureItself, Note: "выключена, стенд её не требует // off, the stand does not want it"})
	}
	certificate, err := sign.ParseCertificate([]byte(o.cert))
	if err == nil {
		err = certificate.ValidAt(c.cfg.now())
	}
	if err != nil {
		return append(list, Finding{What: certificateItself, Note: wordsOf(err), Bad: true})
	}
	f := Finding{What: certificateItself, Note: certificate.Subject + ", SHA-1 " + certificate.Fingerprint + ", до " + certificate.NotAfter.Format("02.01.2006") +
		" // " + certificate.Subject + ", SHA-1 " + certificate.Fingerprint + ", until " + certificate.NotAfter.Format(time.DateOnly)}
	if certificate.NotAfter.Sub(c.cfg.now()) < soon {
		f.Warn = true
		f.Note = "истекает " + certificate.NotAfter.Format("02.01.2006") + ": закажите новый, зарегистрируйте его в личном кабинете ГИС ЖКХ и задайте gis.cert_file и gis.key_file // expires on " +
			certificate.NotAfter.Format(time.DateOnly) + ": order a new one, register it in the account of ГИС ЖКХ, and set gis.cert_file and gis.key_file"
	}
	return append(list, f)
}

// What findings are about.
const (
	certificateItself = "ГИС ЖКХ: сертификат подписи // ГИС ЖКХ: certificate of the signature"
	signatureItself   = "ГИС ЖКХ: подпись // ГИС ЖКХ: signature"
	standItself       = "ГИС ЖКХ: стенд // ГИС ЖКХ: stand"
)

// Check tells what Glance does, and tries it: it signs something, and asks the stand about a request that there has never been, which changes
// nothing there.
func (c *Channel) Check(ctx context.Context, p engine.Provider) []Finding {
	list := c.Glance(p)
	o, err := officeOf(p)
	if err != nil {
		return list
	}
	if certificate, err := sign.ParseCertificate([]byte(o.cert)); err == nil && o.signing != signingOff {
		list = append(list, c.try(ctx, o, certificate))
	}
	return append(list, c.reach(ctx, o))
}

// try signs something.
func (c *Channel) try(ctx context.Context, o *office, certificate *sign.Certificate) Finding {
	f := Finding{What: signatureItself, Note: "ключ подходит к сертификату // the key fits the certificate"}
	signer := c.signer(o)
	err := error(nil)
	if openssl, is := signer.(sign.OpenSSL); is {
		err = openssl.Fits(ctx, certificate)
	}
	if err == nil {
		err = sign.Probe(ctx, signer, certificate, sign.OpenSSL{Program: c.cfg.OpenSSL})
	}
	switch {
	case errors.Is(err, sign.ErrNotVerified):
		f.Warn, f.Note = true, "подписывает, но проверить нечем: нет openssl с движком gost // it signs, but there is nothing to verify it with: no openssl with the engine gost"
	case err != nil:
		f.Bad, f.Note = true, wordsOf(err)
	}
	return f
}

// reach asks the stand about a request that there has never been: that it is not found is as it should be.
func (c *Channel) reach(ctx context.Context, o *office) Finding {
	f := Finding{What: standItself, Note: "отвечает // answers"}
	_, failed := c.state(ctx, o, billing, newGUID())
	switch {
	case failed == nil || ruleOf(failed.code).code == "INT002013":
	case failed.Reason == engine.Misconfigured:
		f.Bad, f.Note = true, "не пускает: // does not let us in: "
		f.Note = joined(f.Note, failed)
	default:
		f.Bad, f.Note = true, joined("не отвечает: проверьте gis.url и туннель TLS: // does not answer: look at gis.url and the TLS tunnel: ", failed)
	}
	return f
}

// joined adds what is known of a failure to words in both languages.
func joined(words string, failed *failure) string {
	more := strings.TrimSpace(failed.Code + " " + failed.Err.Error())
	russian, english, _ := strings.Cut(words, " // ")
	return russian + " " + more + " // " + english + more
}

// wordsOf are the words of an error in both languages, if it has them; with what a program said.
func wordsOf(err error) string {
	if m, is := errors.AsType[misfit](err); is {
		return string(m)
	}
	if failed, is := errors.AsType[*sign.Failure](err); is {
		if failed.Said == "" {
			return failed.Words
		}
		said := " (" + strings.Join(strings.Fields(failed.Said), " ") + ")"
		return strings.Replace(failed.Words, " // ", said+" // ", 1) + said
	}
	return err.Error()
}
