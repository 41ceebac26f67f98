package console_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
)

func TestLiveQuestionsAreLabelledWithTheKeyboard(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	lea, other := s.addAs(t, "Lea", access.Lead), s.addAs(t, "Max", access.Lead)
	s.ask(t, pending)
	s.ask(t, "<b>hi</b> "+wanted)
	b := newTab(t)
	b.enter(s, lea)
	b.open(s.Base + "/console/evals")
	b.Do(`$('#draw').requestSubmit()`)
	b.await(`$('.top .button')?.textContent.includes('(2)')`)
	b.press("r")
	b.await(`document.body.dataset.page === 'reviews' && $('#label')`)
	b.Picture("review")
	for left := 2; left > 0; left-- {
		require.Equal(t, 0, read[int](b, `$$('.talk b').length`), "text from outside is text")
		b.press("i")
		b.await(`focus().name === 'note'`)
		b.Write("as it should be")
		b.Key("\x1b")
		b.press(read[string](b, `$('[data-label]:not([disabled])').dataset.key`))
		if left > 1 {
			b.await(`location.search && $('#label') && $('[data-key="z"]')`)
		}
	}
	b.await(`document.body.dataset.page === 'reviews' && !$('#label')`)
	b.press("z")
	b.await(`$('[aria-pressed=true]') && $('#labels')?.textContent.includes('as it should be')`)

	// The other one does not see it, and decides alone.
	second := newTab(t)
	second.enter(s, other)
	second.open(s.Base + "/console/reviews?ui=zh-Hans")
	require.Equal(t, 0, read[int](second, `$$('#labels li, [aria-pressed=true]').length`))
	reviews, err := s.Online.Reviews(t.Context(), online.ReviewFilter{Limit: 10, Reviewer: lea.ID})
	require.NoError(t, err)
	for _, r := range reviews {
		_, err := s.Online.Label(t.Context(), online.Labelling{Actor: desk.Actor{ID: other.ID, Lead: true}, Label: r.Labels[0].Label, RunID: r.RunID})
		require.NoError(t, err)
	}
	for range 2 {
		run, err := s.Archive.Begin(t.Context(), archive.Run{Cases: 1, Fingerprint: zeros, Repeats: 1, Suite: "smoke", SuiteHash: zeros})
		require.NoError(t, err)
		require.NoError(t, s.Archive.Add(t.Context(), run.ID, zeros, evals.Result{
			Case: evals.Case{ID: "one", Conversation: []string{"<script>alert(1)</script>"}}, Checks: []evals.Check{{Name: "outcome", Passed: true}},
			Ending: evals.CorrectAnswer, Outcome: "answered",
		}))
		require.NoError(t, s.Archive.End(t.Context(), run.ID, archive.StatusFinished))
	}
	require.NoError(t, s.Online.Watch(t.Context()))
	b.open(s.Base + "/console/evals")
	b.Picture("evals")
	require.Contains(t, read[string](b, `$('#quality').innerText`), "50.0 %")
	require.Contains(t, read[string](b, `$('#drift').innerText`), "Hand-offs")
	require.Equal(t, 1, read[int](b, `$$('.trend polyline').length`))
	require.Contains(t, read[string](b, `$('#runs').innerText`), "1 / 1 (100 %)")
	b.Do(`location.assign($('#runs tr a[href*=baseline]').href)`)
	b.Await(`location.pathname.endsWith('/report') && document.readyState === 'complete' && document.body.innerText.includes('smoke')`)
	require.Equal(t, "null", read[string](b, `String(self.origin)`), "the report has no origin: it cannot use the session")
	b.Picture("evals-report")
	b.clean()
}

// zeros is a hash.
const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
