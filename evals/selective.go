package evals

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant"
)

// Selective says how well the confidence tells drafts that are right from drafts that are not, and whether its probabilities
// are true. Without cases all is zero.
type Selective struct {
	N           int         `json:"n"`           // cases that got as far as a draft
	Right       int         `json:"right"`       // drafts that cite the article that answers, in cases that have an answer
	AURC        float64     `json:"aurc"`        // area under the risk-coverage curve; 0 is best
	AUGRC       float64     `json:"augrc"`       // area under the generalised curve: mean share of all cases that are answered wrongly
	Brier       float64     `json:"brier"`       // mean squared error of the probabilities
	Coverage    []Target    `json:"coverage"`    // what a precision costs
	Curve       []RiskPoint `json:"curve"`       // from the surest case to all
	EAURC       float64     `json:"e_aurc"`      // AURC less that of the best order of the same cases
	ECE         float64     `json:"ece"`         // mean distance of promise and truth over ten bins
	Reliability []Bin       `json:"reliability"` // the ten bins that have cases
	Thresholds  []Operating `json:"thresholds"`
}

// RiskPoint is the error rate among the surest cases.
type RiskPoint struct {
	Coverage float64 `json:"coverage"`
	Risk     float64 `json:"risk"`
}

// precisionTargets are the precisions that Coverage is given for.
func precisionTargets() []float64 { return []float64{0.9, 0.95, 0.98, 0.99} }

// maxCurvePoints keeps a curve readable and a report small.
const maxCurvePoints = 200

// NewSelective measures the confidence on results. A case counts when the pipeline drafted; its draft is right when the case has
// an answer (it expects one, or names the article for the person) and the draft cites the article that the case names.
func NewSelective(results []Result) Selective {
	var cases []judged
	for _, r := range results {
		if !r.drafted() {
			continue
		}
		right := r.Case.Expect.Article != "" && slices.Contains(r.Articles, r.Case.Expect.Article)
		cases = append(cases, judged{probability: r.Confidence, right: right})
	}
	return newSelective(cases)
}

// drafted reports whether there was something to be sure of.
func (r Result) drafted() bool {
	return r.Trace != nil && len(r.Articles) > 0 && slices.ContainsFunc(r.Trace.Steps, func(step assistant.Step) bool {
		return step.Stage == assistant.StageConfidence
	})
}

func newSelective(cases []judged) Selective {
	s := Selective{N: len(cases), Coverage: []Target{}, Curve: []RiskPoint{}, Reliability: []Bin{}, Thresholds: []Operating{}}
	if s.N == 0 {
		return s
	}
	sorted := slices.Clone(cases)
	slices.SortStableFunc(sorted, func(a, b judged) int { return cmp.Compare(b.probability, a.probability) })
	ideal := make([]judged, len(sorted))
	for i, c := range sorted {
		missed := c.probability
		if c.right {
			s.Right++
			missed, ideal[i] = 1-c.probability, judged{probability: 1, right: true}
		}
		s.Brier += missed * missed / float64(s.N)
	}
	s.AURC, s.ECE = riskArea(sorted), calibrationError(sorted)
	s.EAURC = s.AURC - riskArea(ideal)
	s.AUGRC = generalisedRiskArea(sorted)
	s.Curve, s.Reliability, s.Thresholds = riskCurve(sorted), bins(sorted), ladder(sorted)
	for _, target := range precisionTargets() {
		s.Coverage = append(s.Coverage, at(sorted, target))
	}
	return s
}

// generalisedRiskArea is the area under the generalised risk-coverage curve: at each coverage the share of all cases that would be
// answered and wrong (Traub et al. 2024, Overcoming Common Flaws in the Evaluation of Selective Classification Systems). Unlike
// AURC it does not count the surest few over and over. sorted begins with the surest.
func generalisedRiskArea(sorted []judged) float64 {
	wrong, area := 0.0, 0.0
	for _, c := range sorted {
		if !c.right {
			wrong++
		}
		area += wrong
	}
	return area / float64(len(sorted)*len(sorted))
}

func riskCurve(sorted []judged) []RiskPoint {
	var curve []RiskPoint
	wrong := 0
	every := max(1, len(sorted)/maxCurvePoints)
	for i, c := range sorted {
		if !c.right {
			wrong++
		}
		if i%every == 0 || i == len(sorted)-1 {
			curve = append(curve, RiskPoint{Coverage: float64(i+1) / float64(len(sorted)), Risk: float64(wrong) / float64(i+1)})
		}
	}
	return curve
}

// String is a line for a terminal.
func (s Selective) String() string {
	if s.N == 0 {
		return "confidence: no case got as far as a draft"
	}
	var line strings.Builder
	fmt.Fprintf(&line, "confidence over %d drafts, %d right: AURC %.4f, E-AURC %.4f, AUGRC %.4f, ECE %.4f, Brier %.4f", s.N, s.Right,
		s.AURC, s.EAURC, s.AUGRC, s.ECE, s.Brier)
	for _, c := range s.Coverage {
		if c.Proven {
			fmt.Fprintf(&line, "; precision %.2f proved at coverage %.2f", c.Wanted, c.Coverage.Rate)
		}
	}
	return line.String()
}
