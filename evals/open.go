package evals

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxIncludes bounds how many files a suite may be made of: beyond it, somebody included a loop through links.
const maxIncludes = 200

// Open reads a suite from a file, YAML or JSONL by its name, with the files that it includes; a
// knowledge base is found beside it. An included suite keeps its own
// variables and tags; its policy and knowledge base must be those of the suite that includes it, or absent.
func Open(path string) (Suite, error) {
	opened := make(map[string]bool)
	suite, err := open(path, opened)
	if err != nil {
		return suite, err
	}
	if err := suite.validate(func(int) string { return "" }); err != nil { // two files may hold one id
		return Suite{}, fmt.Errorf("check suite %s: %w", path, err)
	}
	return suite, nil
}

func open(path string, opened map[string]bool) (Suite, error) {
	path = filepath.Clean(path)
	if opened[path] {
		return Suite{}, fmt.Errorf("read suite %s: it is included twice, or includes itself", path)
	}
	if opened[path] = true; len(opened) > maxIncludes {
		return Suite{}, fmt.Errorf("read suite %s: more than %d files are included", path, maxIncludes)
	}
	file, err := os.Open(path)
	if err != nil {
		return Suite{}, fmt.Errorf("read suite: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	parse := ParseSuite
	if filepath.Ext(path) == ".jsonl" {
		parse = ParseRows
	}
	suite, err := parse(file, path)
	if err != nil {
		return suite, err
	}
	if suite.KB != SampleKB && !filepath.IsAbs(suite.KB) {
		suite.KB = filepath.Join(filepath.Dir(path), suite.KB)
	}
	for _, name := range suite.Include {
		if filepath.IsAbs(name) {
			return Suite{}, fmt.Errorf("read suite %s: include %q must be relative to the suite", path, name)
		}
		part, err := open(filepath.Join(filepath.Dir(path), name), opened)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return Suite{}, fmt.Errorf("read suite %s: include %q: there is no such file beside it", path, name)
		case err != nil:
			return Suite{}, err
		case part.Policy != nil || part.KB != suite.KB:
			return Suite{}, fmt.Errorf("read suite %s: include %q: it has a policy or a knowledge base of its own: run it alone",
				path, name)
		}
		for _, c := range part.Cases {
			c.Tags = merged(c.Tags, suite.Tags)
			suite.Cases = append(suite.Cases, c)
		}
	}
	suite.Include = nil
	return suite, nil
}

func merged(own, more []string) []string {
	for _, tag := range more {
		if !slices.Contains(own, tag) {
			own = append(own, tag)
		}
	}
	return own
}

// variable is a place in a text that a variable fills.
var variable = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}`)

// filled returns the case with its variables in place, and the tags of the suite. What a variable stands for is not looked at
// again: a value cannot bring in another one.
func (s Suite) filled(c Case) (Case, error) {
	c.Tags = merged(c.Tags, s.Tags)
	if len(s.Vars)+len(c.Vars) == 0 {
		return c, nil
	}
	values := maps.Clone(s.Vars)
	if values == nil {
		values = make(map[string]string)
	}
	maps.Copy(values, c.Vars)
	var unknown []string
	fill := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(place string) string {
			name := variable.FindStringSubmatch(place)[1]
			value, ok := values[name]
			if !ok {
				unknown = append(unknown, name)
			}
			return value
		})
	}
	fillAll := func(texts []string) []string {
		filled := slices.Clone(texts)
		for i := range filled {
			filled[i] = fill(filled[i])
		}
		return filled
	}
	c.Conversation = fillAll(c.Conversation)
	c.Expect.MustContain, c.Expect.MustNotContain = fillAll(c.Expect.MustContain), fillAll(c.Expect.MustNotContain)
	c.Expect.Assert = slices.Clone(c.Expect.Assert)
	for i, a := range c.Expect.Assert {
		c.Expect.Assert[i].Value, c.Expect.Assert[i].Values = fill(a.Value), fillAll(a.Values)
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return c, fmt.Errorf("unknown variable %s: name it under vars", strings.Join(slices.Compact(unknown), ", "))
	}
	return c, nil
}

// hash is 64 hexadecimal digits that differ for cases that ask or expect something else.
func (c Case) hash() string { return digest(c) }

// Hash is the version of the suite: 64 hexadecimal digits that differ when anything that is asked or expected does, and not for
// another description, order or place of files. What the knowledge base says is not in it.
func (s Suite) Hash() string {
	hashes := make([]string, len(s.Cases))
	for i, c := range s.Cases {
		hashes[i] = c.hash()
	}
	slices.Sort(hashes)
	return digest(map[string]any{"cases": hashes, "kb": filepath.Base(s.KB), "name": s.Name, "policy": s.Policy})
}

// Key names a response: the same key means that the same program, under the same settings, was asked the same in the same
// conversation, for the same time. fingerprint stands for program, settings and knowledge base.
func (t Try) Key(fingerprint string) string {
	return digest([]any{fingerprint, t.Case.Conversation, t.Case.Locale, t.Case.Channel, t.Repeat, t.Case.Expect.judgedBy()})
}

// FingerprintOf names what a response depends on beside its question, by its parts: 64 hexadecimal digits.
func FingerprintOf(parts map[string]string) string { return digest(parts) }

// digest is the hash of a value as JSON, whose maps are sorted by their keys.
func digest(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		encoded = fmt.Appendf(nil, "%+v", value) // a weight that is no number has been refused; whatever else, it is one value
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
