package evals

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// Manifest lists the suites that are run together, and which of their cases count.
type Manifest struct {
	Suites []Listed `yaml:"suites"`
}

// Listed is a suite of a Manifest.
type Listed struct {
	Blind bool   `yaml:"blind"` // only figures are shown: who tunes may not see its cases
	File  string `yaml:"file"`  // relative to the manifest
	Half  Half   `yaml:"half"`  // all when absent
}

// ParseManifest reads a manifest. Errors name the line.
func ParseManifest(content []byte, path string) (Manifest, error) {
	var m Manifest
	if err := DecodeYAML(content, &m, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return m, fmt.Errorf("parse manifest %s: %w", path, err)
	}
	if len(m.Suites) == 0 {
		return m, fmt.Errorf("parse manifest %s: %w", path, errors.New("suites is empty"))
	}
	for i, listed := range m.Suites {
		if listed.Half == "" {
			m.Suites[i].Half = HalfAll
		}
		switch {
		case listed.File == "" || filepath.IsAbs(listed.File):
			return m, fmt.Errorf("parse manifest %s: suites[%d].file must name a file relative to the manifest", path, i)
		case m.Suites[i].Half != HalfAll && listed.Half != HalfDev && listed.Half != HalfFrozen:
			return m, fmt.Errorf("parse manifest %s: suites[%d].half is %q: use all, dev or frozen", path, i, listed.Half)
		}
		m.Suites[i].File = filepath.Join(filepath.Dir(path), listed.File)
	}
	return m, nil
}

// Open reads the cases of the suite that count.
func (l Listed) Open() (Suite, error) {
	suite, err := Open(l.File)
	if err != nil {
		return suite, err
	}
	suite = suite.Half(l.Half)
	if len(suite.Cases) == 0 {
		return suite, fmt.Errorf("read suite %s: no case is in its %s half", l.File, l.Half)
	}
	return suite, nil
}

// Summary is what the suites of a manifest came to: figures only, so it can stand in a repository.
type Summary struct {
	Suites []SuiteSummary `json:"suites"`
}

// SuiteSummary is what a suite came to.
type SuiteSummary struct {
	Confidence ConfidenceSummary `json:"confidence"`
	Endings    map[Ending]int    `json:"endings"`
	Figures    map[string]Share  `json:"figures"`
	Half       Half              `json:"half"`
	Hash       string            `json:"hash"` // of what was asked and expected
	Name       string            `json:"name"`
	Recall1    float64           `json:"recall@1"`
	Recall5    float64           `json:"recall@5"`
}

// ConfidenceSummary is a Selective without its curves.
type ConfidenceSummary struct {
	AUGRC float64 `json:"augrc"`
	AURC  float64 `json:"aurc"`
	Brier float64 `json:"brier"`
	ECE   float64 `json:"ece"`
	N     int     `json:"n"`
}

// NewSuiteSummary keeps the figures of a report.
func NewSuiteSummary(report Report, half Half) SuiteSummary {
	c := report.Confidence
	return SuiteSummary{
		Confidence: ConfidenceSummary{AUGRC: c.AUGRC, AURC: c.AURC, Brier: c.Brier, ECE: c.ECE, N: c.N},
		Endings:    report.Total.Endings, Figures: report.Total.Figures, Half: half, Hash: report.SuiteHash, Name: report.Suite,
		Recall1: report.Retrieval.Recall1, Recall5: report.Retrieval.Recall5,
	}
}

// WriteMarkdown writes the summary as a table.
func (s Summary) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| suite | cases | passed | of what was answered, right | wrong answers | handed over without need | " +
		"mandatory hand-offs kept |\n|---|---:|---|---|---|---|---|\n")
	for _, suite := range s.Suites {
		name := cell(suite.Name)
		if suite.Half != HalfAll {
			name += ", " + string(suite.Half)
		}
		fmt.Fprintf(&b, "| %s | %d |", name, suite.Figures["pass_rate"].N)
		for _, figure := range []string{"pass_rate", "answer_precision", "wrong_rate", "needless_rate", "mandatory_recall"} {
			fmt.Fprintf(&b, " %s |", suite.Figures[figure].short())
		}
		b.WriteString("\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// short is a share for a table that has little room.
func (s Share) short() string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Rate, s.Lower, s.Upper)
}

// The marks between which a document holds the summary.
const (
	summaryBegin = "<!-- eval summary: written by \"deskhand eval all --readme\" -->"
	summaryEnd   = "<!-- end of eval summary -->"
)

// Between returns what a document has between the marks of the summary, and the document with it replaced.
func (s Summary) Between(document string) (now, replaced string, err error) {
	before, rest, found := strings.Cut(document, summaryBegin+"\n")
	now, after, ended := strings.Cut(rest, summaryEnd)
	if !found || !ended {
		return "", "", fmt.Errorf("find the place of the summary: the document needs %s and %s", summaryBegin, summaryEnd)
	}
	var table strings.Builder
	if err := s.WriteMarkdown(&table); err != nil {
		return "", "", err
	}
	return now, before + summaryBegin + "\n\n" + table.String() + "\n" + summaryEnd + after, nil
}
