package guard

import (
	"fmt"
	"slices"
	"strings"
)

// What a source in another language denies cannot be seen in its words. But whether something can be done is said with few words
// in each language: a sentence that says "can" and stands nearest to one that says "cannot" turns it round. The thresholds were
// chosen on the sample articles in nine languages, with the denial taken out of their sentences: it is seen where the embedder tells
// the two statements of a passage apart, which is no more than half of the time.
const (
	oppositeAlike = 0.5 // the least cosine with a statement of the opposite
	oppositeLead  = 0.1 // by which it must be nearer than any that agrees
	unsaidLess    = 0.1 // how much less one counts that says nothing of what can be done
)

// modality is what a text says of whether something can be done.
type modality int8

const (
	unsaid modality = iota
	possible
	impossible
	mixed // one part of it says that something can be done, another denies something
)

// modals are the words that say it, by language, written as denials are. With a denial beside them they say that it cannot.
var modals = map[string][]string{
	"ar": {"يمكن*", "تستطيع*", "نستطيع", "يستطيع", "ممكن", "ممكنا", "ممكنة", "امكان*", "بامكان*", "يتعذر", "تعذر", "يستحيل", "مستحيل"},
	"de": {"kann", "können", "könnt*", "möglich*", "unmöglich*", "darf", "dürfen"},
	"en": {"can", "cannot", "could", "may", "able", "unable", "possible", "impossible", "allowed", "cant"},
	"es": {"puede*", "pueden", "podrá*", "podemos", "posible*", "imposible*"},
	"fr": {"peut", "peuvent", "pouvez", "pouvons", "possible*", "impossible*"},
	"id": {"dapat", "bisa", "mungkin", "mustahil"},
	"ja": {"でき", "可能", "不可", "れます", "れません"},
	"ko": {"수 있", "수 없", "가능", "불가", "못합"},
	"pt": {"pode*", "podem", "podemos", "possível", "impossível"},
	"ru": {"можно", "нельзя", "можете", "может", "могут", "можем", "возможн*", "невозможн*"},
	"tr": {
		"*abilir", "*ebilir", "*abiliriz", "*ebiliriz", "*abilirsiniz", "*ebilirsiniz", "*abilirler", "*ebilirler", "*amaz", "*emez", "*amayız",
		"*emeyiz", "*amazsınız", "*emezsiniz", "*amazlar", "*emezler", "mümkün*", "imkansız",
	},
	"vi": {"thể", "được"},
	"zh": {"可以", "能", "可", "无法", "無法"},
}

// noModals contain what looks like one.
var noModals = strings.NewReplacer("可能", "", "功能", "", "智能", "", "许可", "", "許可", "", "认可", "", "認可", "", "可靠", "")

// modalityOf reads a folded text in one of the desk's languages.
func modalityOf(text, language string) modality {
	base, _, _ := strings.Cut(language, "-")
	entries := modals[base]
	if entries == nil {
		return unsaid
	}
	text = noModals.Replace(text)
	said := false
	if isUnspacedAt(entries[0], 0) {
		said = slices.ContainsFunc(entries, func(entry string) bool { return strings.Contains(text, entry) })
	} else {
		for word := range words(text) {
			said = said || slices.ContainsFunc(entries, func(entry string) bool { return isWord(word, entry) })
		}
	}
	switch {
	case !said:
		return unsaid
	case !isDenied(text, denials[base]):
		return possible
	case slices.ContainsFunc(partsOf(text), func(part string) bool { return !isDenied(part, denials[base]) }):
		return mixed
	}
	return impossible
}

// claimed is a statement of a source with its vector.
type claimed struct {
	modality modality
	vector   []float32
}

// claims returns what the source says, in whole sentences and in their parts.
func (s *source) claims() []claimed {
	if s.claimed != nil {
		return s.claimed
	}
	for _, text := range sentencesOf(s.fold()) {
		parts := partsOf(text)
		if len(parts) < 2 {
			parts = nil
		}
		for _, part := range append(parts, text) {
			vector := make([]float32, s.guard.vectors.Dimensions)
			if s.guard.vectors.Weigh(part, vector) > 0 {
				s.claimed = append(s.claimed, claimed{modality: modalityOf(part, s.language), vector: vector})
			}
		}
	}
	return s.claimed
}

// checkPossibility reports a sentence that says of something that it can be done where a source in another language says that it
// cannot, or the other way round.
func (g *Guard) checkPossibility(folded, language string, sources []*source) []Finding {
	foreign := slices.DeleteFunc(slices.Clone(sources), func(s *source) bool { return s.isIn(language) || s.language == "" })
	if g.vectors.Weigh == nil || len(foreign) == 0 {
		return nil
	}
	vector := make([]float32, g.vectors.Dimensions)
	for _, text := range sentencesOf(folded) {
		said := modalityOf(text, language)
		if said == unsaid || said == mixed || quoted(text, sources) || g.vectors.Weigh(text, vector) == 0 {
			continue
		}
		agrees, opposes := float32(0), float32(0)
		for _, s := range foreign {
			for _, other := range s.claims() {
				like := dot(vector, other.vector)
				switch other.modality {
				case said, mixed:
					agrees = max(agrees, like)
				case unsaid:
					agrees = max(agrees, like-unsaidLess)
				default:
					opposes = max(opposes, like)
				}
			}
		}
		if opposes >= oppositeAlike && opposes >= agrees+oppositeLead {
			return []Finding{{CheckContradiction, fmt.Sprintf("says the opposite of its source, which is in another language: %q",
				excerpt(strings.TrimSpace(text)))}}
		}
	}
	return nil
}
