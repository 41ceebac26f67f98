package redact

import (
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39/wordlists"
)

// listSet has one bit per word list.
type listSet uint64

// english is the list of BIP-39 in English.
const english = 0

// fingerprints are the lists that go-bip39 lacks, three bytes a word: the lower
// bits of the FNV-1a hash of the folded word. That tells list words from others
// (a chance hit has odds of 1:800) without the lists themselves. They are those of
// printedLists in their order, then the short forms of those that have some.
//
//go:embed fingerprints.bin
var fingerprints []byte

// printedList is a list that is known by fingerprint.
type printedList struct {
	name   string // of its file, see the test that writes fingerprints.bin
	prefix int    // characters that identify a word, so that many type no more; 0 for none
	size   int
	strict bool // of words so frequent that a row of them may be a sentence
}

// sizes of the lists of BIP-39 and Monero.
const (
	bip39Words  = 2048
	moneroWords = 1626
)

// printedLists returns the lists among the fingerprints: of BIP-39 as Trezor's
// python-mnemonic has them, of Monero as monero-python and monero have them. A
// wallet of Monero reads as much of a word as identifies it.
func printedLists() []printedList {
	return []printedList{
		{name: "bip39_portuguese", prefix: 4, size: bip39Words},
		{name: "bip39_russian", prefix: 4, size: bip39Words},
		{name: "bip39_turkish", prefix: 4, size: bip39Words},
		{name: "monero_english", prefix: 3, size: moneroWords},
		{name: "monero_french", prefix: 4, size: moneroWords},
		{name: "monero_german", prefix: 4, size: moneroWords},
		{name: "monero_italian", prefix: 4, size: moneroWords},
		{name: "monero_dutch", prefix: 4, size: moneroWords},
		{name: "monero_portuguese", prefix: 4, size: moneroWords},
		{name: "monero_spanish", prefix: 4, size: moneroWords},
		{name: "monero_russian", prefix: 4, size: moneroWords},
		{name: "monero_japanese", prefix: 4, size: moneroWords},
		{name: "monero_esperanto", prefix: 4, size: moneroWords},
		{name: "monero_lojban", prefix: 4, size: moneroWords},
		{name: "monero_english_old", size: moneroWords, strict: true}, // also Electrum's before 2.0
		{name: "monero_chinese_simplified", size: moneroWords},
	}
}

// functionBit marks, beside the lists, the words that hold sentences together: see
// functionWords.
const functionBit listSet = 1 << 63

// lexicon knows the words of the lists in folded form. Electrum seeds use the
// English list of BIP-39.
type lexicon struct {
	known   *printTable // of all words
	lists   []wordList
	plain   listSet // all lists but the strict ones
	scripts *[1 << 16]script
	strict  listSet // the lists of which only complete rows count
}

// wordList is one list, or the short forms of its words.
type wordList struct {
	initial [2]map[byte][]string // words by their first, and by their last byte
	order   map[string]int       // word -> its number, which the checksum needs
	prefix  int                  // characters of a short form
	printed map[uint32]int       // the same of a list that is known by fingerprint: fingerprint -> number
	short   int                  // the list of its short forms; 0 for none
	strict  bool
}

func newLexicon() *lexicon {
	x := &lexicon{known: newPrintTable(), scripts: scriptTable()}
	for w := range strings.FieldsSeq(functionWords + hanPairs) {
		x.known.add(fingerprint(fold(w).lower), functionBit)
	}
	lists := [][]string{
		wordlists.English, wordlists.French, wordlists.Italian, wordlists.Spanish, wordlists.Czech,
		wordlists.ChineseSimplified, wordlists.ChineseTraditional, wordlists.Japanese, wordlists.Korean,
	}
	const latin = 5 // of these, the ones whose words four letters identify
	for _, list := range lists {
		x.add(list)
	}
	x.addPrints()
	for i, list := range lists[:latin] {
		short := make([]uint32, 0, len(list))
		for _, w := range list {
			short = append(short, fingerprint(shortForm(fold(w).lower, 4)))
		}
		x.addShort(i, 4, short)
	}
	return x
}

