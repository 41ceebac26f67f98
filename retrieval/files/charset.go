package files

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/deskhand/deskhand/retrieval"
)

// charset is an encoding from before UTF-8, with the languages that are written in it and what its texts look like.
type charset struct {
	encoding encoding.Encoding
	// fits judges the bytes of a text, share those of its characters outside of ASCII. One of the two is set.
	fits    func(pairs bytePairs) bool
	locales []string
	name    string
	script  *unicode.RangeTable
}

// charsets are tried in this order. Latin ones cannot be told from each other: only the language can.
func charsets() []charset {
	return []charset{
		{name: "GB18030", encoding: simplifiedchinese.GB18030, locales: []string{"zh-Hans"}, fits: fitsChinese},
		{name: "Big5", encoding: traditionalchinese.Big5, locales: []string{"zh-Hant"}, fits: fitsBig5},
		{name: "Shift_JIS", encoding: japanese.ShiftJIS, locales: []string{"ja"}, fits: fitsShiftJIS},
		{name: "EUC-JP", encoding: japanese.EUCJP, locales: []string{"ja"}, fits: fitsEUCJP},
		{name: "EUC-KR", encoding: korean.EUCKR, locales: []string{"ko"}, fits: fitsKorean},
		{name: "windows-1251", encoding: charmap.Windows1251, locales: []string{"ru", "uk", "bg"}, script: unicode.Cyrillic},
		{name: "KOI8-R", encoding: charmap.KOI8R, locales: []string{"ru"}, script: unicode.Cyrillic},
		{name: "windows-1256", encoding: charmap.Windows1256, locales: []string{"ar", "fa"}, script: unicode.Arabic},
		{name: "windows-1253", encoding: charmap.Windows1253, locales: []string{"el"}, script: unicode.Greek},
		{name: "windows-1255", encoding: charmap.Windows1255, locales: []string{"he"}, script: unicode.Hebrew},
		{name: "windows-874", encoding: charmap.Windows874, locales: []string{"th"}, script: unicode.Thai},
		{name: "windows-1254", encoding: charmap.Windows1254, locales: []string{"tr"}, script: unicode.Latin},
		{name: "windows-1258", encoding: charmap.Windows1258, locales: []string{"vi"}, script: unicode.Latin},
		{name: "windows-1250", encoding: charmap.Windows1250, locales: []string{"pl", "cs", "hu", "sk", "hr", "ro"}, script: unicode.Latin},
		{
			name: "windows-1252", encoding: charmap.Windows1252, script: unicode.Latin,
			locales: []string{"en", "es", "pt", "fr", "de", "it", "nl", "id", "sv", "da", "fi", "nb"},
		},
	}
}

// plausibleCharsets returns the encodings that the content may be in: that of its language if it looks like it, else all
// that it looks like.
func plausibleCharsets(content []byte, locale string) []charset {
	locale, _ = retrieval.Locale(locale)
	pairs := pairsOf(content)
	var plausible []charset
	for _, c := range charsets() {
		if !c.matches(content, pairs) {
			continue
		}
		if slices.Contains(c.locales, locale) {
			return []charset{c}
		}
		if pairs.high >= enoughBytes {
			plausible = append(plausible, c)
		}
	}
	return plausible
}

func (c charset) matches(content []byte, pairs bytePairs) bool {
	text, err := c.encoding.NewDecoder().Bytes(content)
	if err != nil || !retrieval.IsText(text) {
		return false
	}
	if strings.ContainsFunc(string(text), func(r rune) bool {
		return r == unicode.ReplacementChar || r >= 0x80 && r < 0xa0 || unicode.Is(unicode.Co, r)
	}) {
		return false
	}
	if c.fits != nil {
		return c.fits(pairs)
	}
	return looksWritten(string(text), c.script)
}

// looksWritten reports whether the letters outside of ASCII are of the script, and stand where letters of that script do.
// A text in another encoding has letters of other scripts among them, capitals in the middle of words or everywhere, letters
// that stand among Latin ones, or, read as Latin, long runs of accented letters.
func looksWritten(text string, script *unicode.RangeTable) bool {
	w := writing{before: ' ', previous: ' ', script: script}
	for _, r := range text {
		w.read(r)
	}
	// Names, typing errors, and words like "USDT-адрес" without the hyphen.
	const few, some = 0.03, 0.15
	return w.letters > 0 && w.foreign <= few*w.letters && w.odd <= few*w.letters && w.mixed <= some*w.letters && w.capitals <= w.letters/2
}

