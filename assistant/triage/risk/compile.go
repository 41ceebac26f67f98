package risk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// where says on which side of a match a guard looks.
type where uint8

const (
	whereAfter    where = iota // after the match begins, in its last sentence
	whereBefore                // before the match ends, in its first sentence
	whereHead                  // directly before the last clause of the pattern, its head
	whereSentence              // anywhere in a sentence of the match
	whereText                  // anywhere
)

// sideOf reads where a guard looks; ok is false for an unknown word.
func sideOf(name string) (w where, ok bool) {
	switch name {
	case "after":
		return whereAfter, true
	case "before":
		return whereBefore, true
	case "head":
		return whereHead, true
	case "sentence":
		return whereSentence, true
	case "text":
		return whereText, true
	}
	return 0, false
}

// rule is a compiled rule.
type rule struct {
	breaks   int32 // set of words that end the reach of a guard; -1 for none
	glyphs   bool  // a match has a character of a script without spaces
	guards   []int32
	id       string
	patterns []int32
	risk     Risk
}

// pattern is a conjunction of sets.
type pattern struct {
	clauses []int32
	ordered bool
	rule    int32
	window  int32
}

// guard calls a match off.
type guard struct {
	except int32 // set of phrases that contain the guard's words and mean the contrary; -1 for none
	set    int32
	where  where
	within int32 // width
}

// filedGuard is a guard and the script of the file it stands in.
type filedGuard struct {
	index  int32
	file   string
	script string
}

// compiler turns files into Rules.
type compiler struct {
	file *file
	// guards are those of all files, by name.
	guards map[string][]filedGuard
	rules  *Rules
	// named are the sets of the present file; -1 while a set is being resolved.
	named map[string]int32
	// phrases are the terms of each set, to resolve references.
	phrases [][]string
	// terms are the nodes of the present file's terms in the phrase trie: a file says how its words are read.
	terms map[string]int32
}

// compile makes rules of files; known are correct words beside those that the files list.
func compile(files []*file, known ...string) (*Rules, error) {
	han := map[rune]rune{}
	for _, f := range files {
		if err := f.readFold(han); err != nil {
			return nil, err
		}
	}
	r := &Rules{folds: newFolds(han)}
	r.lexicon = newLexicon(r.folds)
	c := &compiler{guards: map[string][]filedGuard{}, rules: r}
	for _, f := range files {
		if err := c.add(f); err != nil {
			return nil, err
		}
	}
	c.linkGuards(files)
	for _, word := range known {
		r.lexicon.addKnown(word)
	}
	r.lexicon.finish()
	r.sets = len(c.phrases)
	r.byFirst = make([][]int32, r.sets)
	for i, p := range r.patterns {
		r.byFirst[p.clauses[0]] = append(r.byFirst[p.clauses[0]], int32(i))
	}
	return r, nil
}

func (f *file) readFold(han map[rune]rune) error {
	for to, from := range f.Fold {
		target, size := utf8.DecodeRuneInString(to)
		if size != len(to) {
			return f.errorAt(from.line, "fold: %q is not one character", to)
		}
		for _, r := range from.value {
			if r != ' ' {
				han[r] = target
			}
		}
	}
	return nil
}