// addPrints appends the lists known by fingerprint. Their checksum is verified
// for BIP-39 only.
func (x *lexicon) addPrints() {
	rest := fingerprints
	next := func(n int) []uint32 {
		digests := make([]uint32, n)
		for i := range digests {
			digests[i] = uint32(rest[3*i]) | uint32(rest[3*i+1])<<8 | uint32(rest[3*i+2])<<16
		}
		rest = rest[3*n:]
		return digests
	}
	first := len(x.lists)
	for _, list := range printedLists() {
		digests := next(list.size)
		w := wordList{strict: list.strict}
		if list.size == bip39Words {
			w.printed = make(map[uint32]int, list.size)
			for n, digest := range digests {
				if _, taken := w.printed[digest]; !taken {
					w.printed[digest] = n
				}
			}
		}
		x.append(w, digests)
	}
	for i, list := range printedLists() {
		if list.prefix > 0 {
			x.addShort(first+i, list.prefix, next(list.size))
		}
	}
}

// addShort appends the short forms of a list.
func (x *lexicon) addShort(list, prefix int, digests []uint32) {
	x.lists[list].short = len(x.lists)
	x.append(wordList{prefix: prefix, strict: true}, digests)
}

// append appends a list of words with these fingerprints.
func (x *lexicon) append(list wordList, digests []uint32) {
	bit := listSet(1) << len(x.lists)
	for _, digest := range digests {
		x.known.add(digest, bit)
	}
	if list.strict {
		x.strict |= bit
	} else {
		x.plain |= bit
	}
	x.lists = append(x.lists, list)
}

// shortForm returns the first characters of a word.
func shortForm(word string, characters int) string {
	for i := range word {
		if characters--; characters < 0 {
			return word[:i]
		}
	}
	return word
}

// number returns the place of a word in a list of BIP-39.
func (x *lexicon) number(word string, list int) (int, bool) {
	if x.lists[list].order != nil {
		n, ok := x.lists[list].order[word]
		return n, ok
	}
	n, ok := x.lists[list].printed[fingerprint(word)]
	return n, ok
}

// add appends a list. Two words of a list may fold to the same form (Japanese
// and French have a few): then the checksum is tried with the first only.
func (x *lexicon) add(words []string) {
	list := wordList{initial: [2]map[byte][]string{{}, {}}, order: make(map[string]int, len(words))}
	digests := make([]uint32, 0, len(words))
	for i, w := range words {
		f := fold(w)
		w = f.lower
		digests = append(digests, fingerprint(w))
		if _, taken := list.order[w]; !taken {
			list.order[w] = i
		}
		first, last := w[0], w[len(w)-1]
		list.initial[0][first] = append(list.initial[0][first], w)
		list.initial[1][last] = append(list.initial[1][last], w)
	}
	x.append(list, digests)
}

// find returns the lists that contain the folded word, by its fingerprint.
func (x *lexicon) find(word string) listSet { return x.known.find(fingerprint(word)) }

// nearly reports whether word is one typing error away from a word of list n: a
// letter missing, added, replaced, or two neighbours swapped. The first or the
// last byte must be right, which keeps the search short. Of a list that is known
// by fingerprint, the letters that identify a word must be right.
func (x *lexicon) nearly(word string, n int) bool {
	if len(word) < 4 || len(word) > 24 {
		return false
	}
	list := &x.lists[n]
	if list.order == nil {
		return list.short > 0 && x.find(shortForm(word, x.lists[list.short].prefix))&(1<<list.short) != 0
	}
	if last := len(word) - 1; n == english && (word[last] == 's' || word[last] == 'd') {
		if _, inflected := list.order[word[:last]]; inflected {
			return false // sentences have such words, phrases seldom
		}
	}
	for _, w := range list.initial[0][word[0]] {
		if oneTypo(word, w) {
			return true
		}
	}
	for _, w := range list.initial[1][word[len(word)-1]] {
		if oneTypo(word, w) {
			return true
		}
	}
	return false
}

// oneTypo reports whether a and b differ by one edit, swapping neighbours
// included (optimal string alignment distance 1).
func oneTypo(a, b string) bool {
	if a[0] < utf8.RuneSelf && b[0] < utf8.RuneSelf {
		return oneEdit([]byte(a), []byte(b))
	}
	return len(a) <= len(b)+letterSize && len(b) <= len(a)+letterSize && oneEdit([]rune(a), []rune(b))
}

func oneEdit[T byte | rune](a, b []T) bool {
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
		return slices.Equal(a[i:], b[i+1:])
	}
	if i == len(a) {
		return false
	}
	if slices.Equal(a[i+1:], b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}
