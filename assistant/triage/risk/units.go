package risk

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Widths on the scale on which windows are measured. A word of an alphabet says about as much as two characters of a
// script without spaces.
const (
	widthBreak = 4 // the end of a sentence
	widthComma = 1
	widthGlyph = 1
	widthLine  = 2 // a line break, which may be mere wrapping
	widthWord  = 2
)

// maxMarks is the most combining marks that a letter of a written language carries (Vietnamese: two). More is decoration.
const maxMarks = 2

// minSpelled is the number of single letters in a row that count as a word spelled out ("h a c k").
const minSpelled = 4

// span is a half-open range.
type span struct{ lo, hi int32 }

// unit is the smallest thing that a rule names: a word, or one character of a script without spaces.
type unit struct {
	alts       span // in scratch.alts: other ways to read the word
	exact      span // in scratch.runes: the word with its accents; empty when it has none
	glyph      bool // a character of a script without spaces
	pos        int32
	runOn      bool // several words without spaces between them
	runes      span // in scratch.runes: the word without accents
	sentence   int32
	start, end int32 // bytes in the original text
}

// splitter is the state of one pass over the cleaned text.
type splitter struct {
	f        *folds
	s        *scratch
	end      int32 // of the word being read
	inWord   bool
	leet     bool // the word has a digit or sign among its letters
	marked   bool // the word has accents
	pos      int32
	sentence int32
	spelled  int // single letters in a row, up to here
	start    int32
}

// split cuts the text into units.
func (f *folds) split(text string, s *scratch) {
	s.places = clean(text, s.places[:0])
	p := splitter{f: f, s: s}
	for i := 0; i < len(s.places); {
		n := clusterLen(s.places[i:])
		if n == 1 {
			p.read(i, i+1, s.places[i].r)
		} else {
			p.readCluster(i, i+n)
		}
		i += n
	}
	p.flush()
	p.endSpelling()
}

// clusterLen counts the places of a character and the marks that combine with it.
func clusterLen(places []place) int {
	n := 1
	for n < len(places) && combines(places[n].r) {
		n++
	}
	return n
}

func combines(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r < 0x370, r == 0x3099, r == 0x309a, r == 0xff9e, r == 0xff9f:
		return true
	case r < 0x483 || r >= 0x2e80 && r < 0xa66f || r >= 0xac00 && r < 0xfb1e:
		return false
	}
	return r >= 0x1161 && r < 0x1200 || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r)
}

// readCluster composes a character with its marks (NFKC) and reads the result. Marks beyond what languages use are dropped.
func (p *splitter) readCluster(lo, hi int) {
	keep := hi
	if hi-lo > maxMarks+1 {
		keep = lo + 1
	}
	p.s.compose = p.s.compose[:0]
	for _, pl := range p.s.places[lo:keep] {
		p.s.compose = utf8.AppendRune(p.s.compose, pl.r)
	}
	for _, r := range string(norm.NFKC.Bytes(p.s.compose)) {
		p.read(lo, hi, r)
	}
}

// read takes one composed character that came from the places lo..hi.
func (p *splitter) read(lo, hi int, r rune) {
	start, end := p.s.places[lo].start, p.s.places[hi-1].end
	if r < utf8.RuneSelf {
		p.readASCII(lo, hi, r)
		return
	}
	if r >= tableSize {
		if isGlyph(r) {
			p.flush()
			p.addGlyph(r, start, end)
			return
		}
		// Width and other compatibility forms: full-width letters, mathematical alphabets, ligatures.
		if c := norm.NFKC.PropertiesString(string(r)).Decomposition(); c != nil {
			for _, d := range string(norm.NFKC.Bytes(c)) {
				if d != r {
					p.read(lo, hi, d)
				}
			}
			return
		}
	}
	switch {
	case r < tableSize && p.f.base[r] == drop, unicode.Is(unicode.Mn, r):
		return
	case unicode.IsLetter(r), unicode.IsDigit(r):
		p.addLetter(r, start, end)
	case r == '’' || r == 'ʼ' || r == '‘' || r == '´':
		p.readASCII(lo, hi, '\'')
	case isStop(r):
		p.flush()
		p.breakSentence()
	case r == '，' || r == '、' || r == '،' || r == '：':
		p.flush()
		p.pos += widthComma
	default:
		p.flush()
	}
}

func (p *splitter) readASCII(lo, hi int, r rune) {
	start, end := p.s.places[lo].start, p.s.places[hi-1].end
	next := rune(' ')
	if hi < len(p.s.places) {
		next = p.s.places[hi].r
	}
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		p.addLetter(r, start, end)
	case r >= '0' && r <= '9':
		p.leet = true
		p.addLetter(r, start, end)
	case r == '@' && p.inWord && unicode.IsLetter(next), r == '$' && unicode.IsLetter(next):
		p.leet = true
		p.addLetter(r, start, end)
	case r == '\'':
		if !p.inWord || !p.contraction(hi) {
			p.flush()
		}
	case r == '.' || r == '!' || r == '?' || r == ';':
		p.flush()
		if r != '.' || next <= ' ' {
			p.breakSentence()
		}
	case r == '\n':
		p.flush()
		p.pos += widthLine
		if next == '\n' {
			p.breakSentence()
		}
	case r == ',' || r == ':' || r == '(' || r == ')':
		p.flush()
		p.pos += widthComma
	default:
		p.flush()
	}
}

