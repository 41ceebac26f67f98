package guard

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// opaqueSchemes are the schemes whose links have no "//".
var opaqueSchemes = []string{
	"about", "algorand", "bitcoin", "bitcoincash", "blob", "callto", "cardano", "data", "dogecoin", "ethereum", "facetime",
	"file", "geo", "intent", "javascript", "lightning", "litecoin", "magnet", "mailto", "market", "monero", "ripple", "skype",
	"sms", "solana", "tel", "ton", "tron", "vbscript", "view-source", "wc", "whatsapp", "xmpp",
}

// uris finds links that name their scheme.
func (s *scanner) uris() {
	text := s.text.lower
	for i := strings.IndexByte(text, ':'); i >= 0; i = nextByte(text, ':', i+1) {
		start := i
		for start > 0 && (isAlnum(text[start-1]) || strings.IndexByte("+.-", text[start-1]) >= 0) {
			start--
		}
		scheme := text[start:i]
		before := strings.TrimRight(text[:i], " ")
		if scheme == "" && (strings.HasSuffix(before, "http") || strings.HasSuffix(before, "https")) {
			start = strings.LastIndex(before, "http")
			scheme = before[start:]
		}
		rest := i + 1 + spaces(text[i+1:])
		switch {
		case scheme == "":
		case strings.HasPrefix(text[rest:], "//") || strings.HasPrefix(text[rest:], `\\`) || strings.HasPrefix(text[rest:], `\/`):
			if rest == i+1 || strings.HasPrefix(scheme, "h") {
				s.uri(start, scheme, rest+2)
			}
		case rest == i+1 && slices.Contains(opaqueSchemes, scheme):
			s.opaque(start, scheme, i+1)
		}
	}
}

// uri adds the link whose authority begins at byte from.
func (s *scanner) uri(start int, scheme string, from int) {
	for from < len(s.text.text) && strings.IndexByte(`/\ `, s.text.text[from]) >= 0 {
		from++
	}
	end := uriEnd(s.text.text, from)
	if end == from {
		return
	}
	if strings.HasPrefix(scheme, "hx") || strings.HasPrefix(scheme, "ht") && scheme != "http" && scheme != "https" {
		scheme = strings.ReplaceAll(scheme, "x", "t") // hxxp, hxxps
	}
	authority := s.text.text[from:end]
	tail := ""
	if i := strings.IndexAny(authority, `/\?#`); i >= 0 {
		authority, tail = authority[:i], authority[i:]
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = authority[:i+1], authority[i+1:]
	}
	name, port, _ := strings.Cut(host, ":")
	if p, ok := hostAt(strings.ToLower(name), 0); ok && p.start == 0 && p.end < len(name) && user == "" && narrowHead(name[p.end:]) == 0 {
		// The words of a script without spaces touch the name.
		name, port, tail, end = name[:p.end], "", "", from+p.end
	}
	if port != "" {
		name += ":" + port
	}
	value := scheme + "://" + user + asciiHost(name) + strings.TrimSuffix(tail, "/")
	s.add(Contact{Kind: KindLink, Value: value, Start: start, End: end})
}

// opaque adds a link like "mailto:a@b.example": as what it leads to, where that is another kind of contact.
func (s *scanner) opaque(start int, scheme string, from int) {
	end := uriEnd(s.text.text, from)
	if end == from {
		return
	}
	body := s.text.text[from:end]
	switch scheme {
	case "mailto":
		address, _, _ := strings.Cut(strings.ToLower(body), "?")
		if at := strings.IndexByte(address, '@'); at > 0 && !strings.ContainsAny(body, "?,;%") {
			s.add(Contact{Kind: KindEmail, Value: address[:at+1] + asciiHost(address[at+1:]), Start: start, End: end})
			return
		}
	case "tel", "callto", "sms", "facetime":
		if number := digitsOf(body); len(number) >= 3 {
			s.add(Contact{Kind: KindPhone, Value: number, Start: start, End: end})
			return
		}
	case "data", "about", "file", "market", "intent", "geo", "view-source":
		if scheme == "data" && !strings.ContainsAny(body, ",;/") ||
			scheme != "data" && isAlnum(body[0]) && !strings.ContainsAny(body, "/:,") {
			return // prose: "market:up"
		}
	case "javascript", "vbscript", "blob", "magnet", "xmpp":
	default:
		if word := body[:strings.IndexAny(body+"?", "?/@")]; isAddress(word) {
			s.add(Contact{Kind: KindAddress, Value: word, Start: start, End: end})
			return
		}
		if !strings.ContainsAny(body, "/@?") {
			return // prose: "Bitcoin:BTC"
		}
	}
	s.add(Contact{Kind: KindLink, Value: scheme + ":" + body, Start: start, End: end})
}

// domains finds host names without a scheme, with the path behind them, and "@host", which stands for all mail of a host.
func (s *scanner) domains() {
	text := s.text.lower
	for dot := strings.IndexByte(text, '.'); dot >= 0; {
		next := dot + 1
		if p, ok := hostAround(text, dot); ok && !s.taken(p.start, p.end) {
			s.domain(p)
			next = max(next, p.end)
		}
		dot = nextByte(text, '.', next)
	}
}

func (s *scanner) domain(p place) {
	end := p.end
	if end < len(s.text.text) && s.text.text[end] == ':' && end+1 < len(s.text.text) && isDigit(s.text.text[end+1]) {
		for end++; end < len(s.text.text) && isDigit(s.text.text[end]); end++ {
		}
	}
	name := s.text.lower[p.start:end]
	if end < len(s.text.text) && strings.IndexByte("/?#", s.text.text[end]) >= 0 {
		end = uriEnd(s.text.text, end)
	}
	labels := strings.Split(s.text.lower[p.start:p.end], ".")
	kind := KindLink
	if nameEndings[skeleton(labels[len(labels)-1])] && end == p.end {
		kind = KindAddress
	}
	value := asciiHost(name) + strings.TrimSuffix(s.text.text[p.start+len(name):max(end, p.start+len(name))], "/")
	start := p.start
	if start > 0 && s.text.text[start-1] == '@' && !s.taken(start-1, end) {
		start--
	}
	s.add(Contact{Kind: kind, Value: value, Start: start, End: end})
}

// uriEnd returns where a link that goes through byte i ends: at white space, at what is not ASCII and not a narrow letter,
// at a bracket that it did not open; punctuation at its end belongs to the sentence.
func uriEnd(text string, i int) int {
	start, open := i, 0
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r <= ' ' || strings.ContainsRune("<>\"|{}^", r) || r >= utf8.RuneSelf && !isURIWide(text, start, i, r) {
			break
		}
		if r == '(' || r == '[' {
			open++
		}
		if r == ')' || r == ']' {
			if open == 0 {
				break
			}
			open--
		}
		i += size
	}
	for i > start && strings.IndexByte(".,;:!?'([&_-", text[i-1]) >= 0 {
		i--
	}
	return i
}

// isURIWide reports whether a character outside ASCII can be part of the link: a letter of a narrow script anywhere, a
// letter of any script in the host name.
func isURIWide(text string, start, i int, r rune) bool {
	if isNarrow(r) {
		return true
	}
	return isNameRune(r) && !strings.ContainsAny(text[start:i], "/?#")
}

// digitsOf is a phone number without what is written between its digits.
func digitsOf(s string) string {
	var digits strings.Builder
	for i := range len(s) {
		if isDigit(s[i]) || s[i] == '+' && digits.Len() == 0 {
			digits.WriteByte(s[i])
		}
	}
	return digits.String()
}
