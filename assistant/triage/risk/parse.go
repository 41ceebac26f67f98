package risk

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a rule file in bytes; the embedded ones have about 50,000.
const maxFile = 4 << 20

// defaultWindow is how far apart the clauses of a pattern may stand: about ten words, or twenty characters.
const defaultWindow = 20

// Scripts of rule files. A match of a file of glyphs (characters of scripts without spaces, and Hangul) has at least one;
// what it borrows from English alone is left to the English rules.
const (
	scriptArabic   = "arabic"
	scriptCyrillic = "cyrillic"
	scriptGlyphs   = "glyphs"
	scriptLatin    = "latin"
)

// file is one rule file as it was written.
type file struct {
	Accents       string               `yaml:"accents"`
	Breaks        located              `yaml:"breaks"`
	DefaultGuards []located            `yaml:"default_guards"`
	Fold          map[string]located   `yaml:"fold"`
	Guards        map[string]fileGuard `yaml:"guards"`
	Known         located              `yaml:"known"`
	Language      located              `yaml:"language"`
	Rules         []fileRule           `yaml:"rules"`
	Script        located              `yaml:"script"`
	Sets          map[string]located   `yaml:"sets"`
	Window        int32                `yaml:"window"`

	name string
}

// fileGuard calls matches off where its words stand near them.
type fileGuard struct {
	Except located `yaml:"except"`
	Where  located `yaml:"where"`
	Within int32   `yaml:"within"`
	Words  located `yaml:"words"`
}

// fileRule is a rule with the texts that prove it.
type fileRule struct {
	Guards  *[]located `yaml:"guards"`
	ID      located    `yaml:"id"`
	Ignores []string   `yaml:"ignores"`
	Matches []string   `yaml:"matches"`
	Risk    located    `yaml:"risk"`
	When    []located  `yaml:"when"`
	Window  int32      `yaml:"window"`
}

// located is a scalar and the line it begins on.
type located struct {
	line  int
	value string
}

// UnmarshalYAML keeps the line of the scalar.
func (l *located) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: want a text here", node.Line)
	}
	l.line, l.value = node.Line, node.Value
	return nil
}

func parseFile(r io.Reader, name string) (*file, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read rules %s: %w", name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read rules %s: larger than %d bytes", name, maxFile)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	f := &file{name: name}
	if err := dec.Decode(f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s:1: the file is empty", name)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if f.Window == 0 {
		f.Window = defaultWindow
	}
	if f.Script.value == "" {
		f.Script.value = scriptLatin
	}
	return f, f.validate()
}

// errorAt names the place of a mistake.
func (f *file) errorAt(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.name, max(line, 1), fmt.Sprintf(format, args...))
}

// validate checks what does not need the words compiled.
func (f *file) validate() error {
	if f.Language.value == "" {
		return f.errorAt(f.Language.line, "language is missing")
	}
	if f.Accents != "" && f.Accents != "strict" {
		return f.errorAt(1, "accents: want \"strict\" or nothing, got %q", f.Accents)
	}
	if !slices.Contains([]string{"", scriptArabic, scriptCyrillic, scriptGlyphs, scriptLatin}, f.Script.value) {
		return f.errorAt(f.Script.line, "script: want arabic, cyrillic, glyphs or latin, got %q", f.Script.value)
	}
	if f.Window < 0 {
		return f.errorAt(1, "window is negative")
	}
	if len(f.Rules) == 0 {
		return f.errorAt(1, "there are no rules")
	}
	for name, g := range f.Guards {
		side, ok := sideOf(g.Where.value)
		if !ok {
			return f.errorAt(g.Where.line, "guard %s: where: want after, before, head, sentence or text, got %q", name, g.Where.value)
		}
		if near := side != whereSentence && side != whereText; near != (g.Within > 0) {
			return f.errorAt(g.Where.line, "guard %s: after, before and head want a positive within, sentence and text none", name)
		}
	}
	seen := map[string]int{}
	for i := range f.Rules {
		if err := f.validateRule(&f.Rules[i]); err != nil {
			return err
		}
		id := f.Rules[i].ID
		if first, dup := seen[id.value]; dup {
			return f.errorAt(id.line, "rule %s is already on line %d", id.value, first)
		}
		seen[id.value] = id.line
	}
	return nil
}

func (f *file) validateRule(r *fileRule) error {
	switch {
	case r.ID.value == "":
		return f.errorAt(r.Risk.line, "rule without an id")
	case !slices.Contains(All(), Risk(r.Risk.value)):
		return f.errorAt(max(r.Risk.line, r.ID.line), "rule %s: unknown risk %q", r.ID.value, r.Risk.value)
	case len(r.When) == 0:
		return f.errorAt(r.ID.line, "rule %s: when is missing", r.ID.value)
	case len(r.Matches) == 0 || len(r.Ignores) == 0:
		return f.errorAt(r.ID.line, "rule %s: give at least one text under matches and one under ignores", r.ID.value)
	case r.Window < 0:
		return f.errorAt(r.ID.line, "rule %s: window is negative", r.ID.value)
	}
	if r.Guards != nil {
		for _, g := range *r.Guards {
			if _, ok := f.Guards[g.value]; !ok {
				return f.errorAt(g.line, "rule %s: unknown guard %q", r.ID.value, g.value)
			}
		}
		return nil
	}
	for _, g := range f.DefaultGuards {
		if _, ok := f.Guards[g.value]; !ok {
			return f.errorAt(g.line, "unknown guard %q", g.value)
		}
	}
	return nil
}
