package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// StatsFilter selects what figures count. Times are of what is counted: a question when it was answered, a ticket when it
// was opened, a resolution when it was made, a draft when it was decided, a rating when it was given.
type StatsFilter struct {
	By       string // "day" (UTC), "intent" or "language": figures for each beside the total; empty for the total alone
	From     time.Time
	Intent   string
	Language string
	To       time.Time // without it
}

// Figures are what the desk did in a time. A share of nothing is 0: the count beside it says so.
type Figures struct {
	Answered         int            `json:"answered"`         // questions that the assistant answered
	AutomaticRate    float64        `json:"automatic_rate"`   // Answered of Questions
	CSAT             float64        `json:"csat"`             // share of ratings of 4 and 5
	DraftAcceptance  float64        `json:"draft_acceptance"` // drafts sent as they were, of those decided
	DraftEditShare   float64        `json:"draft_edit_share"` // mean share of an edited draft that was changed
	Drafts           map[string]int `json:"drafts"`           // by fate
	FirstResponseP50 float64        `json:"first_response_p50_seconds"`
	FirstResponseP90 float64        `json:"first_response_p90_seconds"`
	FirstResponses   int            `json:"first_responses"`
	HandOffs         int            `json:"hand_offs"`
	HandOffReasons   map[string]int `json:"hand_off_reasons"`
	Key              string         `json:"key,omitempty"` // of a group
	Outcomes         map[string]int `json:"outcomes"`      // of resolutions, as far as it is known
	Questions        int            `json:"questions"`
	Ratings          int            `json:"ratings"`
	RejectCodes      map[string]int `json:"reject_codes"`
	ResolutionMet    float64        `json:"resolution_met"` // tickets of which the promise to resolve was not missed
	ResolutionP50    float64        `json:"resolution_p50_seconds"`
	ResolutionP90    float64        `json:"resolution_p90_seconds"`
	Resolutions      int            `json:"resolutions"`
	ResponseMet      float64        `json:"response_met"` // tickets of which no promised reply was late
	Tickets          int            `json:"tickets"`      // opened
}

// Stats are figures for a time, and for each group.
type Stats struct {
	From   time.Time `json:"from"`
	Groups []Figures `json:"groups,omitempty"` // by key
	To     time.Time `json:"to"`
	Total  Figures   `json:"total"`
}

// Unanswered is a question that no article answered well enough.
type Unanswered struct {
	Intent   string
	Language string
	Text     string // without secrets
}

// Gap is what the knowledge base lacks: questions of one intent and language in similar words.
type Gap struct {
	Examples []string `json:"examples"` // three at most
	Intent   string   `json:"intent"`
	Language string   `json:"language"`
	Times    int      `json:"times"`
}

const (
	// similar is the share of words in common from which on two questions count as one. Below a half they share a topic,
	// which the intent says already.
	similar     = 0.5
	gapExamples = 3
)

// Gaps groups questions without a good answer, the most frequent first.
func Gaps(questions []Unanswered) []Gap {
	type group struct {
		gap   Gap
		words map[string]bool // of its first question
	}
	var groups []*group
	byIntent := make(map[string][]*group)
	for _, q := range questions {
		words, key := wordSet(q.Text), q.Intent+" "+q.Language
		i := slices.IndexFunc(byIntent[key], func(g *group) bool { return overlap(g.words, words) >= similar })
		if i < 0 {
			g := &group{gap: Gap{Intent: q.Intent, Language: q.Language}, words: words}
			groups, byIntent[key] = append(groups, g), append(byIntent[key], g)
			i = len(byIntent[key]) - 1
		}
		gap := &byIntent[key][i].gap
		gap.Times++
		if len(gap.Examples) < gapExamples && !slices.Contains(gap.Examples, q.Text) {
			gap.Examples = append(gap.Examples, q.Text)
		}
	}
	gaps := make([]Gap, len(groups))
	for i, g := range groups {
		gaps[i] = g.gap
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(b.Times, a.Times) })
	return gaps
}

// wordSet is the set of words of a text; in scripts without spaces, of its characters.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, token := range tokens(strings.ToLower(text)) {
		if word := strings.TrimFunc(token, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }); word != "" {
			set[word] = true
		}
	}
	return set
}

// overlap is the share of words that two sets have in common of all that either has (Jaccard).
func overlap(a, b map[string]bool) float64 {
	common := 0
	for word := range a {
		if b[word] {
			common++
		}
	}
	if all := len(a) + len(b) - common; all > 0 {
		return float64(common) / float64(all)
	}
	return 1
}
