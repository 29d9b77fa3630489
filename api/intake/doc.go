// Package intake turns a stream of bytes into recipients, row by row.
//
// It reads CSV and NDJSON, plain, gzipped or zstd-compressed, in UTF-8 or Windows-1251, and never holds more of a file than one row
// and one block. Nothing that was good is lost and nothing that was bad is silent: every physical line of a file is the header, blank,
// part of a good Row, or part of a Row that tells its problems. It never stores, routes or renders anything, does not know which
// accounts were seen before, and never writes a value of a row into a message: rows are personal data.
//
//	format, err := intake.FormatOf(contentType, contentEncoding) // *Error with Status 415
//	rows := intake.NewReader(body, format, intake.Options{})
//	for {
//		row, err := rows.Next() // io.EOF at the end; *Error when the file or the stream as a whole is at fault
//	}
//
// # Where a problem is
//
// Lines are physical lines, counted from 1, the header and blank ones included. Columns are characters (code points, not bytes) of the
// physical line, counted from 1, because that is what editors show and it is the same in every encoding; a byte-order mark does not
// count. The column is where the cell or the JSON value begins, its quote included, or the very character when a character is to blame.
//
// # CSV
//
// RFC 4180 with what spreadsheets do: the delimiter is `,`, `;` or tab, whichever makes the header understood (or the `sep=;` line of
// Excel says it); lines end in LF, CRLF or CR; lines without any content are skipped; empty cells are absent; surplus cells are fine
// when empty; quotes inside a cell that does not begin with one are ordinary characters (ООО "Ромашка").
//
// A quote never closed costs its own line only: the search for its end stops after MaxRow bytes, and reading goes on at the next
// physical line. So it does after a row of several lines that has the wrong number of cells, or line ends in a field that cannot hold
// them, since the usual reason is a quote that met another row's quote: such a row is reported at its first line, and the lines behind it
// are read as rows of their own, in which a quote inside a cell is an error then, for no recipient may be made of half a cell. Rescanning is bounded: a file made of such lines is read without looking ahead once that has cost a few
// times its size. Only variables may hold line ends.
//
// The encoding is decided once, on up to 64 KiB from the first byte that is not ASCII: UTF-8 unless most such bytes make no UTF-8. Later
// bytes that do not fit make their row bad (bad_encoding). A file that is decided to be Windows-1251 and then goes on in UTF-8 is refused.
//
// # Formulas
//
// A cell of text that begins with = + @ or a tab is refused as `formula`. Whatever comes in goes out again in exports and reports that
// people open in spreadsheets, where such a cell runs (CSV injection, CWE-1236); and no name or account begins so: it is either an
// attack or a formula that a spreadsheet failed to save as its value. A minus is let through, since dashes begin ordinary text and
// negative sums, and so is a plus that begins a phone number. Likewise refused are the error values of spreadsheets (#N/A, #ССЫЛКА!)
// and accounts that a spreadsheet has rounded (1,23457E+11). In NDJSON this holds for the known fields, and variables are as they are.
//
// # Variables
//
// Whatever is no known field becomes a member of Recipient.Vars: strings from CSV, the very text of the value from NDJSON, where
// the members of `vars` and all other members of the row make one object. Null is absent.
package intake
