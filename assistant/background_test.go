package assistant_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// work runs the background jobs until the test ends.
func (s *system) work(t *testing.T) {
	t.Helper()
	workers, err := jobs.NewWorkers(s.pool, s.Assistant, s.logger())
	require.NoError(t, err)
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() { require.NoError(t, workers.Stop(context.WithoutCancel(t.Context()))) })
}

func (s *system) awaitDraft(t *testing.T, ticketID uuid.UUID) desk.Draft {
	t.Helper()
	var drafts []desk.Draft
	require.Eventually(t, func() bool {
		detail, err := s.desk.Ticket(t.Context(), ticketID)
		drafts = detail.Drafts
		return err == nil && len(drafts) > 0
	}, time.Minute, 20*time.Millisecond)
	return drafts[0]
}

func TestMandatoryHandOffGetsItsDraftLater(t *testing.T) {
	t.Parallel()

	for name, respond := range map[string]llmtest.Responder{"Offline": nil, "Model": llmtest.Drafter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{respond: respond})
			run := s.ask(t, hacked)
			require.Zero(t, s.model.Count(llmtest.Chat), "the customer does not wait for a model")
			require.Zero(t, s.count(t, `SELECT count(*) FROM drafts`))
			s.work(t)
			draft := s.awaitDraft(t, run.Ticket.ID)

			require.Equal(t, "pending", draft.Fate)
			require.NotEmpty(t, draft.Citations)
			require.Equal(t, respond != nil, s.model.Count(llmtest.Chat) == 1)
			require.Equal(t, 2, s.count(t, `SELECT count(*) FROM messages`), "nothing of it is sent")
		})
	}
}

// The guard's findings stand beside what a lying model proposes to an agent.
func TestDraftForAnAgentSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: slipped("Confirm your account at https://quayside-verify.example first.")})
	run := s.ask(t, hacked)
	s.work(t)
	draft := s.awaitDraft(t, run.Ticket.ID)

	require.True(t, slices.ContainsFunc(draft.Findings, func(f assistant.Finding) bool { return f.Check == "link" }), draft.Findings)
	require.Zero(t, draft.Confidence)
}

func TestDraftForAgentIsMadeOnce(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	run := s.ask(t, hacked)
	require.NoError(t, s.DraftForAgent(t.Context(), run.ID))
	require.NoError(t, s.DraftForAgent(t.Context(), run.ID), "a job may run twice")
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM drafts`))

	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(s.DraftForAgent(t.Context(), uuid.New())))
	answered := s.ask(t, feeQuestion)
	require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(s.DraftForAgent(t.Context(), answered.ID)), "nobody waits for it")
}

// TestNoQuestionIsLost is promise P1: the job ends what a crash left open, and leaves alone what has ended.
func TestNoQuestionIsLost(t *testing.T) {
	t.Parallel()

	crash := &crashingStore{left: 1}
	s := newSystem(t, options{store: func(store assistant.Store) assistant.Store {
		crash.Store = store
		return crash
	}})
	_, err := s.Handle(t.Context(), assistant.Question{Body: feeQuestion, Channel: "widget"})
	require.Error(t, err)
	lost := crash.runID
	ended := s.ask(t, feeQuestionZh)
	s.dueNow(t)
	s.work(t)
	require.Eventually(t, func() bool {
		return s.count(t, `SELECT count(*) FROM river_job WHERE kind = 'recover_run' AND state = 'completed'`) == 1
	}, time.Minute, 20*time.Millisecond)
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM river_job WHERE kind = 'recover_run'`), "what has ended needs no rescue")
	_, err = s.Recover(t.Context(), ended.ID)
	require.NoError(t, err, "one that comes all the same")

	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE id = $1 AND outcome = 'answered'`, lost))
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE id = $1 AND reply_id = $2`, ended.ID, ended.Reply.ID))
	require.Equal(t, 4, s.count(t, `SELECT count(*) FROM messages`), "one reply to each question")
}

// dueNow lets no test wait for the time of a rescue.
func (s *system) dueNow(t *testing.T) {
	t.Helper()
	_, err := s.pool.Exec(t.Context(), `UPDATE runs SET rescue_at = now() WHERE status = 'running'`)
	require.NoError(t, err)
}
