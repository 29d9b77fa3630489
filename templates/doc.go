// Package templates knows what the messages say: it parses templates, checks what they are given, and renders them.
//
// A template is a folder of three files: message.txt (a front matter with everything about it, and the full plain text), short.txt (what
// chats and cabinets show) and message.html (the e-mail). The built-in ones lie in builtin/, together with the layout that all share.
// Its variables are declared with their types, so a missing or malformed one is found at intake and by name; rendering formats them the
// Russian way, once, for all parts: the e-mail's text and HTML cannot tell different sums.
//
// # How it is fast and still safe
//
// Files are written in the language of html/template and text/template, and html/template decides how each place of the HTML is escaped:
// it rewrites the parse tree, which it publishes for the purpose, and that rewritten tree is compiled into a flat program over strings
// (program.go). Executing html/template itself costs three times more for the HTML of a bill alone than the whole e-mail costs here, with
// 622 allocations instead of 54 (BenchmarkReference, BenchmarkRenderBill). The compiler admits only what it can answer for: variables in
// text, in quoted attributes, and validated http(s) links as a whole href or src; anything else (scripts, styles, unquoted attributes) is an
// error when the template is parsed. A fuzz test holds the program's output to html/template's own, byte for byte.
//
// It never sends, stores or counts anything, and no error names a value: those are personal data.
package templates