// contraction reports whether an apostrophe before place i joins what follows ("don't", "I'm") rather than separating it
// as in French elisions and Turkish suffixes ("l'argent", "Telegram'dan").
func (p *splitter) contraction(i int) bool {
	var tail [3]rune
	n := 0
	for ; i < len(p.s.places) && unicode.IsLetter(p.s.places[i].r); i++ {
		if n == len(tail) {
			return false
		}
		tail[n] = unicode.ToLower(p.s.places[i].r)
		n++
	}
	switch string(tail[:n]) {
	case "t", "m", "s", "re", "ve", "ll", "d":
		return true
	}
	return false
}

func (p *splitter) addLetter(r rune, start, end int32) {
	if !p.inWord {
		p.inWord = true
		p.start = start
		p.s.folded = p.s.folded[:0]
		p.s.accented = p.s.accented[:0]
		p.marked = false
		p.leet = r >= '0' && r <= '9' || r == '$'
	}
	p.end = end
	lower := unicode.ToLower(r)
	p.s.accented = append(p.s.accented, lower)
	n := len(p.s.folded)
	p.s.folded = p.f.appendFolded(p.s.folded, lower)
	if len(p.s.folded) != n+1 || p.s.folded[n] != lower {
		p.marked = true
	}
}

func (p *splitter) addGlyph(r rune, start, end int32) {
	p.endSpelling()
	if v, ok := p.f.han[r]; ok {
		r = v
	}
	lo := int32(len(p.s.runes))
	p.s.runes = append(p.s.runes, r)
	p.s.units = append(p.s.units, unit{
		glyph: true, pos: p.pos, runes: span{lo, lo + 1}, sentence: p.sentence, start: start, end: end,
	})
	p.pos += widthGlyph
}

// flush ends the word being read.
func (p *splitter) flush() {
	if !p.inWord {
		return
	}
	p.inWord = false
	s := p.s
	u := unit{pos: p.pos, sentence: p.sentence, start: p.start, end: p.end}
	u.runes.lo = int32(len(s.runes))
	s.runes = append(s.runes, s.folded...)
	u.runes.hi = int32(len(s.runes))
	if p.marked {
		u.exact.lo = u.runes.hi
		s.runes = append(s.runes, s.accented...)
		u.exact.hi = int32(len(s.runes))
	}
	u.alts.lo = int32(len(s.alts))
	if p.leet {
		addLeetReadings(s, u.runes)
	}
	p.f.addOtherReadings(s, u.runes)
	u.alts.hi = int32(len(s.alts))
	if len(s.folded) == 1 {
		p.spelled++
	} else {
		p.endSpelling()
	}
	s.units = append(s.units, u)
	p.pos += widthWord
}

// endSpelling joins the single letters before this place into one more word, which stands where the first letter stood.
func (p *splitter) endSpelling() {
	n := p.spelled
	p.spelled = 0
	if n < minSpelled {
		return
	}
	s := p.s
	letters := s.units[len(s.units)-n:]
	lo := int32(len(s.runes))
	for _, u := range letters {
		s.runes = append(s.runes, s.runes[u.runes.lo:u.runes.hi]...)
	}
	first := letters[0]
	joined := unit{
		pos: first.pos, runes: span{lo, int32(len(s.runes))}, sentence: first.sentence,
		start: first.start, end: letters[n-1].end,
	}
	joined.alts.lo = int32(len(s.alts))
	addLeetReadings(s, joined.runes)
	p.f.addOtherReadings(s, joined.runes)
	joined.alts.hi = int32(len(s.alts))
	s.units = append(s.units, joined)
}

func (p *splitter) breakSentence() {
	p.endSpelling()
	p.sentence++
	p.pos += widthBreak
}

// isGlyph reports characters of scripts without spaces, and Hangul, where spacing is erratic and particles stick to words.
func isGlyph(r rune) bool {
	return r >= 0x3041 && r <= 0x30ff && r != '・' || r >= 0x31f0 && r <= 0x31ff || r >= 0x3400 && r <= 0x9fff ||
		r >= 0xac00 && r <= 0xd7a3 || r >= 0x20000 && r < 0x32000 || r == '々'
}

func isStop(r rune) bool {
	switch r {
	case '。', '！', '？', '；', '…', '؟', '؛', '¿', '¡', '｡':
		return true
	}
	return false
}
