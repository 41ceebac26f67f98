package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds that keep Detect linear and short on any input. A language shows within the first words of a text.
const (
	maxBytes = 16 << 10 // read of a text
	maxWords = 100      // kept of it
	maxRunes = 2000     // kept of it
	maxSpan  = 256      // bytes that a tag, placeholder or quotation may span
)

// word is a run of letters of one script in evidence.runes.
type word struct {
	from, to int
	quoted   bool
	script   script
	upper    bool // typed in capitals only, in two to five letters: perhaps a ticker
}

// evidence is what is left of a text when everything that carries no language is gone: words in lower case.
type evidence struct {
	runes []rune
	words []word
}

// cleaner walks a text once and collects its evidence.
type cleaner struct {
	evidence

	fenceless bool // no closing code fence follows
	open      quotation
	text      string
}

// clean drops what carries no language and folds the rest: compatibility forms (full-width letters, mathematical
// alphabets, Arabic presentation forms, decomposed accents) to NFKC, letters to lower case.
func clean(text string) evidence {
	if len(text) > maxBytes {
		text = text[:maxBytes]
	}
	if !norm.NFKC.IsNormalString(text) {
		text = norm.NFKC.String(text)
	}
	c := cleaner{
		evidence: evidence{runes: make([]rune, 0, min(len(text), maxRunes)), words: make([]word, 0, 16)},
		text:     text,
	}
	for at := 0; at < len(text) && len(c.words) < maxWords && len(c.runes) < maxRunes; {
		at = c.step(at)
	}
	c.dropAcronyms()
	return c.evidence
}

// step reads what begins at a byte offset and returns the offset after it.
func (c *cleaner) step(at int) int {
	if end := c.skipSpan(at); end > at {
		return end
	}
	r, size := utf8.DecodeRuneInString(c.text[at:])
	s := scriptOf(r)
	if unspaced(s) {
		return c.readRun(at)
	}
	if s == noScript && (r < '0' || r > '9') && !opensChunk(r) {
		c.readQuote(at, r)
		return at + size
	}
	end := c.chunkEnd(at)
	if !carriesNothing(c.text[at:end]) {
		c.readWords(at, end)
	}
	return max(end, at+size)
}

// skipSpan passes over placeholders of the redaction, HTML tags and entities, and fenced code.
func (c *cleaner) skipSpan(at int) int {
	rest := c.text[at:]
	window := rest[:min(len(rest), maxSpan)]
	switch rest[0] {
	case '\xe2':
		if strings.HasPrefix(rest, "⟦") {
			return at + through(window, "⟧")
		}
	case '<':
		if len(rest) > 1 && (scriptOf(rune(rest[1])) == latin || rest[1] == '/' || rest[1] == '!') {
			return at + through(window, ">")
		}
	case '&':
		if end := through(window[:min(len(window), 10)], ";"); end > 2 && !strings.ContainsRune(window[:end], ' ') {
			return at + end
		}
	case '`':
		if !c.fenceless && strings.HasPrefix(rest, fence) {
			end := through(rest[len(fence):], fence)
			c.fenceless = end == 0
			if end > 0 {
				return at + len(fence) + end
			}
		}
	}
	return at
}

// fence encloses code in Markdown.
const fence = "```"

// through returns the length of text up to and with its first mark, or 0 when it has none.
func through(text, mark string) int {
	i := strings.Index(text, mark)
	if i < 0 {
		return 0
	}
	return i + len(mark)
}

// readRun reads a run of one script without spaces. Kana and Han make one run: Japanese mixes them.
func (c *cleaner) readRun(at int) int {
	w := word{from: len(c.runes), script: noScript}
	for at < len(c.text) && len(c.runes) < maxRunes {
		r, size := utf8.DecodeRuneInString(c.text[at:])
		s := scriptOf(r)
		if !unspaced(s) && !invisible(r) {
			break
		}
		if w.script != noScript && unspaced(s) && s != w.script && (s == hangul || s == thai || w.script == hangul || w.script == thai) {
			break
		}
		if unspaced(s) {
			if w.script == noScript || s == kana {
				w.script = s
			}
			c.runes = append(c.runes, r)
		}
		at += size
	}
	c.add(w)
	return at
}

