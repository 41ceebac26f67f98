package evals

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule is what a gate asks of a run: of a figure, or of its difference from the baseline, over all cases or a slice.
type Rule struct {
	Text string

	atMost     bool
	by         kind
	difference bool
	end        string // lower, upper, or empty for the figure itself
	figure     Figure
	limit      float64
	slice      string
}

// rulePattern is the form of a rule.
var rulePattern = regexp.MustCompile(`^(diff\.)?([a-z_]+)(?:\.(lower|upper))?(?:@([a-z]+)=(\S+))?\s*(>=|<=)\s*(\S+)$`)

// ParseRule reads a rule such as "mandatory_recall.lower >= 0.99", "wrong_rate@tag=security <= 0" or
// "diff.pass_rate.lower >= -0.02".
func ParseRule(text string) (Rule, error) {
	parts := rulePattern.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Rule{}, fmt.Errorf("rule %q: write [diff.]FIGURE[.lower|.upper][@KIND=NAME] >= NUMBER, or <=", text)
	}
	rule := Rule{
		Text: strings.TrimSpace(text), atMost: parts[6] == "<=", by: kind(parts[4]), difference: parts[1] != "",
		end: parts[3], slice: parts[5],
	}
	figures := Figures()
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == parts[2] })
	if i < 0 {
		names := make([]string, len(figures))
		for n, f := range figures {
			names[n] = f.Name
		}
		return Rule{}, fmt.Errorf("rule %q: unknown figure %q: use one of %s", text, parts[2], strings.Join(names, ", "))
	}
	rule.figure = figures[i]
	if rule.by != "" && !slices.Contains(kinds(), rule.by) {
		return Rule{}, fmt.Errorf("rule %q: unknown slice %q: use locale, tag, risk, intent or channel", text, rule.by)
	}
	limit, err := strconv.ParseFloat(parts[7], 64)
	if err != nil || !(limit >= -1 && limit <= 1) { // also not a number
		return Rule{}, fmt.Errorf("rule %q: %q must be a number from -1 to 1", text, parts[7])
	}
	rule.limit = limit
	return rule, nil
}

// DefaultRules let nothing get worse: a case that passed and does not must be outweighed beyond chance.
func DefaultRules() []string {
	return []string{"diff.pass_rate.lower >= 0", "diff.mandatory_recall.lower >= 0", "diff.wrong_rate.upper <= 0"}
}

// Finding is what became of a rule.
type Finding struct {
	Detail string  `json:"detail"`
	Held   bool    `json:"held"`
	Rule   string  `json:"rule"`
	Value  float64 `json:"value"`
}

// judge holds the rule against the paired cases when it is about a difference, else against all results. It fails when there
// are no cases to judge by: a rule about nothing protects nothing.
func (r Rule) judge(pairs []pair, results []Result) (Finding, error) {
	finding := Finding{Rule: r.Text}
	if r.difference {
		d := r.figure.compare(slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return !r.covers(p.after) }))
		if !d.Comparable {
			return Finding{}, fmt.Errorf("rule %q: there is no case to judge by", r.Text)
		}
		finding.Value = r.pick(d.Difference, d.Lower, d.Upper)
		finding.Detail = fmt.Sprintf("difference %+.4f [%+.4f, %+.4f], from %s to %s", d.Difference, d.Lower, d.Upper, d.Before, d.After)
	} else {
		share := r.figure.Measure(slices.DeleteFunc(slices.Clone(results), func(result Result) bool { return !r.covers(result) }))
		if share.N == 0 {
			return Finding{}, fmt.Errorf("rule %q: there is no case to judge by", r.Text)
		}
		finding.Value, finding.Detail = r.pick(share.Rate, share.Lower, share.Upper), share.String()
	}
	finding.Held = finding.Value >= r.limit
	if r.atMost {
		finding.Held = finding.Value <= r.limit
	}
	return finding, nil
}

func (r Rule) covers(result Result) bool {
	return r.by == "" || slices.Contains(r.by.names(result.Case), r.slice)
}

func (r Rule) pick(value, lower, upper float64) float64 {
	switch r.end {
	case "lower":
		return lower
	case "upper":
		return upper
	default:
		return value
	}
}
