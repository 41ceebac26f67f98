package redact

import "strings"

// markContinuation marks the new message when it only goes on with the secret in
// which the one before it ended: the words 13 to 24 of a phrase, the second half of a
// key. Alone, such a rest is too short to be told from other text.
func (r *Redactor) markContinuation(c *conversation) {
	last := len(c.turns) - 1
	if last == 0 {
		return
	}
	kind, ok := endsInPlaceholder(c.turns[last-1].text)
	if !ok || strings.Contains(c.turns[last].text, placeholderOpen) {
		return
	}
	s := r.newScan(c.turns[last].text)
	var rest span
	switch kind {
	case SeedPhrase:
		rest, ok = s.restOfPhrase()
	case PrivateKey, ExtendedKey, BIP38Key, APIKey, TOTPSecret:
		rest, ok = s.restOfKey()
	default:
		return
	}
	if ok {
		start, end := s.source(rest.start, rest.end)
		c.turns[last].spans = append(c.turns[last].spans, span{start: start, end: end, kind: kind})
	}
}

// endsInPlaceholder returns the kind of the secret that was the end of a text.
func endsInPlaceholder(text string) (Kind, bool) {
	text = strings.TrimRight(text, " \t\r\n.,;:!…")
	for _, k := range Kinds() {
		if strings.HasSuffix(text, Placeholder(k)) {
			return k, true
		}
	}
	return "", false
}

// restOfPhrase returns the list words of a message that has no others, or many in a
// row.
func (s *scan) restOfPhrase() (span, bool) {
	const many = 5
	words := s.words()
	for list := range s.r.lexicon.lists {
		if s.r.lexicon.lists[list].strict {
			continue
		}
		for _, p := range splitParts([][]word{words}, list) {
			if n := p.to - p.from; n == len(words) || n >= many {
				return span{start: int(words[p.from].start), end: int(words[p.to-1].end)}, true
			}
		}
	}
	return span{}, false
}

// restOfKey returns the only token of a message when it may be a part of a key and is
// no address or transaction.
func (s *scan) restOfKey() (span, bool) {
	const shortest, longest = 8, 128
	start, end := 0, len(s.text)
	for start < end && !isAlnumByte(s.text[start]) {
		start++
	}
	for end > start && !isAlnumByte(s.text[end-1]) {
		end--
	}
	token := s.text[start:end]
	f := formOf(token)
	if len(token) < shortest || len(token) > longest || f.digits < 2 || f.letters < 1 || f.symbols > 0 || isWordy(token) {
		return span{}, false
	}
	whole := strings.TrimPrefix(token, "0x")
	if len(whole) == 64 && isHex(whole) || isAddress(token) || isPublicKey(token) || strings.ContainsAny(token, " \n") {
		return span{}, false
	}
	return span{start: start, end: end}, true
}
