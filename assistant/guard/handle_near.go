package guard

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nearHandles adds what looks like the name of an account anywhere in a sentence that names a messenger, before it or after it: "fale com
// quayside_suporte no Telegram", "найдите QuaysideHelper в телеграме".
func (s *scanner) nearHandles(cues []platformCue) {
	for _, cue := range cues {
		if isEverydayWord(s.text.lower[cue.at.start:cue.at.end]) {
			continue
		}
		for _, name := range s.namesAround(cue.at) {
			if s.looksLikeAccount(name) {
				value := s.text.lower[name.start:name.end]
				s.add(Contact{Kind: KindHandle, Platform: cue.name, Value: value, Start: name.start, End: name.end})
			}
		}
	}
}

// brandHandles are names in a sentence that names a messenger which begin with an official one and go on: nobody but the desk could be
// meant by them.
func (r Registry) brandHandles(text unmasked) []Contact {
	s := scanner{text: text}
	var found []Contact
	for _, cue := range s.platformCues() {
		for _, name := range s.namesAround(cue.at) {
			if strings.HasSuffix(text.text[:name.start], "@") {
				continue // judged as what it is, whatever else the sentence names: "Telegram: @quayside_news never sends a 私信"
			}
			value, _, _ := strings.Cut(text.lower[name.start:name.end], "-") // "Quayside-Konto" is a compound
			if slices.ContainsFunc(r.brands, func(b brand) bool { return extends(value, b) }) {
				found = append(found, Contact{Kind: KindHandle, Platform: cue.name, Value: value, Start: name.start, End: name.end})
			}
		}
	}
	return s.placed(found)
}

// extends reports a name that is a brand and more. One letter more may be a case ending; with a dot it is a host.
func extends(name string, b brand) bool {
	return b.channel.Kind == channelDomain && len(b.name) >= minWordBrand && !strings.Contains(name, ".") &&
		strings.HasPrefix(name, b.name) && len(name) > len(b.name)+1
}

// isEverydayWord reports names of messengers that are words of a language as well: only a name right behind them counts.
func isEverydayWord(word string) bool {
	return len(word) == 1 || slices.Contains([]string{"line", "messenger", "potato", "signal", "wa"}, word)
}

// namesAround returns the narrow words of the sentence around a place, without those that are taken and those for messengers.
func (s *scanner) namesAround(at place) []place {
	text := s.text.text
	start, end := at.start, at.end
	for start > 0 && !endsSentence(text[start-1:min(start+1, at.end)]) && !strings.HasSuffix(text[:start], "。") {
		start--
	}
	for end < len(text) && !endsSentence(text[end:min(end+2, len(text))]) && !strings.HasPrefix(text[end:], "。") {
		end++
	}
	var names []place
	for i := start; i < end; {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isNarrow(r) && r != '_' {
			i += size
			continue
		}
		stop := max(handleEnd(text, i), i+size)
		if !isPlatformWord(strings.ToLower(text[i:stop])) && !s.taken(i, stop) {
			names = append(names, place{i, stop})
		}
		i = stop
	}
	return names
}

// looksLikeAccount reports names that no word of a language looks like. Tickers and networks are in capitals.
func (s *scanner) looksLikeAccount(at place) bool {
	text := s.text.text
	name := text[at.start:at.end]
	if name[0] >= utf8.RuneSelf || !strings.ContainsFunc(name, unicode.IsLower) || isKnownTerm(name) {
		return false
	}
	if rest := text[at.end:]; len(rest) > 4 && rest[0] == '#' && isDigits(rest[1:5]) {
		return true
	}
	if before, after, found := strings.Cut(name, "."); found {
		const shortest = 3 // "e.g", "p.m"
		return len(before) >= shortest && len(after) >= shortest && !strings.ContainsFunc(after, unicode.IsUpper)
	}
	return looksLikeHandle(name) && !strings.Contains(name, "-")
}
