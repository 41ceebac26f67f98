package lang

import (
	_ "embed" // the weight file
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"
)

// Guess is the language of a text.
type Guess struct {
	// Certainty is between 0 and 1: how often a guess like this one is right.
	Certainty float64
	// Tag is BCP 47: one of Supported, another language known by name (uk, fa, hi, th, it, pl, nl, bn, ur, tl, ms), or
	// "und" for a language that is none of these.
	Tag string
}

// Hint is what is known apart from the text. Both fields may be empty or junk.
type Hint struct {
	// Caller is what the caller's site believes: a tag in any spelling that Canonical reads.
	Caller string
	// Conversation is the language of the customer's previous message.
	Conversation string
}

// Certainties of guesses that no model makes. A language that the conversation was in mostly stays; a site's locale is
// often just its default.
const (
	certainScript     = 0.99 // the script belongs to one language
	borrowedFromTalk  = 0.6
	borrowedFromSite  = 0.4
	borrowedByDefault = 0.2
)

// Weights of the hints against the text, in natural-log odds: enough to settle a word that several languages share, not to
// overrule a phrase. People rarely change language within a conversation, so that hint could weigh more; it does not,
// because the earlier guess may have been wrong.
const (
	talkOdds = 3
	siteOdds = 1
)

// builtIn is a string because the linker puts it among what nobody can write, which need not stay in memory.
//
//go:embed weights.bin
var builtIn string

// Detector names languages. It is immutable and safe for concurrent use.
type Detector struct {
	models  [scriptCount]*model
	outside [scriptCount]string // the one language of a script without a model
}

// New loads the built-in weights. It fails only when the binary is damaged.
func New() (*Detector, error) {
	d, err := Load(unsafe.Slice(unsafe.StringData(builtIn), len(builtIn))) //nolint:gosec // only read; a copy would be 2.5 MB
	if err != nil {
		return nil, fmt.Errorf("load built-in weights: %w", err)
	}
	return d, nil
}

func newDetector(models []model) *Detector {
	d := &Detector{}
	for i := range models {
		for j, class := range models[i].classes {
			models[i].priors[j] = priorOdds(class)
		}
		for _, s := range models[i].scripts {
			d.models[s] = &models[i]
		}
	}
	d.outside = [scriptCount]string{
		hangul: "ko", devanagari: "hi", bengali: "bn", thai: "th", otherScript: undetermined,
	}
	return d
}

// Detect names the language of text. It takes any bytes, never panics, and reads a bounded part of a long text.
func (d *Detector) Detect(text string, hint Hint) Guess {
	e := clean(text).unquoted()
	if len(e.words) == 0 || e.courtesyOnly() {
		return borrow(hint)
	}
	s := e.script()
	m := d.models[s]
	if m == nil {
		return Guess{Tag: d.outside[s], Certainty: certainScript}
	}
	return m.guess(e, hint)
}

// guess lets the model choose, with the hint as a prior.
func (m *model) guess(e evidence, hint Hint) Guess {
	s := m.logits(e)
	if m.charsets != nil {
		for i, odds := range m.charsets.odds(e) {
			s[i] += odds
		}
	}
	talk, talkKnown := Canonical(hint.Conversation)
	site, siteKnown := Canonical(hint.Caller)
	for i, class := range m.classes {
		s[i] += m.priors[i]
		if talkKnown && class == talk {
			s[i] += talkOdds
		}
		if siteKnown && class == site {
			s[i] += siteOdds
		}
	}
	s.softmax(len(m.classes))
	best := Guess{Tag: undetermined}
	for i, class := range m.classes {
		tag := strings.TrimSuffix(class, romanised)
		if s[i] > best.Certainty {
			best = Guess{Tag: tag, Certainty: s[i]}
		}
	}
	best.Certainty = math.Min(best.Certainty, certainScript)
	return best
}

// priorOdds is what a class has against it before a word is read, as training shows all classes equally often and a desk
// does not: its own languages 0, others less. Malay takes most: its short phrases are Indonesian ones, too.
func priorOdds(class string) float64 {
	switch {
	case class == "ms":
		return -3
	case strings.HasSuffix(class, romanised):
		return -2.5 // they are full of English terms
	case class == undetermined:
		return -1.5
	case class == traditional:
		return -0.7 // a text in characters that both kinds of Chinese share is most likely simplified
	case slices.Contains(Supported(), class):
		return 0
	default:
		return -0.7
	}
}

// borrow answers for a text that tells nothing.
func borrow(hint Hint) Guess {
	if tag, ok := Canonical(hint.Conversation); ok {
		return Guess{Tag: tag, Certainty: borrowedFromTalk}
	}
	if tag, ok := Canonical(hint.Caller); ok {
		return Guess{Tag: tag, Certainty: borrowedFromSite}
	}
	return Guess{Tag: english, Certainty: borrowedByDefault}
}
