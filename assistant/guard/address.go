package guard

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// addresses finds what money can be sent to: single words in the form of an address, and addresses that are cut into
// groups.
func (s *scanner) addresses() {
	words := addressWords(s.text.text)
	for _, word := range words {
		value := skeletonCased(s.text.text[word.start:word.end])
		if isAddress(value) || len(value) == 66 && strings.HasPrefix(value, "0x") && isHex(value[2:]) && s.hasAddressCue(word.start) {
			s.add(Contact{Kind: KindAddress, Value: value, Start: word.start, End: word.end})
		}
	}
	s.groupedAddresses(words)
}

// hasAddressCue reports whether the words before byte i speak of an address. The form of an account on some chains is that
// of a transaction ID on others.
func (s *scanner) hasAddressCue(i int) bool {
	before := s.text.lower[max(0, i-60):i]
	for _, cue := range []string{
		"address", "地址", "adres", "адрес", "dirección", "direccion", "endereço", "endereco", "alamat", "địa chỉ", "주소",
		"アドレス", "عنوان", "adresse", "send to", "deposit to", "wallet",
	} {
		if strings.Contains(before, cue) {
			return true
		}
	}
	return false
}

// groupedAddresses finds addresses written in groups: "bc1q ar0s rrr7 …". The groups are all of one length but the last.
func (s *scanner) groupedAddresses(words []place) {
	for i := 0; i < len(words); i++ {
		last := s.groupRun(words, i)
		if last-i < 4 {
			continue
		}
		for from := i; from <= min(i+1, last-4); from++ {
			for to := last; to >= from+4; to-- {
				var joined strings.Builder
				for _, word := range words[from : to+1] {
					joined.WriteString(s.text.text[word.start:word.end])
				}
				if value := skeletonCased(joined.String()); isAddress(value) {
					s.add(Contact{Kind: KindAddress, Value: value, Start: words[from].start, End: words[to].end})
					to = from
				}
			}
		}
		i = last
	}
}

// groupRun returns the index of the last word of a run of groups that begins with words[i].
func (s *scanner) groupRun(words []place, i int) int {
	const minGroup, maxGroup = 3, 10
	size := 0
	last := i
	for j := i; j < len(words); j++ {
		length := words[j].end - words[j].start
		if j > i && (words[j].start-words[j-1].end > 2 || strings.Trim(s.text.text[words[j-1].end:words[j].start], " -\n·.") != "") {
			break
		}
		if j == i+1 {
			size = length
		}
		if length > maxGroup || length < minGroup && j > i && length >= size || j > i && length > size {
			break
		}
		last = j
		if j > i && length < size {
			break // the rest of the address
		}
	}
	return last
}

// addressWords cuts a text into the words that an address could be.
func addressWords(text string) []place {
	var words []place
	start := -1
	for i, r := range text {
		inside := r < utf8.RuneSelf && (isAlnum(r) || r == '_') || r >= utf8.RuneSelf && latinLookalike(r) < utf8.RuneSelf
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			words = append(words, place{start, i})
			start = -1
		}
	}
	if start >= 0 {
		words = append(words, place{start, len(text)})
	}
	return words
}

// The forms of addresses. Checksums are not looked at: a wrong address loses money just as well.
var (
	bech32Address = regexp.MustCompile(`^(?i:[a-z]{1,20}1[02-9ac-hj-np-z]{30,110})$`)
	cashAddress   = regexp.MustCompile(`^(?i:[qp][02-9ac-hj-np-z]{41,60})$`)
	evmAddress    = regexp.MustCompile(`^(?:0[xX]|xdc|one)?[0-9a-fA-F]{40}$`)
	base58Address = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{25,60}$|` +
		`^[48][1-9A-HJ-NP-Za-km-z]{94,105}$|^(?:Ddz|Ae2)[1-9A-HJ-NP-Za-km-z]{50,110}$`)
	base32Address = regexp.MustCompile(`^[GM][A-Z2-7]{55,68}$|^[A-Z2-7]{58}$|^f[0-4][a-z2-7]{39,90}$`)
	tonAddress    = regexp.MustCompile(`^[EUk0][Qqf][A-Za-z0-9_-]{46}$`)
	nanoAddress   = regexp.MustCompile(`^(?:nano|xrb|ban)_[13][13-9a-km-uw-z]{59}$`)
	ibanNumber    = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)
)

// isAddress reports whether a word has the form of an address.
func isAddress(word string) bool {
	switch n := len(word); {
	case n < 15:
		return false
	case evmAddress.MatchString(word):
		return true
	case n < 24:
		return isIBAN(word)
	case isHex(word):
		return false // the hash of something
	}
	lower, upper, digit := classes(word)
	switch {
	case lower && upper && digit && (base58Address.MatchString(word) || tonAddress.MatchString(word)):
		return true
	case digit && lower != upper && (bech32Address.MatchString(word) || cashAddress.MatchString(word)):
		return true
	case digit && (base32Address.MatchString(word) || nanoAddress.MatchString(word)):
		return true
	}
	return isIBAN(word)
}

// isIBAN checks form and checksum (ISO 13616): upper-case words with digits are common elsewhere.
func isIBAN(word string) bool {
	if !ibanNumber.MatchString(word) {
		return false
	}
	remainder := 0
	for i := range len(word) {
		c := word[(i+4)%len(word)]
		if isDigit(c) {
			remainder = (remainder*10 + int(c-'0')) % 97
		} else {
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		}
	}
	return remainder == 1
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return s != ""
}

func classes(word string) (lower, upper, digit bool) {
	for i := range len(word) {
		c := word[i]
		lower = lower || c >= 'a' && c <= 'z'
		upper = upper || c >= 'A' && c <= 'Z'
		digit = digit || isDigit(c)
	}
	return lower, upper, digit
}

// skeletonCased is skeleton for text in which case matters.
func skeletonCased(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(func(r rune) rune {
				lower := strings.ToLower(string(r))
				plain := skeleton(lower)
				if lower != string(r) {
					plain = strings.ToUpper(plain)
				}
				out, _ := utf8.DecodeRuneInString(plain)
				return out
			}, s)
		}
	}
	return s
}
