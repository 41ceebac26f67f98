package redact

import (
	"math"
	"strings"
	"unicode/utf8"
)

const (
	// keyContext is how far before a token the words may stand that make it a
	// private key, in bytes of folded text.
	keyContext = 160
	// keyContextAfter is the same for words behind it: "… is my private key".
	keyContextAfter = 40
)

// findKeys proposes private keys in all their textual forms.
func (s *scan) findKeys() {
	const shortest = 28
	for i := shortest - 1; i < len(s.text); i += shortest { // every token this long covers such an i
		if !isAlnumByte(s.text[i]) {
			continue
		}
		start := i
		for start > 0 && isAlnumByte(s.text[start-1]) {
			start--
		}
		for i < len(s.text) && isAlnumByte(s.text[i]) {
			i++
		}
		if i-start >= shortest {
			s.findKeyToken(start, i)
		}
	}
	s.findPEM()
	s.findKeystore()
	s.findByteArray()
}

// findKeyToken judges one run of letters and digits.
func (s *scan) findKeyToken(start, end int) {
	token := s.text[start:end]
	n := len(token)
	switch {
	case n < 32: // the secret of an XRP account
		if token[0] == 's' && validRipple(token) {
			s.add(span{start: start, end: end, kind: PrivateKey, verified: true})
		}
	case isExtendedKey(token):
		s.add(span{start: start, end: end, kind: ExtendedKey, verified: validBase58(token)})
	case n >= 57 && n <= 59 && strings.HasPrefix(token, "6P"):
		s.add(span{start: start, end: end, kind: BIP38Key, verified: validBase58(token)})
	case n == 56 && token[0] == 'S' && consistsOf(token, highBase32) && strings.ContainsAny(token, "234567"):
		s.add(span{start: start, end: end, kind: PrivateKey, verified: validStellar(token)})
	case isWIF(token):
		s.add(span{start: start, end: end, kind: PrivateKey, verified: validBase58(token)})
	case s.isCuedKey(start, end):
		s.add(span{start: start, end: end, kind: PrivateKey})
	}
}

// findNamedKey finds the private keys of chains and tools that begin with a name.
func (s *scan) findNamedKey(hit cueHit) {
	const shortest, longest = 40, 400
	start, end := hit.start, hit.end
	for start > 0 && hit.start-start < longest && (isAlnumByte(s.text[start-1]) || s.text[start-1] == '_') {
		start--
	}
	for end < len(s.text) && end-start < longest && isAlnumByte(s.text[end]) {
		end++
	}
	if end-start >= shortest && strings.ContainsAny(s.text[start:end], "0123456789") {
		s.add(span{start: start, end: end, kind: PrivateKey})
	}
}

// isExtendedKey recognises serialised BIP-32 private keys by the prefixes of
// SLIP-132 and of Litecoin, Dogecoin and Decred.
func isExtendedKey(token string) bool {
	if len(token) < 90 || len(token) > 130 {
		return false
	}
	switch token[:4] {
	case "xprv", "yprv", "zprv", "Yprv", "Zprv", "tprv", "uprv", "vprv", "Uprv", "Vprv",
		"Ltpv", "Mtpv", "dgpv", "drkp", "ttpv", "dprv":
		return true
	}
	return false
}

// isWIF recognises the wallet import format by its shape. Bitcoin's prefixes
// suffice, also with a mistyped character; those of test networks and other
// coins must be clean base58.
func isWIF(token string) bool {
	n := len(token)
	if n != 51 && n != 52 || !isMixed(token) {
		return false
	}
	switch first := token[0]; {
	case first == '5' && n == 51, (first == 'K' || first == 'L') && n == 52:
		return true
	case strings.IndexByte("967", first) >= 0 && n == 51, strings.IndexByte("cTQXV", first) >= 0 && n == 52:
		return isBase58(token)
	}
	return false
}

// isCuedKey reports whether the words around a long token say that it is a
// private key and not a transaction, an address or an order. Hexadecimal of 64
// digits is either; nothing in it tells.
func (s *scan) isCuedKey(start, end int) bool {
	token := s.text[start:end]
	at := start
	if strings.HasSuffix(s.lower[:start], "0x") {
		at -= 2
	}
	body := strings.TrimPrefix(token, "0x")
	digits := len(body)
	hexadecimal := isHex(body) && (digits%16 == 0 || strings.Trim(body, "0123456789") != "") // no amount has just as many digits
	if hexadecimal && digits == 40 || !hexadecimal && (digits < 42 || !isMixed(token)) || isAddress(token) || isPublicKey(token) {
		return false
	}
	near, ok := s.nearest(at, keyContext, cues(keyCue, seedCue, publicCue))
	if ok && near.cue == publicCue && s.sameLine(near.end, at) {
		return false
	}
	if ok && near.cue != publicCue {
		return true
	}
	after, follows := s.following(end, keyContextAfter, cues(keyCue, seedCue, publicCue))
	if follows && after.cue != publicCue && s.sameLine(end, after.start) {
		return true
	}
	// 64 bytes in hexadecimal are a key with its public half or a wallet's seed;
	// no address or transaction has that length.
	return !ok && hexadecimal && digits == 128
}

func (s *scan) sameLine(from, to int) bool {
	return !strings.Contains(s.text[from:to], "\n")
}

