// Package inbound reads the mail that comes back: reports of non-delivery (RFC 3464), complaints of feedback loops (RFC 5965), letters of
// people who unsubscribe, and all that arrives beside them. A Desk says what a message means and has the engine observe it; a Server takes
// messages by SMTP, a Maildir from a folder.
//
// A message counts only under a name that we have signed (engine.Tokens.Name): it stands in the address that the letter was sent from, and
// whatever else a report says is believed only about that letter. It never answers or relays anything, keeps nothing of what it reads, and logs no
// address and no word of it. What people write to postmaster@ and abuse@ it gives to whoever is to read it (Config.Forward).
package inbound
