package redact

import (
	"strings"
	"unicode/utf8"
)

const (
	// ruleContext is how much text before and after a token the rules of gitleaks
	// see: they want the name of a service or a word like "token" within 50 bytes.
	// They read 1 to 5 MB/s, so they see no more than that.
	ruleContext = 96
	// apiContext is how far before a token the words may stand that make it an
	// API key.
	apiContext = 80
	// shortestKey and shortestSaid are the lengths of tokens worth a look, the
	// second after words that announce a key.
	shortestKey, shortestSaid = 10, 16
)

// findAPIKeys proposes API keys: by the rules of gitleaks, by prefixes that
// suffice, and by words that announce one.
func (s *scan) findAPIKeys() {
	var windows [][2]int
	for i := 0; i < len(s.text); {
		start := i
		digits := 0
		for i < len(s.text) && s.text[i] > ' ' && s.text[i] < utf8.RuneSelf {
			if isDigitByte(s.text[i]) {
				digits++
			}
			i++
		}
		if i == start {
			i++
			continue
		}
		if i-start < shortestKey {
			continue
		}
		s.findKnownKey(start, i)
		if !looksRandom(s.text[start:i], digits) {
			continue
		}
		s.findSaidKeys(start, i)
		from, to := max(0, start-ruleContext), min(len(s.text), i+ruleContext)
		if n := len(windows); n > 0 && from <= windows[n-1][1] {
			windows[n-1][1] = to
		} else {
			windows = append(windows, [2]int{from, to})
		}
	}
	for _, w := range windows {
		for from := w[0]; from < w[1]; from += ruleStep {
			s.applyRules(from, min(w[1], from+ruleBlock))
		}
	}
}

// Long windows are read in overlapping blocks, so that a word in one place does not
// make a rule search all of it. The overlap holds the longest key, a JSON web token.
const (
	ruleBlock = 6 << 10
	ruleStep  = 4 << 10
)

func (s *scan) applyRules(from, to int) {
	for _, k := range s.r.keyRules.find(s.text[from:to], s.lower[from:to]) {
		secret := s.text[from+k.start : from+k.end]
		if isAddress(secret) || isPublicKey(secret) {
			continue
		}
		if k.rule != genericRule || !s.isPublic(from+k.start) && !resemblesAddress(secret) {
			s.add(span{start: from + k.start, end: from + k.end, kind: APIKey})
		}
	}
}

// genericRule is the rule of gitleaks for any random token near words such as "key"
// and "token".
const genericRule = "generic-api-key"

// isPublic reports whether the words before a token say that it is a transaction,
// an address or an order.
func (s *scan) isPublic(at int) bool {
	near, ok := s.nearest(at, apiContext, cues(apiCue, keyCue, publicCue))
	return ok && near.cue == publicCue
}

// findKnownKey finds keys that their prefix and length identify. For these,
// gitleaks wants randomness too, or words around them.
func (s *scan) findKnownKey(start, end int) {
	token := s.text[start:end]
	for _, known := range []struct {
		prefix string
		length int
	}{
		{"AKIA", 20}, {"ASIA", 20}, // AWS
		{"ghs_", 40}, {"ghu_", 40}, // GitHub apps
		{"4b1d", 42}, // ClickHouse
	} {
		for at := 0; ; {
			i := strings.Index(token[at:], known.prefix)
			if i < 0 {
				break
			}
			at += i
			stop := at + known.length
			if (at == 0 || !isAlnumByte(token[at-1])) && stop <= len(token) && (stop == len(token) || !isAlnumByte(token[stop])) {
				s.add(span{start: start + at, end: start + stop, kind: APIKey})
			}
			at++
		}
	}
}

// looksRandom is a cheap first look at a run of ASCII without spaces: whether it
// has digits, or an assignment, or is long with underscores.
func looksRandom(text string, digits int) bool {
	if digits > 0 {
		return true
	}
	if i := strings.IndexAny(text, ":="); i >= 0 && len(text)-i > shortestKey {
		if !strings.HasPrefix(text[i:], "://") || strings.IndexByte(text, '@') > 0 {
			return true
		}
	}
	return len(text) > 2*shortestKey && strings.IndexByte(text, '_') >= 0
}

// findSaidKeys looks at every token of a run without spaces.
func (s *scan) findSaidKeys(start, end int) {
	for start < end {
		i := start
		for i < end && isKeyByte(s.text[i]) {
			i++
		}
		if i-start >= shortestSaid {
			s.findSaidKey(start, i)
		}
		start = i + 1
	}
}

// findSaidKey finds keys that words announce, with or without a separator:
// "here is my api secret q7Zt…".
func (s *scan) findSaidKey(start, end int) {
	if i := strings.LastIndexAny(s.text[start:end], "=:"); i >= 0 && end-start-i-1 >= shortestSaid {
		start += i + 1
	}
	for end > start && strings.IndexByte(".:=", s.text[end-1]) >= 0 && end-start > shortestSaid {
		end--
	}
	token := s.text[start:end]
	if len(token) < shortestSaid || isAddress(token) || isPublicKey(token) {
		return
	}
	near, ok := s.nearest(start, apiContext, cues(apiCue, publicCue))
	if !ok || near.cue == publicCue {
		return
	}
	if _, direct := s.walkTo(near.end, start); !direct && resemblesAddress(token) {
		return
	}
	if f := formOf(token); f.digits >= 2 && f.letters >= 2 && f.symbols <= len(token)/8 && !isWordy(token) && entropy(token) >= 3 {
		s.add(span{start: start, end: end, kind: APIKey})
	}
}

// isWordy reports whether a token is made of words and numbers, such as a link, a
// file name or the name of a function, and no random text: whether it seldom
// changes between small letters, capitals and digits.
func isWordy(token string) bool {
	if isUUID(token) {
		return false
	}
	changes := 0
	for i := 1; i < len(token); i++ {
		if class(token[i]) != class(token[i-1]) && class(token[i]) != 0 && class(token[i-1]) != 0 {
			changes++
		}
	}
	return changes*10 < len(token)*3
}

func class(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return 1
	case 'A' <= c && c <= 'Z':
		return 2
	case isDigitByte(c):
		return 3
	}
	return 0
}

func isUUID(token string) bool {
	return len(token) == 36 && token[8] == '-' && token[13] == '-' && isHex(strings.ReplaceAll(token, "-", ""))
}

// isKeyByte tells the bytes that keys, and the assignments and links around them,
// are made of.
func isKeyByte(c byte) bool {
	return isAlnumByte(c) || strings.IndexByte("_-+/=.:~@%", c) >= 0
}