// findPEM finds PEM private keys (RFC 7468), also when the end is missing.
func (s *scan) findPEM() {
	const (
		begin, private, end = "-----begin", "private key", "-----end"
		longest             = 16 << 10 // bytes; an RSA key of 16,384 bits has 13,000
	)
	for at := 0; ; {
		i := strings.Index(s.lower[at:], begin)
		if i < 0 {
			return
		}
		start := at + i
		at = start + len(begin)
		label := s.lower[at:min(len(s.lower), at+40)]
		if j := strings.Index(label, "-----"); j >= 0 {
			label = label[:j]
		}
		if !strings.Contains(label, private) {
			continue
		}
		stop := s.armorEnd(at + len(label))
		if j := strings.Index(s.lower[at:min(len(s.lower), at+longest)], end); j >= 0 {
			stop = s.footerEnd(at + j + len(end))
		}
		s.add(span{start: start, end: stop, kind: PrivateKey})
		at = stop
	}
}

// footerEnd returns the end of the last line of a PEM block, which goes on at i with
// the rest of a label and its dashes.
func (s *scan) footerEnd(i int) int {
	const longest = 40
	limit := min(len(s.lower), i+longest)
	for i < limit && (s.lower[i] == '-' || s.lower[i] == ' ' || isLetterByte(s.lower[i])) {
		i++
		if strings.HasSuffix(s.lower[:i], "-----") {
			break
		}
	}
	return i
}

// armorEnd returns the end of the base64 text at i.
func (s *scan) armorEnd(i int) int {
	for i < len(s.text) && s.text[i] == '-' {
		i++
	}
	for end := i; end < len(s.text); {
		for end < len(s.text) && (isSpaceByte(s.text[end]) || s.text[end] == '\\') {
			end++
		}
		begin := end
		for end < len(s.text) && (isAlnumByte(s.text[end]) || s.text[end] == '+' || s.text[end] == '/' || s.text[end] == '=') {
			end++
		}
		if end-begin < 20 && (end == begin || s.text[end-1] != '=') {
			break
		}
		i = end
	}
	return i
}

// findKeystore finds keystore files (Web3 Secret Storage) and their fragments:
// the braces around a ciphertext that is named together with a key derivation
// function.
func (s *scan) findKeystore() {
	const reach = 4 << 10
	for at := 0; ; {
		i := strings.Index(s.lower[at:], "ciphertext")
		if i < 0 {
			return
		}
		mid := at + i
		at = mid + len("ciphertext")
		from, to := max(0, mid-reach), min(len(s.lower), mid+reach)
		if !strings.Contains(s.lower[from:to], "kdf") && !strings.Contains(s.lower[from:to], "cipherparams") {
			continue
		}
		depth, start := 0, mid
		for j := mid - 1; j >= from; j-- {
			switch s.lower[j] {
			case '}':
				depth--
			case '{':
				if depth++; depth > 0 {
					start = j
					depth = 0
				}
			}
		}
		end := s.closing(start, to)
		s.add(span{start: start, end: end, kind: Keystore})
		at = max(at, end)
	}
}

// closing returns the offset behind the brace that closes the one at start, or
// behind the last token before limit when the file is cut off.
func (s *scan) closing(start, limit int) int {
	depth := 1 // the opening brace was not sent
	if s.lower[start] == '{' {
		depth = 0
	}
	for i := start; i < limit; i++ {
		switch s.lower[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	for limit < len(s.lower) && !isSpaceByte(s.lower[limit]) {
		limit++
	}
	return limit
}

// findByteArray finds keys written as the numbers of their bytes, as Solana's
// tools do: 64 numbers in brackets, or 32 after words that say so.
func (s *scan) findByteArray() {
	for at := 0; ; {
		i := strings.IndexByte(s.text[at:], '[')
		if i < 0 {
			return
		}
		start := at + i
		end, n := s.byteNumbers(start + 1)
		at = start + 1
		if end == 0 {
			continue
		}
		_, said := s.nearest(start, keyContext, cues(keyCue, seedCue))
		if n == 64 || n == 32 && said {
			s.add(span{start: start, end: end, kind: PrivateKey})
		}
		at = end
	}
}

// byteNumbers reads numbers below 256 with commas between them up to a closing
// bracket; end is 0 when something else comes.
func (s *scan) byteNumbers(i int) (end, n int) {
	number, digits := 0, 0
	for ; i < len(s.text) && n <= 64; i++ {
		switch c := s.text[i]; {
		case isDigitByte(c) && digits < 3:
			number = number*10 + int(c-'0')
			digits++
		case isSpaceByte(c):
		case (c == ',' || c == ']') && digits > 0 && number < 256:
			n++
			number, digits = 0, 0
			if c == ']' {
				return i + 1, n
			}
		default:
			return 0, 0
		}
	}
	return 0, 0
}

func isBase58(token string) bool {
	for i := range len(token) {
		if !isBase58Byte(token[i]) {
			return false
		}
	}
	return true
}

func isBase58Byte(c byte) bool { return base58Digits[c] >= 0 }

func isHex(token string) bool {
	for i := range len(token) {
		c := token[i] | 0x20
		if !isDigitByte(token[i]) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return token != ""
}

// isMixed reports whether a token has small letters, capitals and digits, as
// every base58 key has.
func isMixed(token string) bool {
	var lower, upper, digit bool
	for i := range len(token) {
		c := token[i]
		lower = lower || 'a' <= c && c <= 'z'
		upper = upper || 'A' <= c && c <= 'Z'
		digit = digit || isDigitByte(c)
	}
	return lower && upper && digit
}

// entropy returns the Shannon entropy of a text in bits per character.
func entropy(text string) float64 {
	counts := map[rune]int{}
	for _, r := range text {
		counts[r]++
	}
	n := float64(utf8.RuneCountInString(text))
	bits := 0.0
	for _, c := range counts {
		p := float64(c) / n
		bits -= p * math.Log2(p)
	}
	return bits
}
