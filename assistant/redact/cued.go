package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// findCued proposes what only the words before it give away: passwords, codes,
// card security codes, authenticator keys.
func (s *scan) findCued() {
	for _, hit := range s.cues {
		switch hit.cue {
		case passwordCue:
			s.findPassword(hit)
			s.findPasswordBefore(hit)
		case pinCue:
			s.findDigitsAfter(hit, digitRule{kind: Password, least: 4, most: 8, weakest: linked})
		case codeCue:
			s.findDigitsAfter(hit, digitRule{kind: OneTimeCode, least: 4, most: 8, weakest: adjacent})
			s.findCodeBefore(hit)
		case weakCodeCue:
			if other, ok := s.nearest(hit.end, hit.end-hit.start, cues(otherCode)); ok && other.end >= hit.start || s.startsOther(hit) {
				continue
			}
			s.findDigitsAfter(hit, digitRule{kind: OneTimeCode, least: 4, most: 8, weakest: linked})
			s.findDigitsAfter(hit, digitRule{kind: OneTimeCode, least: 6, most: 6, weakest: adjacent})
		case cvvCue:
			s.findDigitsAfter(hit, digitRule{kind: CVV, least: 3, most: 4, weakest: adjacent})
		case totpCue:
			s.findTOTP(hit)
		case otpauthCue:
			s.findOTPAuth(hit)
		case namedKeyCue:
			s.findNamedKey(hit)
		case passportCue:
			s.findDocument(hit, Passport)
		case identityCue:
			s.findDocument(hit, NationalID)
		case seedCue, keyCue, publicCue, otherCode, apiCue, cardCue, phoneCue: // those who look for keys, cards and phones ask for them
		}
	}
}

// startsOther reports whether a weak cue begins a phrase that names a harmless
// code, as in "код ошибки".
func (s *scan) startsOther(hit cueHit) bool {
	other, ok := s.following(hit.start, 0, cues(otherCode))
	return ok && other.start == hit.start
}

// digitRule says which digits after a cue are a secret.
type digitRule struct {
	kind        Kind
	least, most int // number of digits
	weakest     linkage
}

func (s *scan) findDigitsAfter(hit cueHit, rule digitRule) {
	v, ok := s.valueAfter(hit.end)
	if !ok || v.link < rule.weakest {
		return
	}
	start := v.start
	if strings.HasPrefix(s.lower[start:], "g-") { // Google's codes
		start += 2
	}
	end, digits, ok := s.codeAt(start)
	if !ok || digits < rule.least || digits > rule.most {
		return
	}
	if v.link < linked && digits == 4 && rule.kind == OneTimeCode && looksLikeYear(s.text[start:end]) {
		return
	}
	s.add(span{start: v.start, end: end, kind: rule.kind})
}

// codeAt reads a code at i: digits in a row, or in groups of at most four with
// single spaces or dashes. It is none when a letter, a decimal or a unit
// follows.
func (s *scan) codeAt(i int) (end, digits int, ok bool) {
	end = i
	group := 0
	for end < len(s.text) {
		c := s.text[end]
		if isDigitByte(c) {
			digits, group = digits+1, group+1
			end++
			continue
		}
		next := end+1 < len(s.text) && isDigitByte(s.text[end+1])
		if (c == ' ' || c == '-') && next && group > 0 && group <= 4 {
			group = 0
			end++
			continue
		}
		if isLetterByte(c) || c == '%' || c == '/' || c == '_' || (c == '.' || c == ',' || c == ':' || c == '-') && next {
			return 0, 0, false
		}
		break
	}
	return end, digits, digits > 0 && !strings.HasPrefix(s.text[end:], " %")
}

func looksLikeYear(digits string) bool {
	return strings.HasPrefix(digits, "19") || strings.HasPrefix(digits, "20")
}

