package desk

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// maxEditTokens bounds the table of a comparison; what differs beyond it counts as replaced whole.
const maxEditTokens = 3000

// Edit is a run of text that an agent kept, took out of a draft, or added.
type Edit struct {
	Op   string `json:"op"` // "=", "-" or "+"
	Text string `json:"text"`
}

// Edits is what an agent made of a draft.
type Edits struct {
	Distance int     // characters taken out and added
	Edits    []Edit  // in order: without the added ones they are the draft, without those taken out the reply
	Share    float64 // Distance of the characters of both texts, 0 (the same) to 1 (nothing in common)
}

// CompareDraft returns what an agent made of a draft, word by word; in scripts without spaces, character by character.
func CompareDraft(draft, sent string) Edits {
	a, b := tokens(draft), tokens(sent)
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var edits Edits
	edits.add("=", a[:start]...)
	edits.between(a[start:len(a)-end], b[start:len(b)-end])
	edits.add("=", a[len(a)-end:]...)
	if total := utf8.RuneCountInString(draft) + utf8.RuneCountInString(sent); total > 0 {
		edits.Share = float64(edits.Distance) / float64(total)
	}
	return edits
}

// between marks the tokens of two texts by their longest common subsequence.
func (e *Edits) between(a, b []string) {
	if len(a) > maxEditTokens || len(b) > maxEditTokens {
		e.add("-", a...)
		e.add("+", b...)
		return
	}
	// common[i][j] is the length of that of a[i:] and b[j:].
	common := make([][]uint16, len(a)+1)
	for i := range common {
		common[i] = make([]uint16, len(b)+1)
	}
	for i, before := range slices.Backward(a) {
		for j, after := range slices.Backward(b) {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if before == after {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			e.add("=", a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			e.add("-", a[i])
			i++
		default:
			e.add("+", b[j])
			j++
		}
	}
	e.add("-", a[i:]...)
	e.add("+", b[j:]...)
}

func (e *Edits) add(op string, texts ...string) {
	for _, text := range texts {
		if op != "=" {
			e.Distance += utf8.RuneCountInString(text)
		}
		if last := len(e.Edits) - 1; last >= 0 && e.Edits[last].Op == op {
			e.Edits[last].Text += text
			continue
		}
		e.Edits = append(e.Edits, Edit{Op: op, Text: text})
	}
}

// token is the kind of a token.
type token int

const (
	letter token = iota // a character of a script without spaces between words
	space
	word
)

// tokens cuts a text into words and the space between them, and into single characters where a script has no spaces.
func tokens(text string) []string {
	var found []string
	start, before := 0, letter
	for i, r := range text {
		kind := word
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			kind = letter
		case unicode.IsSpace(r):
			kind = space
		}
		if i > start && (kind != before || kind == letter) {
			found = append(found, text[start:i])
			start = i
		}
		before = kind
	}
	if start < len(text) {
		found = append(found, text[start:])
	}
	return found
}
