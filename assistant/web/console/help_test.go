package console_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/evals"
)

// TestHelpWithACase shares a service: a case in English was solved, and one like it in Arabic waits.
func TestHelpWithACase(t *testing.T) { //nolint:tparallel // its parts share a tab
	t.Parallel()
	s := newSystem(t)
	lead := s.addAs(t, "Lea", access.Lead)
	s.ask(t, wanted)
	b := newTab(t)
	b.enter(s, lead)
	b.openCase()
	b.press("c")
	b.await(`$('#case').dataset.mine === 'true'`)
	b.Do(`$('#own').click(); $('#body').value = 'The network was busy. It has arrived now.'; $('#body').dispatchEvent(new Event('input', {bubbles: true})); $('#send').click()`)
	b.await(`$('.said.agent')`)
	b.Key("\x1b") // leaves the box
	b.press("s")
	b.await(`$('#d-resolve').open`)
	b.Do(`$('#d-resolve button.main').focus()`)
	b.Key("\r")
	b.await(`$('#case').dataset.status === 'resolved'`)
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")

	t.Run("ALeadKeepsMacrosAndTheGuardReadsThem", func(t *testing.T) { testMacros(t, s, b.in(t)) })          //nolint:paralleltest // one tab
	t.Run("AnAgentInsertsAMacroAsksBackAndDraftsAgain", func(t *testing.T) { testReplyHelp(t, s, b.in(t)) }) //nolint:paralleltest // one tab
	t.Run("AnAgentSeesTranslationsAndSimilarCases", func(t *testing.T) { testReadingHelp(t, b.in(t)) })      //nolint:paralleltest // one tab
	t.Run("ALeadSeesWhatAChangedArticleWouldChange", func(t *testing.T) { testImpact(t, s, b.in(t)) })       //nolint:paralleltest // one tab
	t.Run("ALeadChecksAnArticleBeforeItIsPublished", func(t *testing.T) { testCheck(t, s, b.in(t)) })        //nolint:paralleltest // one tab
}

func testMacros(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/macros/new")
	b.Do(`$('[name=name]').value = 'On its way'; $('[name=body]').value = 'Case {numer}: write to https://quayside-help.example'; $('.editor').requestSubmit()`)
	b.await(`$('.editor .error').textContent.includes('{numer}') && focus().name === 'body'`)
	b.Do(`$('[name=body]').value = 'Case {number}: write to https://quayside-help.example'; $('.editor').requestSubmit()`)
	b.await(`$('.editor .error').textContent.includes('may not be sent')`)
	b.Do(`$('[name=body]').value = 'Your case {number} is with us. We answer before {respond_by}.'; $('.editor').requestSubmit()`)
	b.await(`document.body.dataset.page === 'macros' && $('#rows').innerText.includes('On its way')`)
	b.open(s.Base + "/console/macros/new")
	b.Do(`$('[name=name]').value = 'On its way'; $('[name=language]').value = 'ar'; $('[name=body]').value = 'قضيتك {number} لدينا.'; $('.editor').requestSubmit()`)
	b.await(`document.body.dataset.page === 'macros' && $$('#rows tr').length === 2`)
	b.Picture("lead-macros")
	b.clean()
}

func testReplyHelp(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console")
	b.openCase()
	b.press("w")
	b.await(`focus().id === 'body'`)
	b.Key("\x1b")
	b.press("n")
	b.await(`$$('#macros button').length === 2`)
	require.Contains(t, read[string](b, `$('#macros button').innerText`), "قضيتك DH-", "the customer's language comes first")
	b.Picture("macros-1280")
	b.Write("way")
	b.Key("\r")
	b.await(`$('#body').value.includes('قضيتك DH-')`)
	require.False(t, read[bool](b, `$('#d-macros').open`))

	b.Key("\x1b")
	b.press("b")
	b.await(`$$('#asks input').length > 2 && focus().matches('#ask-back .main')`)
	require.True(t, read[bool](b, `$$('#asks span').every((question) => /\p{Script=Arabic}/u.test(question.textContent))`))
	b.Picture("ask-1280")
	first := read[string](b, `$('#asks input').value`)
	b.Do(`$('#asks input').focus()`)
	b.Key(" ") // is not asked
	b.Key("\r")
	b.await(`!$('#d-ask').open && $('#body').value.startsWith('شكرًا') && $('#body').value.split('\n- ').length > 2`)
	require.NotContains(t, read[string](b, `$('#body').value`), first)
	require.Equal(t, "rtl", read[string](b, `getComputedStyle($('#body')).direction`))

	b.Key("\x1b")
	b.press("d")
	b.await(`$('#d-again').open`)
	b.Write("رسوم السحب")
	b.Key("\r")
	b.await(`!$('#d-again').open && $('#toast').textContent.startsWith('Another draft')`)
	require.NotEmpty(t, read[string](b, `$('#body').value`))
	b.clean()
}

