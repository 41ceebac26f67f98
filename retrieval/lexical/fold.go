package lexical

import (
	_ "embed"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// hanPairs holds "traditional simplified" character pairs: the frequently used characters of Big5 (its first level) whose
// simplified form differs, as given by the Unicode CLDR transform Hant-Hans, with the variants people type added by hand.
//
//go:embed han.txt
var hanPairs string

// latinLetters are letters that Unicode does not decompose but that people type without their mark.
const latinLetters = "ı i ø o ł l đ d ħ h ŧ t ß ss æ ae œ oe þ th ð d ŋ n"

// arabicLetters are the spellings of one Arabic letter, Persian and Urdu forms included. The second of a pair is what is
// indexed; a hyphen means that the mark is dropped.
const arabicLetters = "أ ا إ ا آ ا ٱ ا ى ي ئ ي ؤ و ة ه ک ك ی ي ے ي ۀ ه ہ ه ـ - ء -"

// folder maps single characters to what is indexed in their place.
type folder struct {
	runes map[rune]string
}

func newFolder() folder {
	runes := make(map[rune]string, 2200)
	for _, table := range []string{latinLetters, arabicLetters} {
		fields := strings.Fields(table)
		for i := 0; i+1 < len(fields); i += 2 {
			from := []rune(fields[i])[0]
			to := fields[i+1]
			if to == "-" {
				to = ""
			}
			runes[from] = to
		}
	}
	for pair := range strings.FieldsSeq(hanPairs) {
		if r := []rune(pair); len(r) == 2 {
			runes[r[0]] = string(r[1])
		}
	}
	return folder{runes: runes}
}

// fold returns text in NFKC, lower case, without accents on Latin, Greek, Cyrillic, Hebrew and Arabic letters, with
// ASCII digits and simplified Chinese characters. Marks of other scripts (Thai and Devanagari vowels, the kana sound marks)
// carry meaning and stay.
func (f folder) fold(text string) string {
	text = norm.NFKC.String(text)
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if r < unicode.MaxASCII {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b.WriteRune(r)
			continue
		}
		f.foldRune(&b, unicode.ToLower(r))
	}
	return b.String()
}

func (f folder) foldRune(b *strings.Builder, r rune) {
	if to, ok := f.runes[r]; ok {
		b.WriteString(to)
		return
	}
	switch {
	case unicode.Is(unicode.Nd, r):
		b.WriteRune('0' + decimalValue(r))
	case unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic):
		f.foldDecomposed(b, r)
	case isAccent(r):
		// A mark without its letter: what remains of a decomposed accent.
	default:
		b.WriteRune(r)
	}
}

// foldDecomposed writes the base letters of an accented one.
func (f folder) foldDecomposed(b *strings.Builder, r rune) {
	decomposed := norm.NFD.Properties([]byte(string(r))).Decomposition()
	if decomposed == nil {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
		return
	}
	for _, d := range string(decomposed) {
		if unicode.Is(unicode.Mn, d) {
			continue
		}
		if to, ok := f.runes[d]; ok {
			b.WriteString(to)
			continue
		}
		b.WriteRune(unicode.ToLower(d))
	}
}

// isAccent reports the combining marks of Latin, Greek and Cyrillic, and the vowel marks of Arabic and Hebrew.
func isAccent(r rune) bool {
	return r >= 0x0300 && r <= 0x036f || r >= 0x064b && r <= 0x065f || r == 0x0670 || r >= 0x0591 && r <= 0x05c7
}

// decimalValue is the value of a decimal digit of any script: Unicode keeps each set of ten in one aligned row.
func decimalValue(r rune) rune {
	for zero := r; zero > r-10; zero-- {
		if !unicode.Is(unicode.Nd, zero-1) {
			return r - zero
		}
	}
	return (r - '0') % 10
}
