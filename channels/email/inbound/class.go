package inbound

import "vestnik/engine"

// Class is what a message that came in amounts to.
type Class string

// The classes. The first six become facts, the others are counted only.
const (
	Hard         Class = "hard"         // bounced: there is nobody at the address
	Soft         Class = "soft"         // bounced: for now, or for a reason nobody told; the engine stops an address where it happens again and again
	Refused      Class = "refused"      // bounced: the mailbox provider did not want this message; the address is not to blame
	Delivered    Class = "delivered"    // it lies in the mailbox (a report of success, RFC 3464 §2.3.3)
	Complaint    Class = "complaint"    // the resident called it spam
	Unsubscribed Class = "unsubscribed" // by a letter to our address, or by a feedback loop

	Delayed   Class = "delayed"    // not delivered yet, and still tried
	Relayed   Class = "relayed"    // handed on to where nothing more is heard from
	AutoReply Class = "auto_reply" // out of office, vacation (RFC 3834)
	Receipt   Class = "receipt"    // somebody's program tells that it has shown the letter (RFC 8098): not asked for, not believed
	Feedback  Class = "feedback"   // a report of a feedback loop that is no complaint: not-spam, virus, auth-failure
	Loop      Class = "loop"       // a letter of our own, or one that has gone round and round
	Forged    Class = "forged"     // it names no letter of ours, or two, or one that is not its sender's to speak of
	Stale     Class = "stale"      // its campaign is not known any more
	Unknown   Class = "unknown"    // not understood: a person's letter, or a bounce in no known form

	Personal Class = "personal" // a letter to postmaster or abuse, handed on to a person
	Unread   Class = "unread"   // the same, where nobody is named to read it

	Rejected Class = "rejected" // turned away before it was read: not to an address of ours, or too large
	PutOff   Class = "put_off"  // a store is down: told to come again
)

// Classes lists every class.
func Classes() []Class {
	return []Class{Hard, Soft, Refused, Delivered, Complaint, Unsubscribed, Delayed, Relayed, AutoReply, Receipt, Feedback, Loop, Forged, Stale,
		Unknown, Personal, Unread, Rejected, PutOff}
}

// fact is what the engine observes of a class; none of those that are counted only.
func (c Class) fact() (engine.Fact, bool) {
	switch c {
	case Hard, Soft, Refused:
		return engine.Bounced, true
	case Delivered:
		return engine.Received, true
	case Complaint:
		return engine.Complained, true
	case Unsubscribed:
		return engine.Unsubscribed, true
	default:
		return "", false
	}
}

// verdict is a class, and why a message came back.
type verdict struct {
	class  Class
	reason engine.Reason // of those that bounced
	code   string        // "550 5.1.1", "5.2.2"; never an address
}

// returned is the verdict on a message that came back for a reason.
func returned(reason engine.Reason) verdict {
	switch reason {
	case engine.BadAddress:
		return verdict{class: Hard, reason: reason}
	case engine.Refused, engine.BadMessage:
		return verdict{class: Refused, reason: reason}
	default:
		return verdict{class: Soft, reason: reason}
	}
}
