// Package facts reads what a message states about itself: amounts of money, how long a problem has lasted, and the mood it
// is written in. Together with the intent and the risks they decide how soon a person looks at a case.
//
// All of it is a hint, found by patterns in 14 languages at once and without knowing which one the message is in. A missed
// or wrong hint moves a case within the queue and nothing else: whether a person is needed is not decided here.
package facts

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds the text that is looked at: what a case is about stands at its start.
const maxRunes = 4000

// Facts are what a message states.
type Facts struct {
	// Age is the longest time that the message says something has taken, or lies back; 0 when it names none.
	Age time.Duration
	// Amounts are the sums named, in the order of the text.
	Amounts []Amount
	// Asset and Network tell whether the message names a crypto asset and a network, whichever. An asset with one network names both.
	Asset   bool
	Mood    Mood
	Network bool
}

// Amount is a sum in one asset.
type Amount struct {
	// Asset is a ticker ("BTC") or a currency's ISO 4217 code ("EUR"), in capitals.
	Asset string
	Value float64
}

// Mood is how a message is written.
type Mood string

// The moods, the worst last.
const (
	Calm    Mood = "calm"
	Worried Mood = "worried"
	Upset   Mood = "upset"
)

// Reader reads facts. It is safe for concurrent use.
type Reader struct {
	ages     ages
	amounts  amounts
	measures measures
	moods    moods
	names    names
}

// New returns a Reader.
func New() *Reader {
	return &Reader{ages: newAges(), amounts: newAmounts(), measures: newMeasures(), moods: newMoods(), names: newNames()}
}

// Read returns what the text states. The text may hold anything, also invalid UTF-8.
func (r *Reader) Read(text string) Facts {
	original := shorten(text)
	folded := fold(original)
	facts := Facts{Age: r.ages.longest(folded), Amounts: r.amounts.all(folded), Mood: r.moods.of(original, folded)}
	for _, name := range r.names.all(folded) {
		facts.Asset = facts.Asset || name.Kind == NameAsset
		facts.Network = facts.Network || settlesNetwork(name)
	}
	return facts
}

func shorten(text string) string {
	n := 0
	for i := range text {
		if n == maxRunes {
			return text[:i]
		}
		n++
	}
	return text
}

// fold makes equal what people type alike: case, width, accents, digits of other scripts. Hangul and voiced kana keep
// their form.
func fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, " ")) {
		switch {
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) && !isKanaMark(r) || r == '\'' || r == '’':
		case r >= '٠' && r <= '٩':
			b.WriteRune('0' + r - '٠')
		case r >= '۰' && r <= '۹':
			b.WriteRune('0' + r - '۰')
		case r == 'đ' || r == 'Đ':
			b.WriteRune('d')
		case r == 'ı':
			b.WriteRune('i')
		case r == 'ة':
			b.WriteRune('ه')
		case r == 'ى':
			b.WriteRune('ي')
		case r == 'أ' || r == 'إ' || r == 'آ':
			b.WriteRune('ا')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

func isKanaMark(r rune) bool { return r == '\u3099' || r == '\u309a' }
