package redact

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// shortestEncoded is the number of characters of the shortest phrase in base64:
	// twelve words of three letters, or twelve Chinese ones, less the last group.
	shortestEncoded = 44
	// peek is how much of an encoded text is read to see whether it is text at all:
	// of random bytes one in fifty million is.
	peek = 24
	// longestEncoded bounds what is decoded at a time.
	longestEncoded = 16 << 10
)

// findEncoded finds phrases and keys inside base64 (RFC 4648) and hexadecimal
// texts, which it reads like messages of their own, once.
func (s *scan) findEncoded() {
	done := 0
	for i := stride - 1; i < len(s.text); i += stride { // every run that is long enough covers such an i
		start := s.encodedStart(done, i)
		if start < 0 {
			continue
		}
		end, letters := s.encodedRun(start)
		if len(letters) >= shortestEncoded {
			if decoded, ok := decode(letters); ok {
				s.addEncoded(start, end, decoded)
			}
		}
		done = end
		i = max(i, end)
	}
}

// stride is less than the length of a line of base64 or of the pairs of a phrase.
const stride = 32

// encodedStart returns where the run around i begins, not before done, or -1 when
// there is none.
func (s *scan) encodedStart(done, i int) int {
	start := i
	for start > done && isBase64Byte(s.text[start-1]) {
		start--
	}
	if s.base64End(i)-start >= stride {
		return start
	}
	for start = i; start > i-3 && !s.isPair(start); start-- {
	}
	for start > done+2 && s.isPair(start) && s.isPair(start-3) {
		start -= 3
	}
	if start < 0 || !s.isPair(start) || !s.isPair(start+3) {
		return -1
	}
	return start
}

// isPair reports whether two hexadecimal digits stand alone at i.
func (s *scan) isPair(i int) bool {
	return i >= 0 && i+2 <= len(s.text) && isHex(s.text[i:i+2]) && (i == 0 || !isAlnumByte(s.text[i-1])) &&
		(i+2 == len(s.text) || !isAlnumByte(s.text[i+2]))
}

// encodedRun returns the end of the encoded text at i and its letters. Lines of
// equal length, the last of which may be shorter, belong together, and so do pairs of
// hexadecimal digits.
func (s *scan) encodedRun(i int) (end int, letters string) {
	const shortestLine = 32
	first := s.base64End(i)
	size := first - i
	pairs := size == 2 && isHex(s.text[i:first])
	if size < shortestLine && !pairs {
		return first, s.text[i:first]
	}
	end = first
	for end-i < longestEncoded {
		next := s.skipBreak(end, "\r\n")
		if pairs {
			next = s.skipBreak(end, " \r\n:")
		}
		stop := s.base64End(next)
		if next == end || strings.Count(s.text[end:next], "\n") > 1 || stop == next || stop-next > size {
			break
		}
		if pairs && !isHex(s.text[next:stop]) || !pairs && stop < len(s.text) && s.text[stop] == ' ' {
			break
		}
		end = stop
		if stop-next < size {
			break
		}
	}
	if end == first {
		return first, s.text[i:first]
	}
	return end, strings.Map(func(r rune) rune {
		if r == ':' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s.text[i:end])
}

func (s *scan) base64End(i int) int {
	for i < len(s.text) && isBase64Byte(s.text[i]) {
		i++
	}
	return i
}

func isBase64Byte(c byte) bool {
	return isAlnumByte(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-'
}

// decode returns the text that letters encode, if it is text.
func decode(letters string) (string, bool) {
	if digits := strings.TrimPrefix(letters, "0x"); isHex(digits[:peek]) {
		if start, err := hex.DecodeString(digits[:peek]); err == nil && isText(start) && isHex(digits) {
			decoded, err := hex.DecodeString(digits[:len(digits)&^1])
			return string(decoded), err == nil
		}
	}
	letters = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(letters, "="))
	start, err := base64.RawStdEncoding.DecodeString(letters[:peek])
	if err != nil || !isText(start) {
		return "", false
	}
	if cut := strings.IndexByte(letters, '='); cut >= 0 {
		letters = letters[:cut]
	}
	decoded, err := base64.RawStdEncoding.DecodeString(letters[:len(letters)-len(letters)%4%3%2])
	if err != nil {
		decoded, err = base64.RawStdEncoding.DecodeString(letters[:len(letters)&^3])
	}
	return string(decoded), err == nil
}

// isText reports whether bytes are printable UTF-8, the last character of which may
// be cut.
func isText(start []byte) bool {
	for len(start) > 0 {
		r, size := utf8.DecodeRune(start)
		if r == utf8.RuneError {
			return len(start) < utf8.UTFMax && !utf8.FullRune(start)
		}
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return false
		}
		start = start[size:]
	}
	return true
}

// addEncoded proposes an encoded text that holds a phrase or key.
func (s *scan) addEncoded(start, end int, decoded string) {
	inner := s.r.newScan(decoded)
	inner.findSeeds()
	inner.findKeys()
	for _, found := range inner.merged() {
		if harm(found.kind) <= harm(Keystore) {
			s.add(span{start: start, end: end, kind: found.kind, verified: found.verified})
			return
		}
	}
}