// findCodeBefore finds the code in "482913 is my code".
func (s *scan) findCodeBefore(hit cueHit) {
	const farthest = 32
	from := max(0, hit.start-farthest)
	end := hit.start
	for end > from && !isDigitByte(s.text[end-1]) {
		if c := s.text[end-1]; c == '\n' || c == '.' || c == '?' || c == '!' {
			return
		}
		end--
	}
	if end == from {
		return
	}
	start := end
	for start > 0 && end-start < 12 && s.endsCode(start) {
		start--
	}
	if n := strings.Count(s.text[start:end], " ") + strings.Count(s.text[start:end], "-"); end-start-n < 4 || end-start-n > 8 {
		return
	}
	if start > 0 && (isAlnumByte(s.text[start-1]) || strings.IndexByte("#.,$€£/_+", s.text[start-1]) >= 0) {
		return
	}
	if v, ok := s.walkTo(end, hit.start); ok && v >= linked {
		s.add(span{start: start, end: end, kind: OneTimeCode})
	}
}

// endsCode reports whether the character before i is a digit, or the space or dash
// behind one.
func (s *scan) endsCode(i int) bool {
	c := s.text[i-1]
	return isDigitByte(c) || (c == ' ' || c == '-') && i > 1 && isDigitByte(s.text[i-2])
}

// walkTo reports how the text between two offsets connects them, when nothing
// but separators and connecting words lies there.
func (s *scan) walkTo(from, to int) (linkage, bool) {
	link := adjacent
	for from < to {
		if c := s.lower[from]; isSpaceByte(c) || c == ':' || c == '=' || c == '-' {
			from++
			continue
		}
		size, links, ok := s.connectorAt(from)
		if !ok || size == 0 {
			return link, false
		}
		if links {
			link = linked
		}
		from += size
	}
	return link, from == to
}

// findTOTP finds the base32 key of an authenticator: at least 16 characters, in
// one piece or in groups of four, with digits or in capitals.
func (s *scan) findTOTP(hit cueHit) {
	v, ok := s.valueAfter(hit.end)
	if !ok {
		return
	}
	end, n, digits, upper := v.start, 0, 0, 0
	for ; end < len(s.text) && n <= longestValue; end++ {
		c := s.text[end]
		if (c == ' ' || c == '-') && n > 0 && n%4 == 0 && s.base32Group(end+1) {
			continue
		}
		if !isBase32(c) {
			break
		}
		if isDigitByte(c) {
			digits++
		} else if c <= 'Z' {
			upper++
		}
		n++
	}
	if n < 16 || n > longestValue || end < len(s.text) && (isAlnumByte(s.text[end]) || s.text[end] == '_') {
		return
	}
	if upper+digits == n || digits >= 2 {
		s.add(span{start: v.start, end: end, kind: TOTPSecret})
	}
}

// base32Group reports whether four base32 characters begin at i and end there.
func (s *scan) base32Group(i int) bool {
	n := 0
	for i < len(s.text) && isBase32(s.text[i]) {
		n++
		i++
	}
	return n == 4 && (i == len(s.text) || !isAlnumByte(s.text[i]))
}

func isBase32(c byte) bool { return isLetterByte(c) || '2' <= c && c <= '7' }

// findOTPAuth finds an otpauth URI (the content of an authenticator's QR code).
func (s *scan) findOTPAuth(hit cueHit) {
	end := hit.end
	for end < len(s.text) && s.text[end] > ' ' && s.text[end] < utf8.RuneSelf && strings.IndexByte("\"'<>`", s.text[end]) < 0 {
		end++
	}
	s.add(span{start: hit.start, end: end, kind: TOTPSecret})
}

// findPassword finds the value after a word for password. A word without
// digits, symbols or inner capitals is one only when it is plainly announced and
// ends its clause: "my password is wrong" announces nothing.
func (s *scan) findPassword(hit cueHit) {
	v, ok := s.valueAfter(hit.end)
	if !ok {
		return
	}
	text := s.text[v.start:v.end]
	n := utf8.RuneCountInString(text)
	if n < 3 || isAddress(text) || strings.HasPrefix(text, "http") || s.isShortcode(v) || !v.quoted && !s.isTyped(text) {
		return
	}
	if v.quoted {
		ok = n >= 4 && !strings.Contains(text, "\n")
	} else {
		ok = !s.r.isNoPassword(strings.TrimRight(s.lower[v.start:v.end], "!")) && s.isPassword(hit, v)
	}
	if ok {
		s.add(span{start: v.start, end: v.end, kind: Password})
	}
}

