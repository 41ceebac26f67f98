package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskhand/deskhand/retrieval"
)

// Level says how bad a finding is.
type Level string

// The levels. An error would give customers something wrong; a warning wants a look; a note is for planning.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Note    Level = "note"
)

// Finding is something that is wrong, or will be, with an article.
type Finding struct {
	Check   string `json:"check"`
	Fix     string `json:"fix"`
	Level   Level  `json:"level"`
	Locale  string `json:"locale,omitempty"`
	Message string `json:"message"`
	Slug    string `json:"slug,omitempty"`
}

// The checks.
const (
	checkContradiction = "contradiction" // amounts, percentages or times differ between languages
	checkDeadLink      = "dead-link"     // leads to an article that is not there
	checkDue           = "due-soon"      // the review date is near
	checkDuplicate     = "duplicate"     // says nearly the same as another article, by MinHash over the text
	checkIntent        = "intent"        // unknown to the taxonomy
	checkRedirect      = "redirect"      // leads nowhere
	checkReview        = "no-review"     // has no review date
	checkStale         = "stale"         // the review date has passed
	checkTitle         = "title"         // is no title
	checkTranslation   = "translation"   // is asked for in a language that it does not have
)

// Options are what articles are held against. A check whose part is missing is left out.
type Options struct {
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
	Text func(a retrieval.Article) []Finding
	// Traffic says what customers ask in which language.
	Traffic []Traffic
}

// Traffic is how often an intent was asked about in a language.
type Traffic struct {
	Intent    string `db:"intent"`
	Locale    string `db:"locale"`
	Questions int    `db:"questions"`
}

// Check looks for what is wrong with articles, all at once: much of it shows only beside the others. Errors come first, then
// by check, slug and language.
func Check(articles []retrieval.Article, options Options) []Finding {
	l := linter{options: options, shelf: make(map[string]map[string]retrieval.Article)}
	for _, a := range articles {
		if a.Status == retrieval.StatusArchived {
			continue
		}
		if l.shelf[a.Slug] == nil {
			l.shelf[a.Slug] = make(map[string]retrieval.Article)
		}
		l.shelf[a.Slug][a.Locale] = a
	}
	for _, a := range articles {
		if a.Status == retrieval.StatusArchived {
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
	slices.SortStableFunc(l.findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.Level.rank(), y.Level.rank()), strings.Compare(x.Check, y.Check),
			strings.Compare(x.Slug, y.Slug), strings.Compare(x.Locale, y.Locale), strings.Compare(x.Message, y.Message))
	})
	return slices.Compact(l.findings)
}

func (l Level) rank() int { return slices.Index([]Level{Error, Warning, Note}, l) }

// linter is one run of Check.
type linter struct {
	findings []Finding
	options  Options
	// shelf holds the articles by slug and language.
	shelf map[string]map[string]retrieval.Article
}

func (l *linter) add(level Level, check string, a retrieval.Article, message, fix string) {
	l.findings = append(l.findings, Finding{Check: check, Fix: fix, Level: level, Locale: a.Locale, Message: message, Slug: a.Slug})
}

// fields checks what stands above the text.
func (l *linter) fields(a retrieval.Article) {
	if a.Title == a.Slug || strings.TrimSpace(a.Title) == "" {
		l.add(Warning, checkTitle, a, "the title only repeats the slug", "write the question or topic that the article answers")
	}
	if l.options.Intents != nil {
		for _, intent := range a.Intents {
			if !slices.Contains(l.options.Intents, intent) {
				l.add(Error, checkIntent, a, fmt.Sprintf("the taxonomy has no intent %q", intent), "use one of deskhand triage intents")
			}
		}
	}
	if a.Status != retrieval.StatusPublished {
		return
	}
	today := l.options.Now.UTC().Truncate(24 * time.Hour)
	switch {
	case a.ReviewBy.IsZero():
		l.add(Warning, checkReview, a, "has no review date: it never goes stale", "set review_by")
	case a.ReviewBy.Before(today):
		l.add(Warning, checkStale, a, "was to be reviewed by "+a.ReviewBy.Format(retrieval.DateLayout)+": it feeds no automatic answer",
			"review it and set review_by, or archive it")
	case a.ReviewBy.Before(today.Add(l.options.DueWithin)):
		l.add(Note, checkDue, a, "is to be reviewed by "+a.ReviewBy.Format(retrieval.DateLayout), "review it and set review_by")
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
				l.add(Warning, checkTranslation, retrieval.Article{Locale: locale, Slug: slug},
					fmt.Sprintf("%d questions about it were asked in %s, and it is not in that language", sum, locale), "translate it")
			}
		}
	}
}

// publicIntents are what the versions answer that customers may read.
func publicIntents(versions map[string]retrieval.Article) map[string]bool {
	intents := make(map[string]bool)
	for _, a := range versions {
		if a.Status != retrieval.StatusPublished || a.Audience != retrieval.AudiencePublic {
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
			l.add(Warning, checkRedirect, retrieval.Article{Slug: old}, fmt.Sprintf("leads to %q, and there is no such article", end),
				"lead it elsewhere, or remove it: deskhand kb redirect")
		}
	}
}
