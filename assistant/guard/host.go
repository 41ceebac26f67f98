package guard

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// place is a stretch of a text, in bytes.
type place struct{ start, end int }

// hostAt returns the host name that begins at byte i of a lower-case text, if a name with a known ending does.
func hostAt(text string, i int) (place, bool) {
	end := i
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !isNameRune(r) && r != '.' {
			break
		}
		end += size
	}
	return trimHost(text, place{i, end})
}

// hostAround returns the host name around the dot at byte dot.
func hostAround(text string, dot int) (place, bool) {
	start := dot
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if !isNameRune(r) && r != '.' {
			break
		}
		start -= size
	}
	end := dot
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !isNameRune(r) && r != '.' {
			break
		}
		end += size
	}
	return trimHost(text, place{start, end})
}

// trimHost cuts from a run of name characters what is not the name: dots at its ends, the words of a script without spaces
// that touch it, and labels behind the last known ending.
func trimHost(text string, p place) (place, bool) {
	for p.start < p.end && strings.IndexByte(".-_", text[p.start]) >= 0 {
		p.start++
	}
	p.start += narrowTail(firstLabel(text[p.start:p.end]))
	for p.start < p.end {
		for p.start < p.end && strings.IndexByte(".-_", text[p.end-1]) >= 0 {
			p.end--
		}
		dot := strings.LastIndexByte(text[p.start:p.end], '.')
		if dot < 0 {
			return place{}, false
		}
		last := text[p.start+dot+1 : p.end]
		if cut := narrowHead(last); cut > 0 {
			p.end = p.start + dot + 1 + cut
			last = last[:cut]
		}
		if isEnding(last) || isIP(text[p.start:p.end]) || strings.HasPrefix(text[p.start:p.end], "www.") {
			return p, dot > 0
		}
		p.end = p.start + dot
	}
	return place{}, false
}

func firstLabel(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return label
}

// narrowTail returns where the narrow characters at the end of a label begin, or 0 if there are none: then the label is a
// name in its own script.
func narrowTail(label string) int {
	i := len(label)
	for i > 0 {
		r, size := utf8.DecodeLastRuneInString(label[:i])
		if !isNarrow(r) && r != '-' && r != '_' {
			break
		}
		i -= size
	}
	for i < len(label) && (label[i] == '-' || label[i] == '_') {
		i++
	}
	if i == len(label) {
		return 0
	}
	return i
}

// narrowHead returns where the narrow characters at the start of a label end.
func narrowHead(label string) int {
	i := 0
	for i < len(label) {
		r, size := utf8.DecodeRuneInString(label[i:])
		if !isNarrow(r) && r != '-' && r != '_' {
			break
		}
		i += size
	}
	return i
}

// isEnding reports whether a label is a top-level domain: one of the public suffix list, one that is reserved for examples
// (RFC 2606) or for networks without one, or a look-alike of these.
func isEnding(label string) bool {
	if label == "" || label[0] >= '0' && label[0] <= '9' {
		return false
	}
	return isListedEnding(label) || isListedEnding(skeleton(label))
}

func isListedEnding(label string) bool {
	switch label {
	case "example", "invalid", "localhost", "onion", "test", "i2p", "bit", "internal", "local", "lan":
		return true
	}
	if nameEndings[label] {
		return true
	}
	if ascii, err := idna.Punycode.ToASCII(label); err == nil {
		label = ascii
	}
	suffix, listed := publicsuffix.PublicSuffix("name." + label)
	return listed || strings.IndexByte(suffix, '.') >= 0
}

// nameEndings are the endings of names on a blockchain, which wallets take for an address.
var nameEndings = map[string]bool{
	"bitcoin": true, "blockchain": true, "bnb": true, "crypto": true, "dao": true, "eth": true, "nft": true, "polygon": true,
	"sol": true, "ton": true, "wallet": true,
}

// isIP reports an IPv4 address; four numbers with dots between them are nothing else in a support text.
func isIP(name string) bool {
	address, err := netip.ParseAddr(name)
	return err == nil && address.Is4()
}

// asciiHost is the form in which host names are compared: lower case, percent-decoded, punycode, no dot at the end.
func asciiHost(host string) string {
	if strings.IndexByte(host, '%') >= 0 {
		if decoded, err := url.PathUnescape(host); err == nil {
			host = decoded
		}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	if ascii, err := idna.Punycode.ToASCII(host); err == nil {
		return ascii
	}
	return host
}

// skeleton replaces letters that look like a Latin one by it.
func skeleton(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(latinLookalike, s)
		}
	}
	return s
}

// latinLookalike returns the lower-case Latin letter that r can be taken for, or r.
func latinLookalike(r rune) rune {
	if r < 0x0184 || r > 0x1dff && r < 0xa700 || r > 0xa7ff {
		return r
	}
	if latin, ok := latinOf[r]; ok {
		return latin
	}
	return r
}

// latinOf is the Latin letter of each of the lookalikes.
var latinOf = func() map[rune]rune {
	latin := make(map[rune]rune)
	for _, group := range lookalikes {
		for _, r := range group[1:] {
			latin[r] = rune(group[0])
		}
	}
	return latin
}()

// lookalikes are a Latin letter and the lower-case letters that are drawn like it. Accents are not among them.
var lookalikes = []string{
	"aаαɑ", "bвьβƄ", "cсϲᴄ", "dԁɗ", "eеєεҽ", "fƒ", "gɡցġ", "hһнհ", "iіıιɩ", "jјϳ", "kкκ", "lӏǀߊ", "mмᴍ", "nпηո",
	"oоοσօ", "pрρ", "qԛզ", "rгᴦ", "sѕꜱ", "tтτ", "uυսʋ", "vѵνᴠ", "wԝωᴡ", "xхχ", "yуγү", "zᴢʐ",
}