func (c *compiler) add(f *file) error {
	c.file, c.named, c.terms = f, map[string]int32{}, map[string]int32{}
	for _, name := range slices.Sorted(maps.Keys(f.Sets)) {
		if _, err := c.setNamed(name, f.Sets[name].line); err != nil {
			return err
		}
	}
	for w := range strings.FieldsSeq(f.Known.value) {
		c.rules.lexicon.addKnown(w)
	}
	breaks := int32(-1)
	if f.Breaks.value != "" {
		var err error
		if breaks, err = c.inline(f.Breaks.value, f.Breaks.line); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Guards)) {
		g := f.Guards[name]
		set, err := c.inline(g.Words.value, g.Words.line)
		if err != nil {
			return err
		}
		except := int32(-1)
		if g.Except.value != "" {
			if except, err = c.inline(g.Except.value, g.Except.line); err != nil {
				return err
			}
		}
		c.guards[name] = append(c.guards[name], filedGuard{index: int32(len(c.rules.guards)), file: f.name, script: f.Script.value})

		side, _ := sideOf(g.Where.value) // validated with the file
		c.rules.guards = append(c.rules.guards, guard{except: except, set: set, where: side, within: g.Within})
	}
	for i := range f.Rules {
		if err := c.addRule(&f.Rules[i], breaks); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) addRule(fr *fileRule, breaks int32) error {
	r := rule{
		breaks: breaks,
		glyphs: c.file.Script.value == scriptGlyphs,
		id:     c.file.Language.value + "." + fr.ID.value,
		risk:   Risk(fr.Risk.value),
	}
	window := fr.Window
	if window == 0 {
		window = c.file.Window
	}
	for _, w := range fr.When {
		p := pattern{rule: int32(len(c.rules.rules)), window: window, ordered: strings.Contains(w.value, ">")}
		if p.ordered && strings.Contains(w.value, "+") {
			return c.file.errorAt(w.line, "rule %s: a pattern has either + or >", fr.ID.value)
		}
		if strings.Trim(w.value, "+> ") != strings.TrimSpace(w.value) || strings.TrimSpace(w.value) == "" {
			return c.file.errorAt(w.line, "rule %s: a pattern has nothing beside + or >", fr.ID.value)
		}
		for clause := range strings.FieldsFuncSeq(w.value, func(r rune) bool { return r == '+' || r == '>' }) {
			set, err := c.inline(clause, w.line)
			if err != nil {
				return err
			}
			p.clauses = append(p.clauses, set)
		}
		if len(p.clauses) > maxClauses {
			return c.file.errorAt(w.line, "rule %s: more than %d clauses", fr.ID.value, maxClauses)
		}
		r.patterns = append(r.patterns, int32(len(c.rules.patterns)))
		c.rules.patterns = append(c.rules.patterns, p)
	}
	c.rules.rules = append(c.rules.rules, r)
	return nil
}

// linkGuards gives every rule its guards: those of its own file and, because people mix languages, those of the same name
// in files of another script. Between languages of the Latin script only those are shared that look at the whole text,
// because they are whole phrases: "was" asks in German only.
func (c *compiler) linkGuards(files []*file) {
	i := 0
	for _, f := range files {
		for _, fr := range f.Rules {
			names := f.DefaultGuards
			if fr.Guards != nil {
				names = *fr.Guards
			}
			for _, name := range names {
				for _, g := range c.guards[name.value] {
					latinOnly := g.script == scriptLatin && f.Script.value == scriptLatin
					if g.file == f.name || c.rules.guards[g.index].where == whereText || !latinOnly {
						c.rules.rules[i].guards = append(c.rules.rules[i].guards, g.index)
					}
				}
			}
			i++
		}
	}
}

// setNamed returns the set of that name, resolving it first where needed.
func (c *compiler) setNamed(name string, line int) (int32, error) {
	if id, ok := c.named[name]; ok {
		if id < 0 {
			return 0, c.file.errorAt(line, "set %s refers to itself", name)
		}
		return id, nil
	}
	src, ok := c.file.Sets[name]
	if !ok {
		return 0, c.file.errorAt(line, "unknown set $%s", name)
	}
	c.named[name] = -1
	id, err := c.newSet(src.value, src.line)
	if err != nil {
		return 0, err
	}
	c.named[name] = id
	return id, nil
}

// inline returns the set of one clause: a bare reference, or a set of its own.
func (c *compiler) inline(clause string, line int) (int32, error) {
	clause = strings.TrimSpace(clause)
	if name, ok := strings.CutPrefix(clause, "$"); ok && !strings.ContainsAny(name, " |") {
		return c.setNamed(name, line)
	}
	key := "\x00" + clause // no set in a file can have this name
	if id, ok := c.named[key]; ok {
		return id, nil
	}
	id, err := c.newSet(clause, line)
	if err == nil {
		c.named[key] = id
	}
	return id, err
}

