package guard

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ContactKind is what kind of contact point a Contact is.
type ContactKind string

// The kinds.
const (
	KindAddress ContactKind = "address" // where money can be sent: of a blockchain, a name on one, an IBAN
	KindEmail   ContactKind = "email"
	KindHandle  ContactKind = "handle"
	KindLink    ContactKind = "link" // also a bare domain, an IP address, a data: or javascript: URL
	KindPhone   ContactKind = "phone"
)

// maxDisplay bounds Contact.Display, in characters.
const maxDisplay = 80

// Contact is one thing in a text that leads out of it.
type Contact struct {
	Kind     ContactKind
	Platform string // where the words around a handle or number name one: "telegram", "x", "whatsapp", "wechat", …

	// Value is the normalised form. A link: scheme as written, host in lower-case ASCII (punycode), the rest as written;
	// an e-mail: in lower case; a handle: in lower case, without the @; a phone number: digits, with the + if there was
	// one; an address: as written, without gaps.
	Value string

	Start, End int // bytes of the text
}

// Contacts returns everything in a text that leads out of it, in order and without overlap: links (also bare domains,
// punycode, look-alike letters, "hxxp", "[dot]", Markdown, data: and javascript:), e-mail addresses, @handles and names
// that follow the word for a messenger, phone numbers, and addresses that money can be sent to. It would rather name too
// much than too little. An address inside a link is part of the link.
func Contacts(text string) []Contact {
	found, _ := scan(unmask(text))
	return found
}

// scan returns the contacts of a text, and the addresses that stand inside of others.
func scan(text unmasked) (contacts, embedded []Contact) {
	s := scanner{text: text}
	s.uris()
	s.mails()
	s.domains()
	s.addresses()
	s.handles()
	s.phones()
	return s.placed(s.found), s.placed(s.embedded)
}

// Display is a form of c that is safe to show to a customer: nothing in it can be clicked or hide what it is, and it is at
// most 80 characters long.
func (c Contact) Display() string {
	value := c.Value
	if c.Kind == KindLink {
		if _, rest, ok := strings.Cut(value, "://"); ok {
			value = rest
		}
	}
	var shown strings.Builder
	count := 0
	for _, r := range value {
		if count == maxDisplay-1 {
			shown.WriteRune('…')
			break
		}
		if text := displayRune(r, c.Kind); text != "" {
			shown.WriteString(text)
			count += utf8.RuneCountInString(text)
		}
	}
	if c.Kind == KindHandle {
		return "@" + shown.String()
	}
	return shown.String()
}

// displayRune drops what could change direction, look like markup or not be seen.
func displayRune(r rune, kind ContactKind) string {
	switch {
	case r == '.' && (kind == KindLink || kind == KindEmail || kind == KindAddress):
		return "[.]"
	case r == ':' && kind == KindLink:
		return "[:]"
	case r < utf8.RuneSelf && (isAlnum(r) || strings.ContainsRune("._-+@/?=#&%: ", r)):
		return string(r)
	case r >= utf8.RuneSelf && kind == KindHandle && unicode.In(r, unicode.L, unicode.Nd):
		return string(r)
	}
	return ""
}

// scanner looks for contacts in one text. Each of its passes leaves alone what an earlier one took.
type scanner struct {
	embedded []Contact // addresses inside what was found
	found    []Contact // with places in the unmasked text
	text     unmasked
}

// placed returns contacts in their order, with places in the source.
func (s *scanner) placed(contacts []Contact) []Contact {
	slices.SortFunc(contacts, func(a, b Contact) int { return a.Start - b.Start })
	for i := range contacts {
		contacts[i].Start, contacts[i].End = s.text.source(contacts[i].Start, contacts[i].End)
	}
	return contacts
}

// add keeps a contact unless its place is taken.
func (s *scanner) add(c Contact) {
	switch {
	case c.Start >= c.End || c.Value == "":
	case !s.taken(c.Start, c.End):
		s.found = append(s.found, c)
	case c.Kind == KindAddress:
		s.embedded = append(s.embedded, c)
	}
}

func (s *scanner) taken(start, end int) bool {
	return slices.ContainsFunc(s.found, func(c Contact) bool { return start < c.End && c.Start < end })
}

// mails finds e-mail addresses, and names at a provider that has no dot (which some payment schemes use).
func (s *scanner) mails() {
	text := s.text.lower
	for i := strings.IndexByte(text, '@'); i >= 0; i = nextByte(text, '@', i+1) {
		start := i
		for start > 0 && isLocal(text, start) {
			_, size := utf8.DecodeLastRuneInString(text[:start])
			start -= size
		}
		for start < i && (text[start] == '.' || text[start] == '-') {
			start++
		}
		if start == i {
			continue
		}
		end := i + 1
		if h, ok := hostAt(text, i+1); ok && h.start == i+1 {
			end = h.end
			s.add(Contact{Kind: KindEmail, Value: text[start:i] + "@" + asciiHost(text[h.start:h.end]), Start: start, End: end})
			continue
		}
		for end < len(text) && (isAlnum(text[end]) || strings.IndexByte("-_.[]", text[end]) >= 0) {
			end++
		}
		if value := strings.TrimRight(text[i+1:end], ".-_[]"); len(value) > 1 {
			s.add(Contact{Kind: KindEmail, Value: text[start:i] + "@" + value, Start: start, End: i + 1 + len(value)})
		}
	}
}

// isLocal reports whether the character before byte i can be in front of the @ of an e-mail address.
func isLocal(text string, i int) bool {
	c := text[i-1]
	if c < utf8.RuneSelf {
		return isAlnum(c) || strings.IndexByte("._%+-#&'", c) >= 0
	}
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return isNarrow(r)
}

// isNarrow reports letters of the scripts that are written with spaces and can be taken for Latin: what else touches a
// name ("请访问quayside.example查看") is not part of it.
func isNarrow(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return isAlnum(r)
	case r < 0x0590: // Latin, combining marks, Greek, Cyrillic, Armenian
		return unicode.In(r, unicode.L, unicode.Mn)
	case r >= 0x13a0 && r <= 0x13ff || r >= 0x1c80 && r <= 0x1fff || r >= 0xa640 && r <= 0xabbf:
		return unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Cherokee, unicode.Mn)
	}
	return false
}

// isNameRune reports what can be part of a domain label of any script.
func isNameRune(r rune) bool {
	return r == '-' || r == '_' || unicode.In(r, unicode.L, unicode.Nd, unicode.Mn, unicode.Mc)
}

func nextByte(text string, c byte, from int) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return -1
}
