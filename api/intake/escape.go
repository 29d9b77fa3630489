package intake

import "strings"

// appendEscaped appends text, which is UTF-8, as the inside of a JSON string (RFC 8259 §7).
func appendEscaped(to []byte, text string) []byte {
	const hex = "0123456789abcdef"
	if strings.IndexByte(text, '"') < 0 && strings.IndexByte(text, '\\') < 0 && !hasControl(text) {
		return append(to, text...)
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			to = append(to, '\\', b)
		case b == '\n':
			to = append(to, '\\', 'n')
		case b == '\r':
			to = append(to, '\\', 'r')
		case b == '\t':
			to = append(to, '\\', 't')
		case b < ' ':
			to = append(to, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		default:
			to = append(to, b)
		}
	}
	return to
}

func hasControl(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' {
			return true
		}
	}
	return false
}
