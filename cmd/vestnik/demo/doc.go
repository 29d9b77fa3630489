// Package demo shows the whole product at work on one machine: a made-up town whose management company orders its campaigns through the
// HTTP API, and residents who receive, open, click, pay, bounce and unsubscribe through the same public doors real ones would use.
//
// The town, its people and what they are going to do follow from a seed and from nothing else; nobody and nothing in it is real. The demo
// knows no store and no shortcut: it orders with a key, reads mail as a mailbox does, and believes only what the API tells. At the end it
// holds the counts of the delivery, of the history and of the residents themselves against each other. It draws nothing on a terminal: the
// command that starts it does.
package demo
