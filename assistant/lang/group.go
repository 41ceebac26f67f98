package lang

import "slices"

// group is a set of languages that share a script, told apart by one model.
type group struct {
	bits    uint // log2 of the number of buckets
	classes []string
	grams   int // longest n-gram
	name    string
	scripts []script
}

// romanised is the suffix of a class that holds a language typed in Latin letters.
const romanised = "-Latn"

// groups lists the models, in the order of the weight file, Han last. The class "und" holds neighbours that the desk does not know
// by name (Romanian, Hungarian, Serbian, …), so that they are not taken for one that it does.
func groups() []group {
	return []group{
		{
			name: "latin", bits: 17, grams: 5, scripts: []script{latin},
			classes: []string{
				english, "vi", "tr", "es", "pt", "id", "de", "fr", "it", "pl", "nl", "tl", "ms", undetermined,
				"ar" + romanised, "ru" + romanised, "hi" + romanised,
			},
		},
		{name: "cyrillic", bits: 14, grams: 4, scripts: []script{cyrillic}, classes: []string{"ru", "uk", undetermined}},
		{name: "arabic", bits: 14, grams: 4, scripts: []script{arabic}, classes: []string{"ar", "fa", "ur"}},
		{name: "han", bits: 16, grams: 3, scripts: []script{han, kana}, classes: []string{simplified, traditional, "ja"}},
	}
}

// reads reports whether a group's model takes words of s.
func (g *group) reads(s script) bool { return slices.Contains(g.scripts, s) }

// size is the number of weights of a group's model.
func (g *group) size() int { return len(g.classes) << g.bits }
