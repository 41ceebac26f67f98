package evals

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval/passage"
)

// The kinds of a sentence and what it cites.
const (
	EntailTrue     = "true"      // the source says it, in other words
	EntailArticle  = "article"   // an article's own sentence, which cites another version of the article
	EntailOther    = "other"     // a true sentence that cites the next article instead
	EntailLie      = "lie"       // about the article's topic, and not in it
	EntailOffTopic = "off_topic" // about something else altogether
	entailText     = "text"      // a source of the table's own, in no article
)

// EntailmentRow is a sentence and a text in another language that it cites: the passages of an article.
type EntailmentRow struct {
	Article        string
	Draft          string
	Kind           string
	Lang           string
	Passages       []string // the sentence cites one of them, whichever suits it best
	SourceLanguage string
}

// Half tells to which half the row belongs: by the sentence, so that it is in one half with all that it cites.
func (r EntailmentRow) Half() Half { return halfOf(r.Draft) }

// Entailments are the rows that a table of sentences and a folder of articles give, LOCALE/SLUG.md.
type Entailments struct {
	articles fs.FS
	passages map[string][]string // by LOCALE/SLUG
	slugs    []string            // in every language, in order
	texts    []string            // names of the table's own sources
}

// ReadEntailments reads a table: the first line names the languages after "kind" and "articles"; a line is one sentence in these
// languages, or a source, with the articles (or sources) that it is held against, by their slugs. A text may be missing. To these
// rows it adds one in every of the articles' own sentences, held against the versions of its article in the other languages.
func ReadEntailments(r io.Reader, articles fs.FS, every int) ([]EntailmentRow, error) {
	e := &Entailments{articles: articles, passages: make(map[string][]string)}
	if err := e.readSlugs(); err != nil {
		return nil, err
	}
	rows, err := e.readTable(r)
	if err != nil {
		return nil, err
	}
	own, err := e.ownSentences(every)
	return append(rows, own...), err
}

// readSlugs finds the articles that every locale has.
func (e *Entailments) readSlugs() error {
	files, err := fs.Glob(e.articles, "*/*.md")
	if err != nil {
		return fmt.Errorf("find articles: %w", err)
	}
	locales, count := make(map[string]bool), make(map[string]int)
	for _, file := range files {
		locales[path.Dir(file)] = true
		count[path.Base(file)]++
	}
	for name, n := range count {
		if n == len(locales) {
			e.slugs = append(e.slugs, strings.TrimSuffix(name, ".md"))
		}
	}
	slices.Sort(e.slugs)
	if len(e.slugs) < 2 {
		return errors.New("find articles: fewer than two are there in every language")
	}
	return nil
}

