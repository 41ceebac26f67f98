package redact

import (
	_ "embed"
	"strings"

	"github.com/tyler-smith/go-bip39/wordlists"
)

// listSet has one bit per word list.
type listSet uint32

// abbreviated is the list of the first four letters of the English words, which
// identify them: many people write down, and type, no more than that.
const abbreviated = 0

// english is the list of the whole words.
const english = 1

// fingerprints are the lists that go-bip39 lacks, three bytes a word: the lower
// bits of the FNV-1a hash of the folded word. That tells list words from others
// (a chance hit has odds of 1:800) without the lists themselves. They are, in this
// order: Portuguese, Russian and Turkish of BIP-39 as Trezor's python-mnemonic has
// them; English, French, German, Italian, Dutch, Portuguese, Spanish and Russian
// of Monero as monero-python has them.
//
//go:embed fingerprints.bin
var fingerprints []byte

// sizes of the lists of BIP-39 and Monero.
const (
	bip39Words  = 2048
	moneroWords = 1626
	bip39Prints = 3 // lists of BIP-39 among the fingerprints
)

// functionBit marks, beside the lists, the words that hold sentences together: see
// functionWords.
const functionBit listSet = 1 << 31

// lexicon knows the words of the lists in folded form. Electrum seeds use the
// English list of BIP-39.
type lexicon struct {
	initial [][]map[byte][]string // per list: words by their first, and by their last byte
	known   *printTable           // of all words
	order   []map[string]int      // per list: word -> its number, which the checksum needs
	printed []map[uint32]int      // per list of BIP-39 that is known by fingerprint: fingerprint -> number
}

func newLexicon() *lexicon {
	x := &lexicon{known: newPrintTable()}
	for w := range strings.FieldsSeq(functionWords + hanPairs) {
		x.known.add(fingerprint(fold(w).lower), functionBit)
	}
	short := make([]string, 0, len(wordlists.English))
	for _, w := range wordlists.English {
		short = append(short, w[:min(4, len(w))])
	}
	for _, list := range [][]string{
		short, wordlists.English, wordlists.ChineseSimplified, wordlists.ChineseTraditional,
		wordlists.Czech, wordlists.French, wordlists.Italian, wordlists.Japanese,
		wordlists.Korean, wordlists.Spanish,
	} {
		x.add(list)
	}
	x.addPrints()
	return x
}

// addPrints appends the lists known by fingerprint. Their checksum is verified
// for BIP-39 only.
func (x *lexicon) addPrints() {
	rest := fingerprints
	for i := 0; len(rest) > 0; i++ {
		words := moneroWords
		if i < bip39Prints {
			words = bip39Words
		}
		order := map[uint32]int{}
		for n := range words {
			digest := uint32(rest[3*n]) | uint32(rest[3*n+1])<<8 | uint32(rest[3*n+2])<<16
			x.known.add(digest, 1<<(len(x.order)+i))
			if _, taken := order[digest]; !taken {
				order[digest] = n
			}
		}
		x.printed = append(x.printed, order)
		rest = rest[3*words:]
	}
}

// number returns the place of a word in a list of BIP-39.
func (x *lexicon) number(word string, list int) (int, bool) {
	if list < len(x.order) {
		n, ok := x.order[list][word]
		return n, ok
	}
	if list -= len(x.order); list < bip39Prints {
		n, ok := x.printed[list][fingerprint(word)]
		return n, ok
	}
	return 0, false
}

// add appends a list. Two words of a list may fold to the same form (Japanese
// and French have a few): then the checksum is tried with the first only.
func (x *lexicon) add(list []string) {
	n := len(x.order)
	order := make(map[string]int, len(list))
	initial := make([]map[byte][]string, 2)
	initial[0], initial[1] = map[byte][]string{}, map[byte][]string{}
	for i, w := range list {
		f := fold(w)
		w = f.lower
		x.known.add(fingerprint(w), 1<<n)
		if _, taken := order[w]; !taken {
			order[w] = i
		}
		first, last := w[0], w[len(w)-1]
		initial[0][first] = append(initial[0][first], w)
		initial[1][last] = append(initial[1][last], w)
	}
	x.order = append(x.order, order)
	x.initial = append(x.initial, initial)
}

// size returns the number of lists.
func (x *lexicon) size() int { return len(x.order) + len(x.printed) }

// find returns the lists that contain the folded word, by its fingerprint.
func (x *lexicon) find(word string) listSet { return x.known.find(fingerprint(word)) }

// nearly reports whether word is one typing error away from a word of list n: a
// letter missing, added, replaced, or two neighbours swapped. The first or the
// last byte must be right, which keeps the search short.
func (x *lexicon) nearly(word string, n int) bool {
	if len(word) < 4 || len(word) > 24 || n >= len(x.initial) {
		return false
	}
	for _, w := range x.initial[n][0][word[0]] {
		if oneTypo(word, w) {
			return true
		}
	}
	for _, w := range x.initial[n][1][word[len(word)-1]] {
		if oneTypo(word, w) {
			return true
		}
	}
	return false
}

// oneTypo reports whether a and b differ by one edit, swapping neighbours
// included (optimal string alignment distance 1). It compares bytes, so that a
// replaced letter outside ASCII may count as two.
func oneTypo(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) != len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return false
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
