package retrieval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// Effect is what a changed article does to a question.
type Effect string

// The effects.
const (
	EffectChanged Effect = "changed" // the article answers it as before, with other words
	EffectGained  Effect = "gained"  // the article answers it, and did not
	EffectLost    Effect = "lost"    // the article answered it, and does not
	EffectNone    Effect = "none"
)

// Impact is what a changed article does to one question, with the passages that fit it best before and after.
type Impact struct {
	After, Before string
	Effect        Effect
}

// Impact estimates what another text of an article does to a question, given what a search finds for it now. Nothing is stored:
// the passages of the new text are ranked (Rank) beside those that were found, so the order is near to, but not that of, a search
// after the change.
func (x *Index) Impact(ctx context.Context, question Text, found Results, changed Article) (Impact, error) {
	drafts, err := passage.Split(changed.Title, changed.Body)
	if err != nil {
		return Impact{}, fmt.Errorf("cut article: %w", err)
	}
	var c contest
	for _, hit := range found.Hits {
		own := hit.Article.Slug == changed.Slug && hit.Article.Locale == changed.Locale
		for _, p := range append([]Passage{hit.Passage}, hit.More...) {
			c.add(contender{
				after: !own, before: true, body: p.Body, own: own,
				text: Text{Body: passage.IndexText(hit.Article.Title, p.HeadingPath, p.Body), Locale: hit.Article.Locale},
			})
		}
	}
	if changed.Status == StatusPublished {
		for _, d := range drafts {
			c.add(contender{after: true, body: d.Body, own: true, text: Text{Body: d.Text, Locale: changed.Locale}})
		}
	}
	if len(c.texts) == 0 {
		return Impact{Effect: EffectNone}, nil
	}
	return c.judge(x.Rank(ctx, question, c.texts)), nil
}

// contender is a passage that could answer.
type contender struct {
	after, before bool // whether it is there then
	body          string
	own           bool // of the changed article
	text          Text
}

// contest are the passages that could answer a question, before the change or after it.
type contest struct {
	contenders []contender
	texts      []Text
}

func (c *contest) add(one contender) {
	c.contenders, c.texts = append(c.contenders, one), append(c.texts, one.text)
}

func (c *contest) judge(ranked []Ranked) Impact {
	var before, after contender
	for _, r := range slices.Backward(ranked) { // from the last, so that the best remains
		one := c.contenders[r.Index]
		if one.before {
			before = one
		}
		if one.after {
			after = one
		}
	}
	impact := Impact{After: after.body, Before: before.body, Effect: EffectNone}
	switch {
	case before.own && after.own && strings.TrimSpace(before.body) != strings.TrimSpace(after.body):
		impact.Effect = EffectChanged
	case before.own && !after.own:
		impact.Effect = EffectLost
	case !before.own && after.own:
		impact.Effect = EffectGained
	}
	return impact
}