func (e *Entailments) readTable(r io.Reader) ([]EntailmentRow, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var languages []string
	var rows []EntailmentRow
	for number := 1; lines.Scan(); number++ {
		fields := strings.Split(lines.Text(), "\t")
		if languages == nil {
			if len(fields) < 3 || fields[0] != "kind" || fields[1] != "articles" {
				return nil, errors.New(`line 1: expected "kind", "articles" and the languages, with tabs between them`)
			}
			languages = fields[2:]
			continue
		}
		if len(fields) != len(languages)+2 {
			return nil, fmt.Errorf("line %d: %d columns instead of %d", number, len(fields), len(languages)+2)
		}
		found, err := e.line(fields, languages)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		rows = append(rows, found...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	return rows, nil
}

// line takes a line of the table.
func (e *Entailments) line(fields, languages []string) ([]EntailmentRow, error) {
	kind, texts := fields[0], fields[2:]
	if kind == entailText {
		e.texts = append(e.texts, fields[1])
		for i, text := range texts {
			e.passages[languages[i]+"/"+fields[1]] = []string{text}
		}
		return nil, nil
	}
	if kind != EntailTrue && kind != EntailLie && kind != EntailOffTopic {
		return nil, fmt.Errorf("kind %q is none of text, true, lie and off_topic", kind)
	}
	var rows []EntailmentRow
	for i, text := range texts {
		for slug := range strings.SplitSeq(fields[1], ",") {
			against, err := e.against(EntailmentRow{Article: slug, Draft: text, Kind: kind, Lang: languages[i]}, languages)
			if err != nil {
				return nil, err
			}
			rows = append(rows, against...)
		}
	}
	return rows, nil
}

// against is the row once for each other language that the article is in; a true sentence also with another article.
func (e *Entailments) against(row EntailmentRow, languages []string) ([]EntailmentRow, error) {
	var rows []EntailmentRow
	if row.Draft == "" {
		return nil, nil
	}
	for _, language := range languages {
		if base(language) == base(row.Lang) {
			continue
		}
		row.SourceLanguage = language
		passages, err := e.of(language, row.Article)
		if err != nil {
			return nil, err
		}
		if len(passages) == 0 {
			continue
		}
		row.Passages = passages
		rows = append(rows, row)
		if row.Kind != EntailTrue {
			continue
		}
		other := row
		other.Kind, other.Article = EntailOther, e.next(row.Article)
		if other.Passages, err = e.of(language, other.Article); err != nil {
			return nil, err
		}
		rows = append(rows, other)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%q is no article in another language than %s", row.Article, row.Lang)
	}
	return rows, nil
}

// next is the article, or source of the table, that stands behind one.
func (e *Entailments) next(slug string) string {
	for _, names := range [][]string{e.texts, e.slugs} {
		if i := slices.Index(names, slug); i >= 0 {
			return names[(i+1)%len(names)]
		}
	}
	return e.slugs[0]
}

// of returns the passages of an article in a language, none where there is none.
func (e *Entailments) of(language, slug string) ([]string, error) {
	key := language + "/" + slug
	if passages, ok := e.passages[key]; ok {
		return passages, nil
	}
	content, err := fs.ReadFile(e.articles, key+".md")
	if errors.Is(err, fs.ErrNotExist) {
		e.passages[key] = nil
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read article: %w", err)
	}
	_, rest, _ := strings.Cut(string(content), "---\n")
	_, body, _ := strings.Cut(rest, "---\n")
	drafts, err := passage.Split("", body)
	if err != nil {
		return nil, fmt.Errorf("split %s: %w", key, err)
	}
	for _, draft := range drafts {
		e.passages[key] = append(e.passages[key], draft.Body)
	}
	return e.passages[key], nil
}

// ownSentences are the articles' own, but for rows of tables and lists of words.
func (e *Entailments) ownSentences(every int) ([]EntailmentRow, error) {
	languages, err := e.languages()
	if err != nil {
		return nil, err
	}
	var rows []EntailmentRow
	number := 0
	for _, language := range languages {
		for _, slug := range e.slugs {
			sentences, err := e.prose(language, slug)
			if err != nil {
				return nil, err
			}
			for _, sentence := range sentences {
				if number++; number%every != 0 {
					continue
				}
				more, err := e.against(EntailmentRow{Article: slug, Draft: sentence, Kind: EntailArticle, Lang: language}, languages)
				if err != nil {
					return nil, err
				}
				rows = append(rows, more...)
			}
		}
	}
	return rows, nil
}

// languages are those that the articles are in.
func (e *Entailments) languages() ([]string, error) {
	entries, err := fs.ReadDir(e.articles, ".")
	if err != nil {
		return nil, fmt.Errorf("find articles: %w", err)
	}
	var languages []string
	for _, entry := range entries {
		if entry.IsDir() {
			languages = append(languages, entry.Name())
		}
	}
	return languages, nil
}

// prose are the sentences of an article in a language.
func (e *Entailments) prose(language, slug string) ([]string, error) {
	passages, err := e.of(language, slug)
	if err != nil {
		return nil, err
	}
	var sentences []string
	for _, sentence := range passage.Sentences(strings.Join(passages, "\n")) {
		if sentence = strings.TrimSpace(sentence); isProse(sentence) {
			sentences = append(sentences, sentence)
		}
	}
	return sentences, nil
}

// isProse reports a sentence, not a row of a table or a word in a list.
func isProse(text string) bool {
	const fewestRunes = 12
	return utf8.RuneCountInString(text) >= fewestRunes && !strings.Contains(text, "|") && strings.ContainsAny(text, ".。؟!")
}

func base(language string) string {
	base, _, _ := strings.Cut(language, "-")
	return base
}

// EntailmentScore is what the guard makes of rows of one kind.
type EntailmentScore struct {
	AUC     float64 `json:"auc"` // of the score, against the true sentences
	Stopped Share   `json:"stopped"`
}

// EntailmentReport says what the guard makes of sentences whose sources are in another language.
type EntailmentReport struct {
	Kinds map[string]EntailmentScore            `json:"kinds"`
	Least []EntailmentLeast                     `json:"least"`
	Pairs map[string]map[string]EntailmentScore `json:"pairs"` // by "draft>source"
}

// EntailmentLeast is a threshold of the score: the share of true sentences that lies below it.
type EntailmentLeast struct {
	Score float64 `json:"score"`
	Share float64 `json:"share"`
}

// leastShares are those that the guard's thresholds stop: of any sentence, and of one that may do harm.
var leastShares = []float64{0.025, 0.07}

// leastScores are the scores that these shares of the true sentences lie below.
func leastScores(rows []weighed) []EntailmentLeast {
	var trues []float64
	for _, row := range rows {
		if row.row.Kind == EntailTrue {
			trues = append(trues, row.score)
		}
	}
	if len(trues) == 0 {
		return nil
	}
	slices.Sort(trues)
	least := make([]EntailmentLeast, len(leastShares))
	for i, share := range leastShares {
		least[i] = EntailmentLeast{Score: trues[int(share*float64(len(trues)))], Share: share}
	}
	return least
}

// weighed is a row with what came of it.
type weighed struct {
	row     EntailmentRow
	score   float64
	stopped bool
}

// Entailment measures the guard on rows: every sentence is a draft of its own, and cites the passage that is most like it.
func Entailment(g *guard.Guard, rows []EntailmentRow) EntailmentReport {
	all := make([]weighed, len(rows))
	pairs := make(map[string][]weighed)
	for i, row := range rows {
		all[i] = weigh(g, row)
		pair := row.Lang + ">" + row.SourceLanguage
		pairs[pair] = append(pairs[pair], all[i])
	}
	report := EntailmentReport{Kinds: scores(all), Least: leastScores(all), Pairs: make(map[string]map[string]EntailmentScore)}
	for pair, rows := range pairs {
		report.Pairs[pair] = scores(rows)
	}
	return report
}

func weigh(g *guard.Guard, row EntailmentRow) weighed {
	result := weighed{row: row, score: -1}
	cited := ""
	for _, text := range row.Passages {
		if score := g.Support(row.Draft)(text).Score(); score > result.score {
			result.score, cited = score, text
		}
	}
	findings := g.Check(guard.Text{
		Body: row.Draft, Language: row.Lang, Sentences: []guard.Sentence{{Sources: []string{cited}, Text: row.Draft}},
	}, guard.Registry{})
	result.stopped = slices.ContainsFunc(findings, func(f guard.Finding) bool {
		return f.Check == guard.CheckGrounding || f.Check == guard.CheckContradiction
	})
	return result
}

func scores(rows []weighed) map[string]EntailmentScore {
	found := make(map[string]EntailmentScore)
	for _, kind := range []string{EntailTrue, EntailArticle, EntailOther, EntailLie, EntailOffTopic} {
		stopped, n := 0, 0
		for _, row := range rows {
			if row.row.Kind == kind {
				n++
				if row.stopped {
					stopped++
				}
			}
		}
		if n > 0 {
			found[kind] = EntailmentScore{AUC: aucAgainst(rows, kind), Stopped: NewShare(stopped, n)}
		}
	}
	return found
}

// aucAgainst is the probability that a true sentence has a higher score than one of a kind.
func aucAgainst(rows []weighed, kind string) float64 {
	sorted := slices.DeleteFunc(slices.Clone(rows), func(j weighed) bool { return j.row.Kind != EntailTrue && j.row.Kind != kind })
	slices.SortFunc(sorted, func(a, b weighed) int { return cmp.Compare(a.score, b.score) })
	below, lower, higher := 0.0, 0.0, 0.0
	for i := 0; i < len(sorted); {
		trues, others := 0.0, 0.0
		end := i
		for ; end < len(sorted) && sorted[end].score == sorted[i].score; end++ {
			if sorted[end].row.Kind == EntailTrue {
				trues++
			} else {
				others++
			}
		}
		below += trues * (lower + others/2)
		lower, higher, i = lower+others, higher+trues, end
	}
	if kind == EntailTrue || lower == 0 || higher == 0 {
		return 0
	}
	return below / (lower * higher)
}
