// Package engine delivers the messages of housing utilities to their residents and answers for every one of them.
//
// It holds the nouns of the trade (Provider, Campaign, Recipient, Route, Batch, Outcome, Fact, Fault), the small interfaces through
// which it reaches the world (the stores of Stores, Channel, Texts, Meter) and the one walk that everything goes by: Engine.Handle.
//
// # The walk
//
// A campaign's recipients lie in chunks of ChunkSize. Each recipient travels every lane of the campaign's route as a member of a
// Batch: some members of one chunk, at the same place of one lane. Batches live in the Ledger, which is the truth; the Queue only
// wakes workers, so a wake that is lost, early, late or doubled does no harm. Handle takes the batch under a lease, decides one verdict a
// member, and settles: new states and successor batches are written in one atomic step that also removes the batch itself. A member is
// therefore always in exactly one batch of a lane or at the lane's end, and the ledger balances at every moment by construction.
//
// Retries, waits, confirmations, fallbacks to the next step are all "put the next batch"; nothing else drives the loop. Of the batches of a
// campaign that are due, a window is roused at a time: the others lie in the ledger until it is their turn, so that a campaign of millions
// stands in the queues no longer than a small one.
//
// # The rules
//
// Before a message is written, its recipient passes the rules one after another (Engine.send): may it be reached there at all, is it night,
// does somebody share the address, do the breaker, the rates and the quotas let it through. Each rule is pure Go over what a store
// tells; whoever a rule stops is skipped with a reason or held with a Hold, and no attempt is burned.
//
// # What it promises
//
//   - Nobody is lost: a crash anywhere leaves the batch in the ledger, and Reconcile wakes it when its lease has run out.
//   - Nobody is sent twice beyond what was in flight at a crash: the messages of the batches under lease at that moment.
//   - Facts reach the Journal before the batch settles; handled again they are recorded again, which is harmless (see Facts).
//
// It imports the standard library only, never logs or stores an address outside the Audience, and never reads the history:
// data flows from here to the journal and not back.
package engine
