package guard

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed lexicon/*.txt
var lexiconFiles embed.FS

// category is a list of the lexicon. The files say which words belong to it.
type category uint8

// The categories. How they work together is in requests.go and claims.go.
const (
	catNone category = iota
	catAdvise
	catAsk
	catAsset
	catBreak
	catCond
	catCounsel
	catCourtesy
	catEnter
	catExcept
	catFiller
	catFunds
	catGive
	catGiveBoth
	catGiveIt
	catHeld
	catHeldObj
	catHere
	catHoldReason
	catInstall
	catLeak
	catMakeGood
	catNeed
	catNeg
	catNegAfter
	catNotGive
	catNotSecret
	catOutlook
	catPay
	catPayGoal
	catPromised
	catRemoteApp
	catRemoteAsk
	catScam
	catSecret
	catSettle
	catThird
	catTimeWord
	catTrade
	catUnneg
	catUs
	catVerdict
	catWeNeg
	catWeWill
)

var categoryNames = map[string]category{
	"advise": catAdvise, "ask": catAsk, "asset": catAsset, "break": catBreak, "cond": catCond, "counsel": catCounsel, "courtesy": catCourtesy,
	"enter": catEnter, "except": catExcept, "filler": catFiller, "funds": catFunds, "give": catGive, "give_both": catGiveBoth, "giveit": catGiveIt,
	"held": catHeld, "heldobj": catHeldObj, "here": catHere, "holdreason": catHoldReason, "install": catInstall, "leak": catLeak,
	"makegood": catMakeGood, "need": catNeed, "neg": catNeg, "negafter": catNegAfter, "notgive": catNotGive,
	"notsecret": catNotSecret, "outlook": catOutlook, "pay": catPay, "paygoal": catPayGoal, "promised": catPromised,
	"remoteapp": catRemoteApp, "remoteask": catRemoteAsk, "scam": catScam, "secret": catSecret, "settle": catSettle, "third": catThird,
	"timeword": catTimeWord, "trade": catTrade, "unneg": catUnneg, "us": catUs, "verdict": catVerdict, "weneg": catWeNeg, "wewill": catWeWill,
}

// hit is an entry of the lexicon in a folded text.
type hit struct {
	category   category
	start, end int // bytes
}

// lexicon finds its entries in a text. It is a trie that is walked from the start of every word, and from every character
// of a script without spaces.
type lexicon struct {
	ends  [][]category // those of nodes where entries end; the first is of all others
	nodes []trieNode
	roots [256]int32 // by first byte
}

// trieNode is one byte of entries. Its children are a list: few nodes have many.
type trieNode struct {
	open    int32 // in ends: entries that end here and may go on
	whole   int32 // in ends: entries that end here with the word
	child   int32
	sibling int32
	key     byte
}

// newLexicon reads the embedded files.
func newLexicon() (*lexicon, error) {
	x := &lexicon{ends: make([][]category, 1), nodes: make([]trieNode, 1, 1<<16)}
	names, err := fs.Glob(lexiconFiles, "lexicon/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list lexicon: %w", err)
	}
	for _, name := range names {
		content, err := lexiconFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
		if err := x.parse(string(content)); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return x, nil
}

func (x *lexicon) parse(content string) error {
	current := catNone
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			if current, ok = categoryNames[strings.TrimSuffix(name, "]")]; !ok {
				return fmt.Errorf("line %d: unknown category %s", number, line)
			}
			continue
		}
		language, entries, ok := strings.Cut(line, ":")
		if !ok || current == catNone {
			return fmt.Errorf(`line %d: expected "language: entry | entry"`, number)
		}
		for entry := range strings.SplitSeq(entries, "|") {
			x.addEntry(language, strings.TrimSpace(entry), current)
		}
	}
	return nil
}

func (x *lexicon) addEntry(language, entry string, c category) {
	text, open := strings.CutSuffix(entry, "*")
	end := withWord
	if open {
		end = goesOn
	}
	text = fold(text)
	if text == "" {
		return
	}
	x.add(text, c, end)
	if slices.Contains([]string{"de", "es", "fr", "pt", "tr"}, language) {
		if plain := withoutAccents(text); plain != text {
			x.add(plain, c, end)
		}
	}
}

// ending says how an entry ends.
type ending int

const (
	withWord ending = iota
	goesOn
)

// add files an entry under its text.
func (x *lexicon) add(text string, c category, end ending) {
	node := x.roots[text[0]]
	if node == 0 {
		node = x.grow(text[0])
		x.roots[text[0]] = node
	}
	for i := 1; i < len(text); i++ {
		child := x.child(node, text[i])
		if child == 0 {
			child = x.grow(text[i])
			x.nodes[child].sibling, x.nodes[node].child = x.nodes[node].child, child
		}
		node = child
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	if end == goesOn || isUnspaced(last) {
		x.end(&x.nodes[node].open, c)
	} else {
		x.end(&x.nodes[node].whole, c)
	}
}

// end adds an entry's category to those at a place of ends.
func (x *lexicon) end(at *int32, c category) {
	if *at == 0 {
		*at = int32(len(x.ends))
		x.ends = append(x.ends, nil)
	}
	x.ends[*at] = append(x.ends[*at], c)
}

func (x *lexicon) grow(key byte) int32 {
	x.nodes = append(x.nodes, trieNode{key: key})
	return int32(len(x.nodes) - 1)
}

// child returns the child of a node for a byte, or 0.
func (x *lexicon) child(node int32, key byte) int32 {
	for child := x.nodes[node].child; child != 0; child = x.nodes[child].sibling {
		if x.nodes[child].key == key {
			return child
		}
	}
	return 0
}

// find returns all entries in a folded text, by where they start.
func (x *lexicon) find(text string) []hit {
	hits := make([]hit, 0, 64)
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if x.roots[text[i]] != 0 && startsWord(text, i, r) {
			hits = x.walk(text, i, hits)
		}
		i += size
	}
	return hits
}

func (x *lexicon) walk(text string, start int, hits []hit) []hit {
	node := x.roots[text[start]]
	for i := start; node != 0; {
		i++
		for _, c := range x.ends[x.nodes[node].open] {
			hits = append(hits, hit{c, start, i})
		}
		if whole := x.ends[x.nodes[node].whole]; len(whole) > 0 && endsWord(text, i) {
			for _, c := range whole {
				hits = append(hits, hit{c, start, i})
			}
		}
		if i == len(text) {
			break
		}
		node = x.child(node, text[i])
	}
	return hits
}

// startsWord reports whether an entry may begin at byte i. Arabic writes conjunctions, prepositions and the article at the
// front of the word.
func startsWord(text string, i int, r rune) bool {
	if i == 0 || isUnspaced(r) {
		return true
	}
	before, size := utf8.DecodeLastRuneInString(text[:i])
	if !isWordRune(r) {
		return true // an entry may begin with punctuation
	}
	if !isWordRune(before) || isUnspaced(before) {
		return true
	}
	for n := 0; n < 4 && strings.ContainsRune("وفبلكا", before); n++ {
		i -= size
		if i == 0 {
			return true
		}
		if before, size = utf8.DecodeLastRuneInString(text[:i]); !isWordRune(before) {
			return true
		}
	}
	return false
}

// endsWord reports whether a word ends at byte i.
func endsWord(text string, i int) bool {
	if i >= len(text) {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(text[:i])
	next, _ := utf8.DecodeRuneInString(text[i:])
	return !isWordRune(last) || !isWordRune(next) || isUnspaced(next)
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(r)
	}
	return unicode.In(r, unicode.L, unicode.Mn, unicode.Nd)
}

// isUnspaced reports scripts whose words do not stand apart, or take endings without end.
func isUnspaced(r rune) bool {
	return isHan(r) || r == 'ー' ||
		r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}
