package redact

import "unicode/utf8"

const (
	// fewestPieces is the number of pieces in a phrase of which at least half of the
	// words are cut in two.
	fewestPieces = window
	// wholeBetween is the number of whole words that may stand between two that are
	// cut: some are too short to be cut.
	wholeBetween = 2
)

// findCut finds phrases whose words are cut: into letters, as in "o-r-b-i-t" and
// "o r b i t", or by symbols, as in "or🔑bit".
func (s *scan) findCut(words []word) {
	for i := 0; i < len(words); {
		if !s.isPiece(words, i) {
			i++
			continue
		}
		n, cut := s.cutRun(words[i:])
		if cut >= fewestPieces {
			s.findInPieces(words[i : i+n])
		}
		i += max(1, n)
	}
}

// cutRun returns the number of words up to the last piece before something that is
// no phrase in pieces, and how many of them are pieces.
func (s *scan) cutRun(words []word) (n, cut int) {
	for i, w := range words {
		if i > 0 && w.gap || s.r.lexicon.script(s.lower, int(w.start)) == hanLetter {
			break
		}
		if s.isPiece(words, i) {
			n = i + 1
			cut++
		} else if i+1-n > wholeBetween {
			break
		}
	}
	return n, cut
}

// isPiece reports whether a word is one character, or glued to one of its neighbours.
func (s *scan) isPiece(words []word, i int) bool {
	w := &words[i]
	if w.end-w.start <= letterSize {
		if _, size := characterAt(s.lower, int(w.start)); int(w.end-w.start) == size {
			return true
		}
	}
	if i > 0 && s.lower[w.start-1] >= utf8.RuneSelf && s.isGlued(&words[i-1], w) {
		return true
	}
	return i+1 < len(words) && s.lower[w.end] >= utf8.RuneSelf && s.isGlued(w, &words[i+1])
}

// isGlued reports whether nothing but symbols outside ASCII lies between two words.
func (s *scan) isGlued(a, b *word) bool {
	const longest = 12 // bytes; three emoji
	gap := s.lower[a.end:b.start]
	if len(gap) == 0 || len(gap) > longest {
		return false
	}
	for i := range len(gap) {
		if gap[i] < utf8.RuneSelf {
			return false
		}
	}
	return true
}

// findInPieces joins words and finds the phrases in the row of letters that they are.
func (s *scan) findInPieces(words []word) {
	var letters []byte
	var from []int32 // where each letter stands
	for _, w := range words {
		letters = append(letters, s.word(w)...)
		for at := w.start; at < w.end; at++ {
			from = append(from, at)
		}
	}
	for start := 0; start < len(letters); start += chainStep {
		s.findChain(string(letters[start:min(len(letters), start+chainBlock)]), func(begin, end int) {
			s.add(span{start: int(from[start+begin]), end: int(from[start+end-1]) + 1, kind: SeedPhrase})
		})
	}
}
