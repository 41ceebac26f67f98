package evals

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant/guard"
)

// JudgeReport is how far a model that judges replies agrees with the people who labelled drafts, about one question: does the
// draft say what its sources say? The guard, which compares words and calls no model, stands beside it on the same rows.
type JudgeReport struct {
	Disagreed []string `json:"disagreed"` // ids of rows that the model judged otherwise than people did
	Failed    []string `json:"failed"`    // ids of rows of which the model gave no opinion: they count in neither agreement
	Guard     Kappa    `json:"guard"`
	Judge     Kappa    `json:"judge"`
	Model     string   `json:"model"`
}

// JudgeRun asks a judge about labelled drafts.
type JudgeRun struct {
	Guard    *guard.Guard
	Judge    Judge
	Parallel int    // calls at once
	Progress func() // called when a row is done, by several goroutines
}

// Grounded returns the rows that say whether a draft is supported by its sources: those that may pass, and those whose fault it
// is to say something else. A draft with another fault may be well supported.
func Grounded(rows []GuardRow) []GuardRow {
	return slices.DeleteFunc(slices.Clone(rows), func(row GuardRow) bool {
		return row.Verdict == "block" && row.Kind != "number" && row.Kind != "unsupported"
	})
}

// Measure asks about each row once. What scores as much as a suite asks for counts as supported.
// It fails when ctx ends.
func (j JudgeRun) Measure(ctx context.Context, rows []GuardRow) (JudgeReport, error) {
	least := Assertion{Type: AssertGroundedJudge}.threshold()
	judgements := make([]Judgement, len(rows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(j.Parallel, 1))
	for i, row := range rows {
		group.Go(func() error {
			var err error
			if judgements[i], err = j.Judge.ask(ctx, groundedCriterion, row.reply()); err != nil {
				judgements[i].Failed = true
			}
			j.Progress()
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return JudgeReport{}, err
	}
	report := JudgeReport{Disagreed: []string{}, Failed: []string{}, Model: j.Judge.Model.Name()}
	var model, words []Opinions
	for i, row := range rows {
		if judgements[i].Failed {
			report.Failed = append(report.Failed, row.ID)
			continue
		}
		people, judged, compared := CorrectAnswer, CorrectAnswer, CorrectAnswer
		if row.Verdict == "block" {
			people = WrongAnswer
		}
		if judgements[i].Score < least {
			judged = WrongAnswer
		}
		if j.objects(row) {
			compared = WrongAnswer
		}
		if people != judged {
			report.Disagreed = append(report.Disagreed, row.ID)
		}
		model = append(model, Opinions{people, judged})
		words = append(words, Opinions{people, compared})
	}
	labels := []Ending{CorrectAnswer, WrongAnswer}
	report.Judge, report.Guard = newKappa(model, labels), newKappa(words, labels)
	return report, nil
}

// objects reports whether the guard finds something in a draft that its sources do not say.
func (j JudgeRun) objects(row GuardRow) bool {
	checks := append(checksOf("unsupported"), checksOf("number")...)
	return slices.ContainsFunc(j.Guard.Check(row.Text(), guard.Registry{}), func(f guard.Finding) bool {
		return slices.Contains(checks, f.Check)
	})
}

// reply is the row as the judge of a suite sees a reply.
func (r GuardRow) reply() Result {
	trace := &Trace{}
	for _, text := range r.Sources {
		trace.Retrieved = append(trace.Retrieved, Retrieved{Text: text})
	}
	return Result{Reply: r.Draft, Trace: trace}
}
