package redact

import "unicode"

// replacement gives the ASCII form of letters and digits that Unicode does not
// decompose but people type for one another.
func replacement(r rune) (string, bool) {
	switch {
	case r >= 0x0660 && r <= 0x0669: // Arabic-Indic digits
		return digit(r - 0x0660), true
	case r >= 0x06f0 && r <= 0x06f9: // Persian and Urdu digits
		return digit(r - 0x06f0), true
	case r >= 0x0966 && r <= 0x096f: // Devanagari digits
		return digit(r - 0x0966), true
	case r >= 0x09e6 && r <= 0x09ef: // Bengali digits
		return digit(r - 0x09e6), true
	}
	switch r {
	case 'đ':
		return "d", true
	case 'Đ':
		return "D", true
	case 'ı':
		return "i", true
	case 'ł':
		return "l", true
	case 'ø':
		return "o", true
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case '‘', '’', '‛', '′':
		return "'", true
	case '“', '”', '„', '‟', '″', '«', '»', '「', '」', '『', '』':
		return `"`, true
	case '‐', '‑', '‒', '–', '—', '−':
		return "-", true
	case '、', '،', '・':
		return ",", true
	case '。':
		return ".", true
	case '؟':
		return "?", true
	case '؛':
		return ";", true
	case 0x85, 0x2028, 0x2029:
		return "\n", true
	case 0x1680:
		return " ", true
	}
	return "", false
}

func digit(n rune) string { return "0123456789"[n : n+1] }

// ignorable tells characters that change how a text looks or not even that:
// combining marks, zero-width and direction characters, variation selectors,
// tags, the Arabic stretching line.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc) || r == 0x0640 || r == 0x3164 || r == 0x115f || r == 0x1160
}
