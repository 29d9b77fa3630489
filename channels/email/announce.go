package email

import "vestnik/engine"

// appendCampaign adds the fields by which mailbox providers tell a sender's campaigns apart in their statistics and complaints, and know bulk
// from the rest.
//
// Feedback-ID (Gmail, support.google.com/a/answer/6254652) ends with one name for the sender of all; before it stand the campaign, its kind and
// the provider, none of which says anything of a resident. X-Postmaster-Msgtype (Mail.ru, help.mail.ru/enpostmaster/interface/letter_statistic)
// is up to 32 Latin letters and digits: the kind. Precedence is for ads alone: it is no standard (RFC 2076 §3.9), and programs that know it put
// such mail away.
func appendCampaign(fields []byte, from engine.Sender) []byte {
	kind := string(from.Campaign.Kind)
	if kind == "" {
		return fields
	}
	fields = appendField(fields, "Feedback-ID", string(from.Campaign.ID)+":"+kind+":"+string(from.Provider.ID)+":vestnik")
	fields = appendField(fields, "X-Postmaster-Msgtype", kind)
	if from.Campaign.Kind == engine.KindAd {
		fields = appendField(fields, "Precedence", "bulk")
	}
	return fields
}
