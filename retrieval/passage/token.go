package passage

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// encoding is cl100k_base: that of OpenAI's embedding models. o200k_base takes 2.4 times as long to load and as much memory, and
// passages need a measure, not an exact bill. The file is compressed: its tokens in the order of their ranks, each after its
// length, a byte.
//
//go:embed cl100k.zst
var encoding []byte

// countWindow is how many bytes are counted at once: the time for a stretch without spaces grows with its square.
const countWindow = 1 << 10

// loadRanks reads the encoding at the first count: it takes 30 ms and 7 MB, a process that never imports does not pay for it, and
// one with several indexes pays once.
var loadRanks = sync.OnceValues(func() (tokenRanks, error) { return readRanks(encoding) })

func readRanks(compressed []byte) (tokenRanks, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("load token encoding: %w", err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("load token encoding: %w", err)
	}
	ranks := make(tokenRanks, 100_256)
	for rest := string(plain); rest != ""; {
		end := 1 + int(rest[0])
		if end > len(rest) {
			return nil, errors.New("load token encoding: its last token is cut off")
		}
		ranks[rest[1:end]] = len(ranks)
		rest = rest[end:]
	}
	return ranks, nil
}

// countTokens returns the number of tokens of text, which may be one too many for every kilobyte.
func countTokens(text string) (int, error) {
	ranks, err := loadRanks()
	if err != nil {
		return 0, err
	}
	total := 0
	for len(text) > 0 {
		end := min(countWindow, len(text))
		for end < len(text) && end > countWindow-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		total += ranks.count(text[:end])
		text = text[end:]
	}
	return total, nil
}

// tokenRanks are the tokens of an encoding with the order in which they are merged.
type tokenRanks map[string]int

// count is the number of tokens of a text. tiktoken-go, against which it is tested, needs a regular expression for what
// pieceEnd does by hand, and twelve times as long: half of an import.
func (r tokenRanks) count(text string) int {
	total := 0
	for len(text) > 0 {
		end := pieceEnd(text)
		if _, whole := r[text[:end]]; whole {
			total++
		} else {
			total += r.merge(text[:end])
		}
		text = text[end:]
	}
	return total
}

// merge is byte pair encoding: of all neighbours, the pair that is the earliest token is joined, until none is a token.
func (r tokenRanks) merge(piece string) int {
	const none = math.MaxInt
	// starts are where the parts begin, and the end; ranks[i] is that of parts i and i+1 joined.
	starts := make([]int, len(piece)+1)
	for i := range starts {
		starts[i] = i
	}
	rank := func(i int) int {
		if i < 0 || i+2 >= len(starts) {
			return none
		}
		if rank, ok := r[piece[starts[i]:starts[i+2]]]; ok {
			return rank
		}
		return none
	}
	ranks := make([]int, len(piece))
	for i := range ranks {
		ranks[i] = rank(i)
	}
	for {
		first := 0
		for i, rank := range ranks {
			if rank < ranks[first] {
				first = i
			}
		}
		if ranks[first] == none {
			return len(ranks)
		}
		starts = append(starts[:first+1], starts[first+2:]...)
		ranks = append(ranks[:first], ranks[first+1:]...)
		ranks[first] = rank(first)
		if first > 0 {
			ranks[first-1] = rank(first - 1)
		}
	}
}

// pieceEnd is where the first piece of text ends that is encoded by itself. The pieces of cl100k_base are, the first that fits:
//
//	'(?i:s|t|re|ve|m|ll|d)             a short form
//	[^\r\n\p{L}\p{N}]?\p{L}+           a word, with one sign before it
//	\p{N}{1,3}                         up to three digits
//	 ?[^\s\p{L}\p{N}]+[\r\n]*          signs, with a space before them
//	\s*[\r\n]+ | \s+(?!\S) | \s+       white space to the last line end, or all but its last character
func pieceEnd(text string) int {
	first, size := utf8.DecodeRuneInString(text)
	if end := shortForm(text); end > 0 {
		return end
	}
	if unicode.IsLetter(first) {
		return endOf(text, size, unicode.IsLetter)
	}
	second, _ := utf8.DecodeRuneInString(text[size:])
	switch {
	case first != '\r' && first != '\n' && !unicode.IsNumber(first) && size < len(text) && unicode.IsLetter(second):
		return endOf(text, size, unicode.IsLetter)
	case unicode.IsNumber(first):
		for digits := 1; digits < 3; digits++ {
			next, width := utf8.DecodeRuneInString(text[size:])
			if !unicode.IsNumber(next) {
				break
			}
			size += width
		}
		return size
	case isSign(first), first == ' ' && size < len(text) && isSign(second):
		return endOf(text, endOf(text, size, isSign), isLineEnd)
	}
	return spaceEnd(text)
}

// spaceEnd is where white space is cut: after its last line end, or before its last character when something follows that
// takes it along.
func spaceEnd(text string) int {
	end, lineEnd, last := 0, 0, 0
	for i, r := range text {
		if !unicode.IsSpace(r) {
			break
		}
		last, end = i, i+utf8.RuneLen(r)
		if isLineEnd(r) {
			lineEnd = end
		}
	}
	switch {
	case lineEnd > 0:
		return lineEnd
	case end == len(text) || last == 0:
		return end
	}
	return last
}

// shortForm is the end of an English short form like 's at the start of text, 0 without one.
func shortForm(text string) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	const lower = 'a' - 'A'
	switch text[1] | lower {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch string([]byte{text[1] | lower, text[2] | lower}) {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

func isSign(r rune) bool { return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// endOf is where the characters from a place on stop being of a class.
func endOf(text string, from int, class func(rune) bool) int {
	for i, r := range text[from:] {
		if !class(r) {
			return from + i
		}
	}
	return len(text)
}
