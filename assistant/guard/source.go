package guard

// source is a cited text in the forms that the checks compare with. Each form is made when it is first asked for.
type source struct {
	guard *Guard
	text  string

	amountsStated []statedAmount
	bare          []measure
	claimed       []claimed
	clauses       *clauses
	contacts      map[contactKey]bool
	content       map[string]bool
	folded        string
	grams         map[string]bool
	language      string
	measured      []measure
	measuredOnce  bool
	numbers       map[string]bool
	placed        *placedText
	plain         *unmasked
	said          []statement
	stressed      []bool
	things        []bool
}

// contactKey identifies a contact in a draft and in its sources.
type contactKey struct {
	kind  ContactKind
	value string
}

func (c Contact) key() contactKey {
	if c.Kind == KindLink {
		return contactKey{c.Kind, linkKey(c.Value)}
	}
	return contactKey{c.Kind, c.Value}
}

// unmask returns the text as a reader takes it.
func (s *source) unmask() unmasked {
	if s.plain == nil {
		plain := unmask(s.text)
		s.plain = &plain
	}
	return *s.plain
}

// fold returns the folded text.
func (s *source) fold() string {
	if s.folded == "" {
		s.folded = foldUnmasked(s.unmask())
	}
	return s.folded
}

// cut returns the sentences of the text.
func (s *source) cut() clauses {
	if s.clauses == nil {
		c := s.guard.lexicon.cut(s.fold())
		s.clauses = &c
	}
	return *s.clauses
}

// names reports whether the text has a contact.
func (s *source) names(c Contact) bool {
	if s.contacts == nil {
		s.contacts = make(map[contactKey]bool)
		found, _ := scan(s.unmask())
		for _, own := range found {
			s.contacts[own.key()] = true
		}
	}
	return s.contacts[c.key()]
}

// holds reports whether the text has a number, in any reading of either.
func (s *source) holds(q quantity) bool {
	if s.numbers == nil {
		s.numbers = make(map[string]bool)
		for _, own := range quantities(s.fold(), sourceNumbers) {
			for _, form := range own.forms {
				s.numbers[form] = true
			}
		}
	}
	for _, form := range q.forms {
		if s.numbers[form] {
			return true
		}
	}
	return false
}