func (c *compiler) newSet(src string, line int) (int32, error) {
	var terms []string
	for term := range strings.SplitSeq(src, "|") {
		term = strings.Join(strings.Fields(term), " ")
		if name, ok := strings.CutPrefix(term, "$"); ok {
			id, err := c.setNamed(name, line)
			if err != nil {
				return 0, err
			}
			terms = append(terms, c.phrases[id]...)
			continue
		}
		if term == "" {
			return 0, c.file.errorAt(line, "empty term in %q", abbreviate(src))
		}
		terms = append(terms, term)
	}
	slices.Sort(terms)
	terms = slices.Compact(terms)
	id := int32(len(c.phrases))
	c.phrases = append(c.phrases, terms)
	for _, term := range terms {
		// A set that is part of others brings its terms again and again.
		phrase, ok := c.terms[term]
		if !ok {
			words, err := c.words(term)
			if err != nil {
				return 0, c.file.errorAt(line, "term %q: %v", term, err)
			}
			phrase = c.rules.lexicon.addWords(words)
			c.terms[term] = phrase
		}
		c.rules.lexicon.sets.add(uint64(phrase), id) //nolint:gosec // nodes count from 0
	}
	return id, nil
}

// words cuts a term into the words it must be matched by: "lost my phone*" has three, "账户被盗" four.
func (c *compiler) words(term string) ([]atom, error) {
	var out []atom
	for field := range strings.FieldsSeq(term) {
		word, like, err := readMarks(field)
		if err != nil {
			return nil, err
		}
		if out, err = c.appendAtoms(out, word, like); err != nil {
			return nil, err
		}
	}
	for _, a := range out {
		if a.kind == kindInfix && len(a.folded) < minInfix || a.kind == kindPrefix && len(a.folded) < minPrefix {
			return nil, fmt.Errorf("%q is too short for a star", string(a.folded))
		}
	}
	if len(out) == 0 || len(out) > maxPhrase {
		return nil, fmt.Errorf("it has %d words, want 1 to %d", len(out), maxPhrase)
	}
	return out, nil
}

// readMarks reads the marks of a word that say how it is matched ("=" without typing errors, "*" as a part of a word) and
// returns the word without them.
func readMarks(field string) (word string, like atom, err error) {
	like = atom{kind: kindWhole, fuzzy: true}
	if rest, ok := strings.CutPrefix(field, "="); ok {
		field, like.fuzzy = rest, false
	}
	open := strings.HasPrefix(field, "*")
	switch {
	case open && strings.HasSuffix(field, "*"):
		like.kind = kindInfix
	case open:
		return "", atom{}, fmt.Errorf("%q: a star at the beginning needs one at the end", field)
	case strings.HasSuffix(field, "*"):
		like.kind = kindPrefix
	}
	return strings.Trim(field, "*"), like, nil
}

// appendAtoms appends each glyph of a word, and what stands between glyphs, as one atom; the latter are matched like like.
func (c *compiler) appendAtoms(out []atom, word string, like atom) ([]atom, error) {
	var letters []rune
	flush := func() {
		if len(letters) > 0 {
			out = append(out, c.wordAtom(string(letters), like))
			letters = nil
		}
	}
	for _, r := range word {
		switch {
		case isGlyph(r):
			flush()
			folded, _ := c.rules.folds.word(string(r))
			out = append(out, atom{folded: folded, kind: kindGlyph})
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			letters = append(letters, r)
		default:
			return nil, fmt.Errorf("%q is not a letter", r)
		}
	}
	flush()
	return out, nil
}

// wordAtom returns the atom of a word of an alphabet that is matched like like.
func (c *compiler) wordAtom(word string, like atom) atom {
	like.folded, like.exact = c.rules.folds.word(word)
	if c.file.Accents != "strict" {
		like.exact = nil
	}
	return like
}

func abbreviate(s string) string {
	const limit = 40
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
