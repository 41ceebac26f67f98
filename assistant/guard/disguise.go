package guard

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The words that people write for "." and "@" to get an address past a filter, in the desk's languages, in lower case.
var (
	dotWords = []string{"dot", "point", "punto", "ponto", "punkt", "nokta", "titik", "chấm", "точка", "点", "點", "ドット", "닷", "점", "نقطة"}
	atWords  = []string{"at", "arroba", "arobase", "собака", "собачка", "艾特", "アット", "골뱅이", "آت", "@"}
)

// commonEndings are the endings that make " dot " or a space before them a disguise rather than prose. All other endings
// are recognised only where the name is written without gaps.
var commonEndings = []string{
	"app", "cc", "cn", "com", "dev", "example", "io", "net", "online", "org", "ru", "site", "vip", "xyz",
}

// undisguise writes out what stands for a character in the middle of a name: "[.]", "(dot)", " dot com", ". com", "[at]",
// "。com".
func undisguise(u unmasked) unmasked {
	var out, lower []byte
	var at []int32
	kept := 0 // bytes of the text that are in out already
	for i := 1; i < len(u.text); i++ {
		if !mayDisguise[u.text[i]] {
			continue
		}
		mark, size := disguised(u.lower, i)
		if size == 0 {
			continue
		}
		name := len(strings.TrimRight(u.text[kept:i], " ")) + kept
		out = append(append(out, u.text[kept:name]...), mark)
		lower = append(append(lower, u.lower[kept:name]...), mark)
		at = append(append(at, u.at[kept:name]...), u.at[i])
		kept = i + size
		i = kept - 1
	}
	if kept == 0 {
		return u
	}
	return unmasked{
		at: append(at, u.at[kept:]...), lower: string(append(lower, u.lower[kept:]...)), text: string(append(out, u.text[kept:]...)),
	}
}

// mayDisguise are the bytes with which a disguise can begin.
var mayDisguise = func() (first [256]bool) {
	for _, c := range []byte("[({< .%") {
		first[c] = true
	}
	for _, word := range append(slices.Concat(dotWords, atWords), "。") {
		if word[0] >= utf8.RuneSelf {
			first[word[0]] = true
		}
	}
	return first
}()

// disguised returns the character that a disguise at byte i stands for and the length of the disguise.
func disguised(lower string, i int) (byte, int) {
	switch lower[i] {
	case '[', '(', '{', '<':
		return bracketed(lower, i)
	}
	if !nameBefore(lower, i) {
		return 0, 0
	}
	if strings.HasPrefix(lower[i:], "%2e") {
		return '.', len("%2e")
	}
	if size := gapDot(lower, i); size > 0 {
		return '.', size
	}
	if size := gapAt(lower, i); size > 0 {
		return '@', size
	}
	return 0, 0
}

// bracketed recognises "[.]", "(dot)", "{at}" and the like, with the spaces behind it.
func bracketed(lower string, i int) (byte, int) {
	end := strings.IndexAny(lower[i:min(len(lower), i+20)], "])}>")
	if end < 0 {
		return 0, 0
	}
	inner := strings.Trim(lower[i+1:i+end], " \"'")
	size := end + 1
	var mark byte
	switch {
	case inner == "." || inner == "。" || inner == "," || slices.Contains(dotWords, inner):
		mark = '.'
	case slices.Contains(atWords, inner):
		mark = '@'
	case inner == ":" || inner == "/":
		mark = inner[0]
	case inner == "://":
		return 0, 0
	default:
		return 0, 0
	}
	return mark, size + spaces(lower[i+size:])
}

// gapDot recognises a dot with gaps, or a word for it, in front of a common ending: " . com", ". com", " dot com", "点com".
func gapDot(lower string, i int) int {
	n := spaces(lower[i:])
	rest := lower[i+n:]
	gap := n > 0
	switch {
	case strings.HasPrefix(rest, "。"):
		n += len("。")
	case strings.HasPrefix(rest, "."):
		n++
		if m := spaces(lower[i+n:]); m == 0 && !gap {
			return 0 // an ordinary dot
		}
	default:
		word := ""
		for _, candidate := range dotWords {
			if strings.HasPrefix(rest, candidate) && len(candidate) > len(word) {
				word = candidate
			}
		}
		if word == "" || !gap && word[0] < utf8.RuneSelf {
			return 0
		}
		n += len(word)
		if word[0] < utf8.RuneSelf && spaces(lower[i+n:]) == 0 {
			return 0
		}
	}
	n += spaces(lower[i+n:])
	ending := leadingWord(lower[i+n:])
	if !slices.Contains(commonEndings, ending) || ending == "app" && strings.HasPrefix(rest, "。") {
		return 0 // Chinese sentences do begin with "app"
	}
	return n
}

// gapAt recognises " at " only where a disguised dot follows: "look at quayside.example" is prose.
func gapAt(lower string, i int) int {
	n := spaces(lower[i:])
	if n == 0 {
		return 0
	}
	for _, word := range atWords {
		if !strings.HasPrefix(lower[i+n:], word) {
			continue
		}
		m := n + len(word)
		gap := spaces(lower[i+m:])
		m += gap
		name := leadingName(lower[i+m:])
		if gap > 0 && name != "" && gapDot(lower, i+m+len(name)) > 0 {
			return m
		}
	}
	return 0
}

// nameBefore reports whether a name could end before byte i.
func nameBefore(lower string, i int) bool {
	if i == 0 {
		return false
	}
	if isAlnum(lower[i-1]) {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(lower[:i])
	return r >= utf8.RuneSelf && isNarrow(r)
}

// leadingWord is the run of ASCII letters at the start of s, or nothing if more of a name follows it.
func leadingWord(s string) string {
	n := 0
	for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
		n++
	}
	if n < len(s) && (isDigit(s[n]) || s[n] == '-' || s[n] == '_' || s[n] == '\'') {
		return ""
	}
	return s[:n]
}

func leadingName(s string) string {
	n := 0
	for n < len(s) && (isAlnum(s[n]) || s[n] == '-') {
		n++
	}
	return s[:n]
}

func spaces(s string) int {
	n := 0
	for n < len(s) && n < 3 && s[n] == ' ' {
		n++
	}
	return n
}
