package redact

// fewestLeet is the number of list words in leetspeak that makes it worth to read the
// text again: a harmless text has one now and then ("b2b", "web3").
const fewestLeet = 3

// findLeet finds phrases with digits and signs for letters: "0rb1t v3lv3t". Each such
// word that is in a list is put in the place of what was typed, with as many bytes,
// and the phrases are sought as in any text.
func (s *scan) findLeet() {
	var lower []byte
	found, end := 0, 0
	for _, at := range s.leet {
		if int(at) < end {
			continue
		}
		var start int
		start, end = s.leetToken(int(at))
		if word, ok := s.r.lexicon.unleet(s.lower[start:end]); ok {
			if lower == nil {
				lower = []byte(s.lower)
			}
			copy(lower[start:end], word)
			found++
		}
	}
	if found < fewestLeet {
		return
	}
	plain := *s
	plain.lower, plain.spans = string(lower), nil
	plain.findListed(plain.words())
	s.spans = append(s.spans, plain.spans...)
}

// leetToken returns the bounds of the letters, digits and signs around at.
func (s *scan) leetToken(at int) (start, end int) {
	start, end = at, at+1
	for start > 0 && isLeetByte(s.lower[start-1]) {
		start--
	}
	for end < len(s.lower) && isLeetByte(s.lower[end]) {
		end++
	}
	return start, end
}

func isLeetByte(c byte) bool { return isAlnumByte(c) || c == '@' || c == '$' }

// unleet reads a token as a word of a list, if it can.
func (x *lexicon) unleet(token string) (string, bool) {
	const shortest, longest = 3, 16 // letters of a word
	if len(token) < shortest || len(token) > longest {
		return "", false
	}
	letters := 0
	for i := range len(token) {
		if isLetterByte(token[i]) {
			letters++
		}
	}
	if letters == 0 || letters == len(token) {
		return "", false
	}
	for _, one := range []byte("li") {
		word := []byte(token)
		for i, c := range word {
			if read := leetLetters[c]; read != 0 {
				word[i] = read
			}
			if c == '1' {
				word[i] = one
			}
		}
		if x.find(string(word))&x.plain != 0 {
			return string(word), true
		}
	}
	return "", false
}

// leetLetters are the letters that digits and signs stand for; 1 may also be an i.
var leetLetters = [256]byte{
	'0': 'o', '1': 'l', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g', '@': 'a', '$': 's',
}