// writing counts what speaks for and against a script.
type writing struct {
	before, previous                       rune
	letters, capitals, foreign, odd, mixed float64
	script                                 *unicode.RangeTable
}

func (w *writing) read(r rune) {
	latin := w.script == unicode.Latin
	switch {
	case r < 0x80:
		if !latin && isASCIILetter(r) && isAccented(w.previous) {
			w.mixed++
		}
	case unicode.IsLetter(r):
		w.letters++
		switch {
		case !unicode.Is(w.script, r) && r != 'ª' && r != 'º':
			w.foreign++
		case latin && isAccented(w.previous) && isAccented(w.before):
			w.odd++
		case !latin && isASCIILetter(w.previous):
			w.mixed++
		}
		if unicode.IsUpper(r) {
			w.capitals++
			if unicode.IsLower(w.previous) {
				w.odd++
			}
		}
	case !unicode.In(r, unicode.P, unicode.S, unicode.Z, unicode.M, unicode.N, unicode.Cf):
		w.foreign++
	}
	w.before, w.previous = w.previous, r
}

func isAccented(r rune) bool { return r >= 0x80 && unicode.IsLetter(r) }

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// bytePairs are the two-byte characters of a text in one of the encodings of East Asia, by their first bytes.
type bytePairs struct {
	all int
	// high counts bytes outside of ASCII.
	high int
	// lead counts first bytes; low counts pairs whose second byte is below 0xa1, where GB2312 and EUC have none.
	lead [256]int
	low  int
}

func pairsOf(content []byte) bytePairs {
	var p bytePairs
	for _, b := range content {
		if b >= 0x80 {
			p.high++
		}
	}
	for i := 0; i+1 < len(content); i++ {
		if content[i] < 0x80 {
			continue
		}
		p.all++
		p.lead[content[i]]++
		if content[i+1] < 0xa1 {
			p.low++
		}
		i++
	}
	return p
}

// share is the part of all pairs whose first byte lies between two values.
func (p bytePairs) share(from, to int) float64 {
	sum := 0
	for _, n := range p.lead[from : to+1] {
		sum += n
	}
	return float64(sum) / float64(max(p.all, 1))
}

func (p bytePairs) lowShare() float64 { return float64(p.low) / float64(max(p.all, 1)) }

// How many characters it takes to judge by their frequencies, and how many bytes to judge without knowing the language.
const (
	enoughBytes = 16
	enoughPairs = 4
)

// fitsChinese: the 3,755 most frequent characters of GB2312 begin with 0xb0 to 0xd7, a third of a text with 0xc9 and up,
// where Korean syllables have ended. Punctuation begins with 0xa1 and 0xa3.
func fitsChinese(p bytePairs) bool {
	return p.all >= enoughPairs && p.lowShare() < 0.05 && p.share(0xb0, 0xd7)+p.share(0xa1, 0xa3) > 0.9 && p.share(0xc9, 0xd7) > 0.12
}

// fitsBig5: frequent characters begin with 0xa4 to 0xc6, punctuation with 0xa1 to 0xa3; a third of the second bytes are low.
func fitsBig5(p bytePairs) bool {
	return p.all >= enoughPairs && p.lowShare() > 0.15 && p.share(0xa1, 0xc6) > 0.9
}

// fitsShiftJIS: kana begin with 0x82 and 0x83, punctuation with 0x81.
func fitsShiftJIS(p bytePairs) bool {
	return p.all >= enoughPairs && p.share(0x82, 0x83) > 0.3 && p.share(0x81, 0x9f)+p.share(0xe0, 0xef) > 0.9
}

// fitsEUCJP: kana begin with 0xa4 and 0xa5.
func fitsEUCJP(p bytePairs) bool {
	return p.all >= enoughPairs && p.lowShare() < 0.05 && p.share(0xa4, 0xa5) > 0.3
}

// fitsKorean: syllables begin with 0xb0 to 0xc8.
func fitsKorean(p bytePairs) bool {
	return p.all >= enoughPairs && p.lowShare() < 0.2 && p.share(0xb0, 0xc8)+p.share(0xa1, 0xa3) > 0.9 && p.share(0xc9, 0xd7) < 0.08
}
