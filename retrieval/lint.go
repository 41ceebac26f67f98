package retrieval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// LintLevel says how bad a finding is.
type LintLevel string

// The levels. An error would give customers something wrong; a warning wants a look; a note is for planning.
const (
	LintError   LintLevel = "error"
	LintWarning LintLevel = "warning"
	LintNote    LintLevel = "note"
)

// LintFinding is something that is wrong, or will be, with an article.
type LintFinding struct {
	Check   string    `json:"check"`
	Fix     string    `json:"fix"`
	Level   LintLevel `json:"level"`
	Locale  string    `json:"locale,omitempty"`
	Message string    `json:"message"`
	Slug    string    `json:"slug,omitempty"`
}

// The checks.
const (
	lintContradiction = "contradiction" // amounts, percentages or times differ between languages
	lintDeadLink      = "dead-link"     // leads to an article that is not there
	lintDue           = "due-soon"      // the review date is near
	lintDuplicate     = "duplicate"     // says nearly the same as another article, by MinHash over the text
	lintIntent        = "intent"        // unknown to the taxonomy
	lintRedirect      = "redirect"      // leads nowhere
	lintReview        = "no-review"     // has no review date
	lintStale         = "stale"         // the review date has passed
	lintTitle         = "title"         // is no title
	lintTranslation   = "translation"   // is asked for in a language that it does not have
)

// LintOptions are what articles are held against. A check whose part is missing is left out.
type LintOptions struct {
	// DueWithin is how long before its review date an article is due.
	DueWithin time.Duration
	// Hosts are the desk's own, whose /LOCALE/SLUG addresses must be there.
	Hosts []string
	// Intents are those of the taxonomy.
	Intents []string
	Now     time.Time
	// Redirects are the earlier slugs with the slugs that they lead to.
	Redirects map[string]string
	// Text judges the words of an article: contacts that are not the desk's, requests for a secret.
	Text func(a Article) []LintFinding
	// Traffic says what customers ask in which language.
	Traffic []Traffic
}

// Traffic is how often an intent was asked about in a language.
type Traffic struct {
	Intent    string `db:"intent"`
	Locale    string `db:"locale"`
	Questions int    `db:"questions"`
}

// Lint looks for what is wrong with articles, all at once: much of it shows only beside the others. Errors come first, then
// by check, slug and language.
func Lint(articles []Article, options LintOptions) []LintFinding {
	l := linter{options: options, shelf: make(map[string]map[string]Article)}
	for _, a := range articles {
		if a.Status == StatusArchived {
			continue
		}
		if l.shelf[a.Slug] == nil {
			l.shelf[a.Slug] = make(map[string]Article)
		}
		l.shelf[a.Slug][a.Locale] = a
	}
	for _, a := range articles {
		if a.Status == StatusArchived {
			continue
		}
		l.fields(a)
		l.links(a)
		if options.Text != nil {
			for _, finding := range options.Text(a) {
				finding.Slug, finding.Locale = a.Slug, a.Locale
				l.findings = append(l.findings, finding)
			}
		}
	}
	l.contradictions()
	l.duplicates(articles)
	l.translations()
	l.redirects()
	slices.SortStableFunc(l.findings, func(x, y LintFinding) int {
		return cmp.Or(cmp.Compare(x.Level.rank(), y.Level.rank()), strings.Compare(x.Check, y.Check),
			strings.Compare(x.Slug, y.Slug), strings.Compare(x.Locale, y.Locale), strings.Compare(x.Message, y.Message))
	})
	return slices.Compact(l.findings)
}

func (l LintLevel) rank() int { return slices.Index([]LintLevel{LintError, LintWarning, LintNote}, l) }

// linter is one run of Lint.
type linter struct {
	findings []LintFinding
	options  LintOptions
	// shelf holds the articles by slug and language.
	shelf map[string]map[string]Article
}

func (l *linter) add(level LintLevel, check string, a Article, message, fix string) {
	l.findings = append(l.findings, LintFinding{Check: check, Fix: fix, Level: level, Locale: a.Locale, Message: message, Slug: a.Slug})
}

// fields checks what stands above the text.
func (l *linter) fields(a Article) {
	if a.Title == a.Slug || strings.TrimSpace(a.Title) == "" {
		l.add(LintWarning, lintTitle, a, "the title only repeats the slug", "write the question or topic that the article answers")
	}
	if l.options.Intents != nil {
		for _, intent := range a.Intents {
			if !slices.Contains(l.options.Intents, intent) {
				l.add(LintError, lintIntent, a, fmt.Sprintf("the taxonomy has no intent %q", intent), "use one of deskhand triage intents")
			}
		}
	}
	if a.Status != StatusPublished {
		return
	}
	today := l.options.Now.UTC().Truncate(24 * time.Hour)
	switch {
	case a.ReviewBy.IsZero():
		l.add(LintWarning, lintReview, a, "has no review date: it never goes stale", "set review_by")
	case a.ReviewBy.Before(today):
		l.add(LintWarning, lintStale, a, "was to be reviewed by "+a.ReviewBy.Format(dateLayout)+": it feeds no automatic answer",
			"review it and set review_by, or archive it")
	case a.ReviewBy.Before(today.Add(l.options.DueWithin)):
		l.add(LintNote, lintDue, a, "is to be reviewed by "+a.ReviewBy.Format(dateLayout), "review it and set review_by")
	}
}

// Traffic below which nothing is concluded from it.
const (
	leastQuestions   = 20 // in a language
	leastForAnIntent = 3
)

// translations finds published articles that are asked for in a language that they do not have.
func (l *linter) translations() {
	asked := make(map[string]int)
	byIntent := make(map[Traffic]int)
	for _, t := range l.options.Traffic {
		asked[t.Locale] += t.Questions
		byIntent[Traffic{Intent: t.Intent, Locale: t.Locale}] += t.Questions
	}
	for slug, versions := range l.shelf {
		intents := publicIntents(versions)
		for locale, questions := range asked {
			if _, ok := versions[locale]; ok || questions < leastQuestions {
				continue
			}
			sum := 0
			for intent := range intents {
				sum += byIntent[Traffic{Intent: intent, Locale: locale}]
			}
			if sum >= leastForAnIntent {
				l.add(LintWarning, lintTranslation, Article{Locale: locale, Slug: slug},
					fmt.Sprintf("%d questions about it were asked in %s, and it is not in that language", sum, locale), "translate it")
			}
		}
	}
}

// publicIntents are what the versions answer that customers may read.
func publicIntents(versions map[string]Article) map[string]bool {
	intents := make(map[string]bool)
	for _, a := range versions {
		if a.Status != StatusPublished || a.Audience != AudiencePublic {
			continue
		}
		for _, intent := range a.Intents {
			intents[intent] = true
		}
	}
	return intents
}

// redirects finds those that lead to no article.
func (l *linter) redirects() {
	for old := range l.options.Redirects {
		end := old
		for steps := 0; l.options.Redirects[end] != "" && steps <= len(l.options.Redirects); steps++ {
			end = l.options.Redirects[end]
		}
		if l.shelf[end] == nil {
			l.add(LintWarning, lintRedirect, Article{Slug: old}, fmt.Sprintf("leads to %q, and there is no such article", end),
				"lead it elsewhere, or remove it: deskhand kb redirect")
		}
	}
}