func testReadingHelp(t *testing.T, b *tab) {
	t.Helper()
	b.Do(`focus().blur()`)
	b.press("f")
	b.await(`$('.translation .words')?.textContent.startsWith('in en: سحبي')`)
	b.press("k")
	b.await(`$('.similar')`)
	require.Contains(t, read[string](b, `$('.similar').innerText`), "It has arrived now.")
	b.Do(`$('.similar').seen = true; $('#note').value = 'One like it is below.'; $('#note').form.requestSubmit()`)
	b.await(`$('.note')?.textContent.includes('One like it')`)
	require.True(t, read[bool](b, `$('.similar')?.seen === true`), "what was fetched stays when the page is shown again")
	b.Size(1440, 900)
	b.Picture("help-1440")
	b.Do(`$('.similar button').click()`)
	b.await(`$('#body').value.includes('It has arrived now.')`)
	b.clean()
}

func testImpact(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/articles/withdrawal-pending/en")
	b.Do(`$('#source').value = 'Withdrawals that are pending take an hour now. Wait, then write to us.'; $('#impact').click()`)
	b.await(`$('#impact-progress').hidden && $('#impact-state').textContent`)
	require.Contains(t, read[string](b, `$('#impacts').innerText`), "take an hour now")
	b.Picture("lead-impact")
	b.Do(`$('[name=status]').value = 'draft'; $('#impact').click()`)
	b.await(`$('#impact-progress').hidden && $('#impacts .chip.risk')`)
	b.clean()
}

// testCheck plays the job that runs the suite: what the page shows of it is looked at.
func testCheck(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/articles/withdrawal-pending/en")
	asked := func() uuid.UUID {
		b.Do(`$('#source').value += ' Or not.'; $('#check').click()`)
		id := <-s.Checks
		b.await(`!$('#check-progress').hidden && $('#check').ariaBusy === 'true'`)
		return id
	}
	id := asked()
	require.NoError(t, s.Online.CheckProgress(t.Context(), id, 3, 8))
	b.await(`$('#check-state').textContent === '3 / 8' && $('#check-progress').value === 3`)
	require.NoError(t, s.Online.EndCheck(t.Context(), id, &evals.Gate{
		Comparison: &evals.Comparison{Worse: []evals.Change{{ID: "en-withdrawal-slow"}}}, Findings: []evals.Finding{{Detail: "1 case", Rule: "diff.pass_rate.lower >= 0"}},
	}, ""))
	b.await(`$('#check-state').textContent.startsWith('Something would get worse') && $('#check-progress').hidden`)
	require.Equal(t, []string{"✗ diff.pass_rate.lower >= 0 · 1 case", "would fail: en-withdrawal-slow"},
		read[[]string](b, `$$('#checks li').map((l) => l.textContent)`))
	b.Picture("lead-check")

	id = asked()
	require.NoError(t, s.Online.EndCheck(t.Context(), id, &evals.Gate{Comparison: &evals.Comparison{}, Passed: true}, ""))
	b.await(`$('#check-state').textContent.startsWith('Nothing would get worse') && !$('#checks li')`)
	b.open(s.Base + "/console/articles/withdrawal-pending/en")
	require.NotContains(t, read[string](b, `$('#source').value`), "Or not.", "nothing was published")
	b.clean()
}
