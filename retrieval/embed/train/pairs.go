package train

import (
	"math"
	"math/rand/v2"
	"slices"
)

// pair is two texts that belong together.
type pair struct{ a, b *text }

// sampler draws the pairs of an epoch. All that is random comes from one generator, in one order.
type sampler struct {
	data     prepared
	options  Options
	pairs    []pair
	random   *rand.Rand
	sections []section
	topics   [][]*text // loose questions
	up       []float64 // by language: how often a text is drawn, at least once
}

// section is the rows of one section that has both kinds.
type section struct{ questions, passages []int }

func newSampler(data prepared, o Options) *sampler {
	s := &sampler{data: data, options: o, random: rand.New(rand.NewPCG(o.Seed, 1))} //nolint:gosec // a sample, not a secret
	groups := make(map[string]*section)
	topics := make(map[string]int)
	var order []string
	count := make([]float64, len(Languages))
	for i, row := range data.rows {
		for l, t := range data.texts[i] {
			if t != nil {
				count[l]++
			}
		}
		if row.Loose {
			s.addTopic(topics, i)
			continue
		}
		of := groups[row.Section]
		if of == nil {
			of = &section{}
			groups[row.Section] = of
			order = append(order, row.Section)
		}
		switch row.Kind {
		case Asking:
			of.questions = append(of.questions, i)
		case Passage:
			of.passages = append(of.passages, i)
		case Other:
		}
	}
	for _, name := range order {
		if of := groups[name]; len(of.questions) > 0 && len(of.passages) > 0 {
			s.sections = append(s.sections, *of)
		}
	}
	most := slices.Max(count[english+1:])
	for _, n := range count {
		s.up = append(s.up, max(1, min(o.Upsample, math.Sqrt(most/max(n, 1)))))
	}
	return s
}

func (s *sampler) addTopic(topics map[string]int, i int) {
	name := s.data.rows[i].Section
	at, ok := topics[name]
	if !ok {
		at = len(s.topics)
		topics[name] = at
		s.topics = append(s.topics, nil)
	}
	for _, t := range s.data.texts[i] {
		if t != nil {
			s.topics[at] = append(s.topics[at], t)
		}
	}
}

// times rounds x up or down at random so that it is right on average.
func (s *sampler) times(x float64) int {
	n := int(x)
	if s.random.Float64() < x-float64(n) {
		n++
	}
	return n
}

func (s *sampler) add(a, b *text) {
	if a != nil && b != nil && a != b {
		s.pairs = append(s.pairs, pair{a, b})
	}
}

// other draws one of the texts of a row, but none in these languages.
func (s *sampler) other(texts []*text, not ...int) *text {
	var found []*text
	for l, t := range texts {
		if t != nil && !slices.Contains(not, l) {
			for range s.times(s.up[l]) {
				found = append(found, t)
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[s.random.IntN(len(found))]
}

// epoch returns shuffled batches of pairs.
func (s *sampler) epoch() [][]pair {
	s.pairs = s.pairs[:0]
	for i, row := range s.data.rows {
		if !row.Joined && !row.Loose {
			s.translations(i)
		}
	}
	for _, of := range s.sections {
		for _, question := range of.questions {
			s.answers(of, question)
			s.likes(of, question)
		}
	}
	for _, texts := range s.topics {
		for _, t := range texts {
			for range s.times(s.options.LoosePairs) {
				s.add(t, texts[s.random.IntN(len(texts))])
			}
		}
	}
	s.random.Shuffle(len(s.pairs), func(i, j int) { s.pairs[i], s.pairs[j] = s.pairs[j], s.pairs[i] })
	var batches [][]pair
	for rest := s.pairs; len(rest) >= s.options.Batch; rest = rest[s.options.Batch:] {
		batches = append(batches, rest[:s.options.Batch])
	}
	return batches
}

// translations draws pairs of a row's texts: each with English, and each with one in a third language.
func (s *sampler) translations(i int) {
	texts := s.data.texts[i]
	for l, t := range texts {
		if t == nil || l == english {
			continue
		}
		n := s.up[l]
		if s.data.rows[i].Own {
			n = s.options.OwnPairs
		}
		for range s.times(n) {
			s.add(texts[english], t)
			s.add(t, s.other(texts, english, l))
		}
	}
}

// maxSectionUp bounds the upsampling of questions: a section has few, and they would be learned by heart.
const maxSectionUp = 2

// answers draws pairs of a question with passages of its section: a quarter in its own language, half in English, the rest
// in any other.
func (s *sampler) answers(of section, question int) {
	for l, t := range s.data.texts[question] {
		if t == nil {
			continue
		}
		for range s.times(s.options.SectionPairs * min(s.up[l], maxSectionUp)) {
			passage := s.data.texts[of.passages[s.random.IntN(len(of.passages))]]
			switch draw := s.random.IntN(4); {
			case draw == 0:
				s.add(t, passage[l])
			case draw < 3 && l != english:
				s.add(t, passage[english])
			default:
				s.add(t, s.other(passage, l))
			}
		}
	}
}

// likes draws pairs of a question with others of its section, in any languages: they ask the same in other words.
func (s *sampler) likes(of section, question int) {
	if len(of.questions) < 2 {
		return
	}
	for l, t := range s.data.texts[question] {
		if t == nil {
			continue
		}
		for range s.times(s.options.QuestionPairs * min(s.up[l], maxSectionUp)) {
			other := of.questions[s.random.IntN(len(of.questions))]
			if other != question {
				s.add(t, s.other(s.data.texts[other]))
			}
		}
	}
}