// chunkEnd returns the end of the run of characters without white space, or letters that touch none, from at on.
func (c *cleaner) chunkEnd(at int) int {
	for i, r := range c.text[at:] {
		if i > 0 && (unicode.IsSpace(r) || unspaced(scriptOf(r)) || breaksChunk(r)) {
			return at + i
		}
	}
	return len(c.text)
}

// readWords collects the words of a chunk.
func (c *cleaner) readWords(at, end int) {
	w := word{from: len(c.runes), upper: true}
	digits := 0
	flush := func() {
		w.to = len(c.runes)
		if keepsDigits := digits == 0 || readsAsLetters(c.runes[w.from:w.to]); w.script != noScript && keepsDigits {
			c.add(w)
		} else {
			c.runes = c.runes[:w.from]
		}
		w = word{from: len(c.runes), upper: true}
		digits = 0
	}
	for i, r := range c.text[at:end] {
		s := scriptOf(r)
		switch {
		case s != noScript:
			if w.script != noScript && s != w.script {
				flush() // a word of one script glued to one of another
			}
			w.script = s
			w.upper = w.upper && unicode.IsUpper(r)
			c.runes = append(c.runes, unicode.ToLower(r))
		case r >= '0' && r <= '9':
			digits++
			c.runes = append(c.runes, r)
		case invisible(r):
		case isApostrophe(r) && w.script != noScript && followsLetter(c.text[at+i:end]):
			c.runes = append(c.runes, '\'')
		default:
			flush()
			c.readQuote(at+i, r)
		}
	}
	flush()
}

// add appends a word unless it is a name or a term that every language borrows.
func (c *cleaner) add(w word) {
	w.to = len(c.runes)
	length := w.to - w.from
	if length == 0 || (w.script == latin || w.script == cyrillic) && sharedTerm(c.runes[w.from:w.to]) {
		c.runes = c.runes[:w.from]
		return
	}
	w.upper = w.upper && w.script == latin && length >= 2 && length <= 5
	c.words = append(c.words, w)
}

// dropAcronyms removes short words in capitals from a text that is not itself in capitals: tickers, KYC, SMS.
func (c *cleaner) dropAcronyms() {
	others := 0
	for _, w := range c.words {
		if !w.upper {
			others++
		}
	}
	if others == 0 || others == len(c.words) || 2*others < len(c.words) {
		return
	}
	kept := c.words[:0]
	for _, w := range c.words {
		if !w.upper {
			kept = append(kept, w)
		}
	}
	c.words = kept
}

// unquoted returns the evidence without quotations when enough remains to tell a language, else all of it.
func (e evidence) unquoted() evidence {
	kept := make([]word, 0, len(e.words))
	enough := 0
	for _, w := range e.words {
		if w.quoted {
			continue
		}
		kept = append(kept, w)
		enough++
		if w.script != latin {
			enough++
		}
	}
	if len(kept) == len(e.words) || enough < 2 {
		return e
	}
	e.words = kept
	return e
}

func opensChunk(r rune) bool {
	return r == '@' || r == '/' || r == '\\' || r == '{' || r == '#' || r == '$' || r == '%'
}

// breaksChunk reports punctuation that ends a chunk although no space follows it.
func breaksChunk(r rune) bool {
	switch r {
	case '。', '、', '，', '！', '？', '：', '；', '…', '—', '؟', '،', '؛', '"', '“', '”', '„', '«', '»', '「', '」', '『', '』',
		'(', ')', '`', '⟦', '<', '>', '|', '!', ',', ';':
		return true
	}
	return false
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' || r == 'ʻ' }

// followsLetter reports whether a letter comes right after the first character of s.
func followsLetter(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	r, _ := utf8.DecodeRuneInString(s[size:])
	return scriptOf(r) != noScript
}
