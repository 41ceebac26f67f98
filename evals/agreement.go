package evals

import (
	"fmt"
	"math"
	"slices"
)

// Kappa is how far two people agree beyond what chance gives: 1 always, 0 no more than by chance (Cohen 1960, A Coefficient of
// Agreement for Nominal Scales). The interval is at 95 %.
type Kappa struct {
	Agreed   int     `json:"agreed"`   // pairs with the same label
	Defined  bool    `json:"defined"`  // false without pairs, and where all labels of all pairs are the same: chance explains everything
	Expected float64 `json:"expected"` // share of pairs that would agree by chance
	Lower    float64 `json:"lower"`
	Observed float64 `json:"observed"` // share of pairs that agree
	Pairs    int     `json:"pairs"`
	Upper    float64 `json:"upper"`
	Value    float64 `json:"value"`
}

// Agreement is how far the reviewers of a sample agree.
type Agreement struct {
	All      Kappa            `json:"all"`
	HandOffs Kappa            `json:"handoffs"` // of questions that were handed over
	Labels   map[Ending]Kappa `json:"labels"`   // each against the rest, over the questions that could get it
	Replies  Kappa            `json:"replies"`  // of questions that were replied to
}

// Opinions are the labels that two people gave one question without knowing the other's.
type Opinions [2]Ending

// HandOffLabels are what a question can be labelled with that was handed over; all others were replied to.
func HandOffLabels() []Ending { return []Ending{RightHandOff, NeedlessHandOff} }

// ReplyLabels are what a question can be labelled with that was replied to.
func ReplyLabels() []Ending { return []Ending{CorrectAnswer, WrongAnswer, MissedHandOff} }

// Agree measures how far two reviewers agree. What can be said of a question depends on whether it was handed over, which both
// see: over all questions that alone makes for agreement. So kappa is also given for replies and hand-offs, each on its own.
func Agree(pairs []Opinions) Agreement {
	var handed, replied []Opinions
	for _, p := range pairs {
		if slices.Contains(HandOffLabels(), p[0]) {
			handed = append(handed, p)
		} else {
			replied = append(replied, p)
		}
	}
	agreement := Agreement{
		All: newKappa(pairs, Endings()), HandOffs: newKappa(handed, HandOffLabels()), Labels: make(map[Ending]Kappa),
		Replies: newKappa(replied, ReplyLabels()),
	}
	for _, label := range Endings() {
		among := replied
		if slices.Contains(HandOffLabels(), label) {
			among = handed
		}
		agreement.Labels[label] = newKappa(against(among, label), []Ending{label, ""})
	}
	return agreement
}

// against leaves of each opinion whether it is the label.
func against(pairs []Opinions, label Ending) []Opinions {
	reduced := make([]Opinions, len(pairs))
	for i, p := range pairs {
		for who, given := range p {
			if given == label {
				reduced[i][who] = label
			}
		}
	}
	return reduced
}

// newKappa counts pairs of opinions over some labels. The standard error is that of large samples for a kappa that is not 0 (Fleiss,
// Cohen and Everitt 1969, Large Sample Standard Errors of Kappa and Weighted Kappa).
func newKappa(pairs []Opinions, labels []Ending) Kappa {
	k := Kappa{Pairs: len(pairs)}
	if k.Pairs == 0 {
		return k
	}
	n := float64(k.Pairs)
	shares := make([][]float64, len(labels)) // by the first opinion, then by the second
	for i := range shares {
		shares[i] = make([]float64, len(labels))
	}
	first, second := make([]float64, len(labels)), make([]float64, len(labels))
	for _, p := range pairs {
		i, j := slices.Index(labels, p[0]), slices.Index(labels, p[1])
		shares[i][j] += 1 / n
		first[i] += 1 / n
		second[j] += 1 / n
		if i == j {
			k.Agreed++
		}
	}
	k.Observed = float64(k.Agreed) / n
	for i := range labels {
		k.Expected += first[i] * second[i]
	}
	const certain = 1 - 1e-12 // both always say the same one thing
	if k.Expected > certain {
		return k
	}
	k.Defined = true
	k.Value = (k.Observed - k.Expected) / (1 - k.Expected)
	reach := deviate * kappaError(k, shares, [2][]float64{first, second})
	k.Lower, k.Upper = max(-1, k.Value-reach), min(1, k.Value+reach)
	return k
}

// kappaError is the standard error of a kappa from the shares of pairs and each person's shares of labels.
func kappaError(k Kappa, shares [][]float64, margins [2][]float64) float64 {
	rest := 1 - k.Value
	sum := 0.0
	for i := range shares {
		for j := range shares[i] {
			both := margins[1][i] + margins[0][j]
			if i == j {
				term := 1 - both*rest
				sum += shares[i][j] * term * term
			} else {
				sum += shares[i][j] * rest * rest * both * both
			}
		}
	}
	off := k.Value - k.Expected*rest
	variance := (sum - off*off) / (float64(k.Pairs) * (1 - k.Expected) * (1 - k.Expected))
	return math.Sqrt(max(0, variance))
}

// String is the kappa for a person who reads a table.
func (k Kappa) String() string {
	if !k.Defined {
		return fmt.Sprintf("- %d/%d agree", k.Agreed, k.Pairs)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f] %d/%d agree", k.Value, k.Lower, k.Upper, k.Agreed, k.Pairs)
}

// LabelShares says how often each label was given.
func LabelShares(labels []Ending) map[Ending]Share {
	shares := make(map[Ending]Share)
	for _, label := range Endings() {
		hits := 0
		for _, given := range labels {
			if given == label {
				hits++
			}
		}
		shares[label] = NewShare(hits, len(labels))
	}
	return shares
}
