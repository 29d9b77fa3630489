// Package api is the door: HTTP in, the engine and the history behind it. It takes orders, recipients, payments and outside facts, answers
// with states and funnels, and serves the public addresses residents' messages lead to.
//
// Every address is a row of one table (Server.routes): who may call it and how large its body may be stand there and nowhere else. A
// key belongs to one provider; whatever belongs to another is not found, which is decided in one place (Server.owned). Errors are
// application/problem+json (RFC 9457) and tell everything that is wrong at once, in Russian or, when asked for, English. openapi.yaml says
// it all for programs; tests hold it to the handlers in both directions.
//
// What holds for all campaigns of a provider (named routes, suppressions, consents) is written with live keys only. How often a key may ask is
// bounded in each process (rates); the doors residents come through are not.
//
// Every POST of the API may carry an Idempotency-Key. Bodies are bounded and so is the time a client may take to send them. The log names
// the pattern of an address, never the address itself, and nothing of what was sent.
//
// It never decides anything about a delivery, never renders or sends a message, and never sees Redis or ClickHouse.
package api
