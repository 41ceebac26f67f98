package evals

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// AssertType says what an assertion looks at.
type AssertType string

// The assertions. What is in brackets is what they take: value (or values: all of them must hold), threshold.
const (
	AssertAnyOf          AssertType = "any_of"          // [values] the reply has one of these texts, in any case
	AssertCites          AssertType = "cites"           // [value] the reply, or the draft, cites these articles
	AssertCitedSentences AssertType = "cited_sentences" // [threshold: 1] share of the sentences that cite an article at least
	AssertContains       AssertType = "contains"        // [value] the reply has the text, letter for letter
	AssertDraftContains  AssertType = "draft_contains"  // [value] the draft for the agent has the text, in any case
	AssertEquals         AssertType = "equals"          // [value] the reply is the text, but for white space at its ends
	AssertForbidden      AssertType = "forbidden"       // [value] neither reply nor draft has the text, in any case
	AssertGrounded       AssertType = "grounded"        // [threshold: 0.8] share of the words of each sentence that its sources have
	AssertGroundedJudge  AssertType = "grounded_judge"  // [threshold: 0.5] the same as a model sees it
	AssertGuard          AssertType = "guard"           // [value] the guard stopped the draft by these checks
	AssertIContains      AssertType = "icontains"       // [value] as contains, in any case
	AssertJSONPath       AssertType = "json_path"       // [value, equals] what the path finds in the result as JSON
	AssertLanguage       AssertType = "language"        // [value] of the reply
	AssertMaxCost        AssertType = "max_cost_usd"    // [threshold] of the whole conversation
	AssertMaxLatency     AssertType = "max_latency_ms"  // [threshold] of the last turn
	AssertMaxTokens      AssertType = "max_tokens"      // [threshold] prompt and completion, of the whole conversation
	AssertNoRisk         AssertType = "no_risk"         // [value] none of these risks was seen; any: none at all
	AssertNotContains    AssertType = "not_contains"    // [value] the reply has not the text, in any case
	AssertNotRegex       AssertType = "not_regex"       // [value] the reply does not match
	AssertOnlyCites      AssertType = "only_cites"      // [value] the reply, or the draft, cites no other article than these
	AssertReason         AssertType = "reason"          // [value] the decision has a reason that starts so
	AssertRedacted       AssertType = "redacted"        // [value] these kinds were removed from the last question; none: nothing was
	AssertRegex          AssertType = "regex"           // [value] the reply matches (RE2)
	AssertRetrieved      AssertType = "retrieved"       // [value, threshold: 10] the search found these articles, so far up
	AssertRubric         AssertType = "rubric"          // [value, threshold: 0.5] a model finds that the reply fulfils the criterion
	AssertSimilar        AssertType = "similar"         // [value, threshold: 0.5] chrF of the reply and the text at least
)

// Assertion is an expectation of one stage of a case, or of its reply.
type Assertion struct {
	Type      AssertType `json:"type"                yaml:"type"`
	Equals    string     `json:"equals,omitempty"    yaml:"equals"` // of json_path
	Metric    string     `json:"metric,omitempty"    yaml:"metric"` // name of the check; the type when absent
	Threshold float64    `json:"threshold,omitempty" yaml:"threshold"`
	Value     string     `json:"value,omitempty"     yaml:"value"`
	Values    []string   `json:"values,omitempty"    yaml:"values"`
}

// Words that stand for all, or for nothing.
const (
	valueAny  = "any"
	valueNone = "none"
)

// values are Value and Values.
func (a Assertion) values() []string {
	if a.Value == "" {
		return a.Values
	}
	return append([]string{a.Value}, a.Values...)
}

// threshold is that of the assertion or of its kind.
func (a Assertion) threshold() float64 {
	return cmp.Or(a.Threshold, map[AssertType]float64{
		AssertCitedSentences: 1, AssertGrounded: 0.8, AssertGroundedJudge: 0.5, AssertRetrieved: retrievalDepth, AssertRubric: 0.5,
		AssertSimilar: 0.5,
	}[a.Type])
}

func (a Assertion) validate() error {
	if _, known := graders()[a.Type]; !known {
		return fmt.Errorf("type is %q: use one of %s", a.Type, join(slices.Sorted(maps.Keys(graders()))))
	}
	switch a.Type {
	case AssertCitedSentences, AssertGrounded, AssertGroundedJudge:
		if len(a.values()) > 0 {
			return fmt.Errorf("%s takes no value", a.Type)
		}
	case AssertMaxCost, AssertMaxLatency, AssertMaxTokens:
		if !(a.Threshold > 0) || math.IsInf(a.Threshold, 1) { // also not a number
			return fmt.Errorf("%s needs a threshold above 0", a.Type)
		}
		return nil
	default:
		if len(a.values()) == 0 {
			return fmt.Errorf("%s needs a value", a.Type)
		}
	}
	if most := map[AssertType]float64{AssertRetrieved: retrievalDepth}[a.Type]; !(a.Threshold >= 0 && a.Threshold <= max(most, 1)) {
		return fmt.Errorf("threshold must be a number from 0 to %g", max(most, 1))
	}
	return a.validateValues()
}

func (a Assertion) validateValues() error {
	for _, value := range a.values() {
		switch a.Type {
		case AssertRegex, AssertNotRegex:
			if _, err := regexp.Compile(value); err != nil {
				return fmt.Errorf("value is no regular expression (RE2): %w", err)
			}
		case AssertJSONPath:
			if _, err := yaml.PathString(value); err != nil {
				return fmt.Errorf("value %q is no path: write it like $.outcome or $.trace.retrieved[0].slug", value)
			}
		default:
			if value == "" {
				return errors.New("values has an empty text")
			}
		}
	}
	return nil
}

// judgedBy are the texts that a model judges replies by: they cost money, so they are part of what a response is kept under.
func (e Expect) judgedBy() []string {
	var criteria []string
	for _, a := range e.Assert {
		switch a.Type {
		case AssertRubric:
			criteria = append(criteria, a.values()...)
		case AssertGroundedJudge:
			criteria = append(criteria, groundedCriterion)
		default:
		}
	}
	slices.Sort(criteria)
	return slices.Compact(criteria)
}

func join(types []AssertType) string {
	names := make([]string, len(types))
	for i, name := range types {
		names[i] = string(name)
	}
	return strings.Join(names, ", ")
}
