package redact

import "strings"

// hanSize is the number of bytes of a Chinese character of the word lists.
const hanSize = 3

// findHan finds Chinese phrases without spaces, or with spaces between groups of
// characters. Almost every character of an everyday sentence is in the lists, so
// the phrase is told by what it lacks: the characters and pairs of characters that
// sentences are made of. Without words that announce it, it must also have the
// length of a phrase, and either stand alone or have a valid checksum.
func (s *scan) findHan(words []word) {
	for i := 0; i < len(words); i++ {
		if !words[i].han {
			continue
		}
		run := s.hanRun(words[i:])
		if isPhraseLength(hanLength(run)) && s.addHan(words, i, run) {
			i += len(run) - 1
			continue
		}
		if hanLength(words[i:i+1]) >= window {
			s.findSaidHan(words[i])
		}
	}
}

// hanLength returns the number of characters of the words.
func hanLength(words []word) int {
	bytes := 0
	for _, w := range words {
		bytes += int(w.end - w.start)
	}
	return bytes / hanSize
}

// hanRun returns the first of the words and those behind it that are groups of the
// same number of characters; the last may be shorter.
func (s *scan) hanRun(words []word) []word {
	const farthest = 3 // bytes between two groups
	size := words[0].end - words[0].start
	n := 1
	for n < len(words) && words[n].han && words[n].start-words[n-1].end <= farthest && words[n].end-words[n].start <= size {
		n++
		if words[n-1].end-words[n-1].start < size {
			break
		}
	}
	if n == 2 && words[1].end-words[1].start < size {
		return words[:1] // two clauses of a sentence are seldom equally long
	}
	return words[:n]
}

// hanChars returns the offset of every character of the words.
func (s *scan) hanChars(words []word) []int {
	chars := make([]int, 0, hanLength(words))
	for _, w := range words {
		for i := range s.word(w) {
			chars = append(chars, int(w.start)+i)
		}
	}
	return chars
}

// addHan proposes a run of groups from words[at] on, when it is a phrase without
// words that say so.
func (s *scan) addHan(words []word, at int, run []word) bool {
	chars := s.hanChars(run)
	n := len(chars)
	if !s.isHanPhrase(chars, n/4) {
		return false
	}
	start, end := chars[0], chars[n-1]+hanSize
	verified, alone := s.hanChecksum(chars), s.fillsLine(start, end)
	if !verified && s.repeatedHan(chars) > n/8 {
		return false
	}
	sure := verified && alone || s.isOnlyHan(words, at, len(run))
	if !sure && (!verified && !alone || !s.isHanPhrase(chars, n/6)) {
		return false
	}
	s.add(span{start: start, end: end, kind: SeedPhrase, verified: verified})
	return true
}

// repeatedHan returns how many of the characters occurred before. Of twelve that are drawn at random, two or more do so once in
// two thousand phrases; a sentence about stop orders repeats its subject.
func (s *scan) repeatedHan(chars []int) int {
	n := 0
	for i, at := range chars {
		for _, before := range chars[:i] {
			if s.lower[at:at+hanSize] == s.lower[before:before+hanSize] {
				n++
				break
			}
		}
	}
	return n
}

// hanChecksum reports whether the characters are a valid phrase of BIP-39.
func (s *scan) hanChecksum(chars []int) bool {
	words := make([]word, len(chars))
	for i, at := range chars {
		words[i] = word{start: offset32(at), end: offset32(at + hanSize)}
	}
	for list := range s.r.lexicon.lists {
		if _, ok := s.r.lexicon.number(s.word(words[0]), list); ok && s.checksum(words, list) {
			return true
		}
	}
	return false
}

// isOnlyHan reports whether the words around a run are in another script.
func (s *scan) isOnlyHan(words []word, at, groups int) bool {
	const neighbours = 4
	around := 0
	for i := max(0, at-neighbours); i < min(len(words), at+groups+neighbours); i++ {
		if i >= at && i < at+groups {
			continue
		}
		if isHanByte(s.lower[words[i].start]) {
			return false
		}
		around++
	}
	return around > 0
}

// isHanByte tells the first bytes of Chinese characters and kana.
func isHanByte(c byte) bool { return c >= 0xe3 && c <= 0xe9 }

// findSaidHan finds a phrase in a run that words before it, or at its beginning,
// announce.
func (s *scan) findSaidHan(w word) {
	if _, said := s.nearest(int(w.start), 48, cues(seedCue)); said {
		s.findHanIn(s.hanChars([]word{w}))
	}
	if said, ok := s.following(int(w.start), int(w.end-w.start), cues(seedCue)); ok && said.end <= int(w.end) {
		s.findHanIn(s.behindCue(s.hanChars([]word{w}), said))
	}
}

// behindCue returns the characters behind a cue and the "is" that follows it.
func (s *scan) behindCue(chars []int, said cueHit) []int {
	begin := said.end
	if size, _, ok := s.connectorAt(begin); ok {
		begin += size
	}
	for len(chars) > 0 && chars[0] < begin {
		chars = chars[1:]
	}
	return chars
}

// findHanIn finds a phrase among characters that words before them announce.
func (s *scan) findHanIn(chars []int) {
	first, last := -1, 0
	for i := range len(chars) - window + 1 {
		if s.isHanPhrase(chars[i:i+window], window/4) {
			if first < 0 {
				first = i
			}
			last = i + window - 1
		} else if first >= 0 {
			break
		}
	}
	if first >= 0 {
		s.add(span{start: chars[first], end: chars[last] + hanSize, kind: SeedPhrase})
	}
}

// isHanPhrase reports whether the characters are in the lists and do not read
// like a sentence: frequent characters count one, frequent pairs two.
func (s *scan) isHanPhrase(chars []int, limit int) bool {
	weight := 0
	for i, at := range chars {
		set := s.r.lexicon.find(s.lower[at : at+hanSize])
		if set&^functionBit == 0 {
			return false
		}
		if set&functionBit != 0 {
			weight++
		}
		if i+1 < len(chars) && chars[i+1] == at+hanSize && s.r.lexicon.find(s.lower[at:at+2*hanSize])&functionBit != 0 {
			weight += 2
		}
		if weight > limit {
			return false
		}
	}
	return true
}

// hanTail returns the characters of the Chinese run that ends the text; nothing
// when it is neither the whole text nor announced.
func (s *scan) hanTail(words []word) []int {
	if len(words) == 0 || !words[len(words)-1].han {
		return nil
	}
	w := words[len(words)-1]
	chars := s.hanChars(words[len(words)-1:])
	if said, ok := s.following(int(w.start), int(w.end-w.start), cues(seedCue)); ok && said.end < int(w.end) {
		return s.behindCue(chars, said)
	}
	if _, said := s.nearest(int(w.start), 48, cues(seedCue)); said || s.fillsLine(int(w.start), int(w.end)) {
		return chars
	}
	return nil
}

// isHanLabel tells the characters that number something: 第1个, 2番目, 3号.
func isHanLabel(text string) bool {
	switch text {
	case "第", "个", "個", "词", "詞", "个词", "個詞", "个单词", "個單詞", "单词", "單詞", "字", "号", "號", "番", "番目", "番目の", "は", "번", "번째", "번째는":
		return true
	}
	return strings.HasPrefix(text, "第") && len(text) == hanSize
}