// findPasswordBefore finds the password in "hunter2 is my password" and "I use
// hunter2 as password".
func (s *scan) findPasswordBefore(hit cueHit) {
	const farthest = 32
	from := max(0, hit.start-farthest)
	for end := hit.start; end > from; end-- {
		c := s.text[end-1]
		if c == '\n' || c == '.' && end < hit.start && s.text[end] == ' ' {
			return
		}
		if c <= ' ' || c >= utf8.RuneSelf || end < len(s.text) && s.text[end] > ' ' && s.text[end] < utf8.RuneSelf {
			continue
		}
		link, ok := s.walkTo(end, hit.start)
		if !ok {
			return // with more words it is none either
		}
		if link < linked && !strings.HasPrefix(strings.TrimLeft(s.lower[end:hit.start], " "), "as ") {
			continue
		}
		start := end
		for start > 0 && end-start < longestValue && s.text[start-1] > ' ' && s.text[start-1] < utf8.RuneSelf && s.text[start-1] != '"' {
			start--
		}
		text := s.text[start:end]
		if form := formOf(text); len(text) >= 6 && form.mixed() && form.digits > 0 && form.letters > 0 && !isAddress(text) {
			s.add(span{start: start, end: end, kind: Password})
		}
		return
	}
}

// isShortcode reports whether a value is the name of an emoji, as :key:.
func (s *scan) isShortcode(v value) bool {
	return v.start > 0 && s.text[v.start-1] == ':' && v.end < len(s.text) && s.text[v.end] == ':'
}

// isPassword reports whether an unquoted value is a password: the weaker its tie to
// the word for password, the less it may look like a word itself.
func (s *scan) isPassword(hit cueHit, v value) bool {
	text := s.text[v.start:v.end]
	n, form := utf8.RuneCountInString(text), formOf(text)
	mixed := form.mixed()
	switch v.link {
	case explicit:
		return mixed || n >= 4 && (form.digits == n || s.endsClause(v.end))
	case linked:
		return n >= 4 && (mixed || form.digits == n || s.foreign(hit, v)) || n >= 5 && s.endsClause(v.end) && s.announced(hit)
	case newLine:
		return mixed && n >= 6
	case adjacent:
		return mixed && n >= 6 && (form.digits > 0 || s.foreign(hit, v))
	}
	return false
}

// isTyped reports whether the text may be a password: nobody's has letters of a
// script that needs an input method, but sentences in such scripts have no spaces.
func (s *scan) isTyped(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) && !spacedLetter(r) && !unicode.In(r, unicode.Arabic) {
			return false
		}
	}
	return true
}

// foreign reports whether a value in ASCII follows a cue in another script: in
// a Chinese or Russian sentence that is no word of the sentence.
func (s *scan) foreign(hit cueHit, v value) bool {
	return s.lower[hit.start] >= utf8.RuneSelf && s.lower[v.start] < utf8.RuneSelf
}

// announced reports whether the cue is one's own: "my password is".
func (s *scan) announced(hit cueHit) bool {
	before := s.lower[max(0, hit.start-24):hit.start]
	for _, w := range []string{"my ", "mi ", "minha ", "meu ", "mein ", "mon ", "мой ", "the ", "saya "} {
		if strings.Contains(before, w) {
			return true
		}
	}
	return false
}

// endsClause reports whether nothing of the sentence follows at i.
func (s *scan) endsClause(i int) bool {
	for i < len(s.lower) && (s.lower[i] == ' ' || s.lower[i] == '"' || s.lower[i] == '\'') {
		i++
	}
	return i >= len(s.lower) || strings.IndexByte("\n\r,.;!)", s.lower[i]) >= 0
}

// form counts the kinds of characters of a token.
type form struct {
	digits, letters, symbols int
	innerUpper               bool // a capital behind a small letter
}

func formOf(text string) form {
	var f form
	lower := false
	for _, r := range text {
		switch {
		case isDigit(r):
			f.digits++
		case unicode.IsLetter(r):
			f.letters++
			f.innerUpper = f.innerUpper || lower && unicode.IsUpper(r)
			lower = lower || unicode.IsLower(r)
		case r != '\'' && r != '-' && r != '/':
			f.symbols++
		}
	}
	return f
}

// mixed reports whether the token is no ordinary word or number.
func (f form) mixed() bool {
	return f.letters > 0 && (f.digits > 0 || f.symbols > 0 || f.innerUpper) || f.digits > 0 && f.symbols > 0
}
