package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// patience is how long a test waits for what should come at once.
const patience = 2 * time.Minute

// call is a job as it reached the handler.
type call struct {
	kind assistant.JobKind
	run  uuid.UUID
}

// handler notes its calls and ends as a test wants it to.
type handler struct {
	calls chan call
	end   func(ctx context.Context, attempt int) error

	mu       sync.Mutex
	attempts int
}

func newHandler() *handler {
	return &handler{calls: make(chan call, 100), end: func(context.Context, int) error { return nil }}
}

func (h *handler) DraftForAgent(ctx context.Context, runID uuid.UUID) error {
	return h.called(ctx, call{assistant.JobDraft, runID})
}

func (h *handler) Recover(ctx context.Context, runID uuid.UUID) (assistant.Run, error) {
	return assistant.Run{}, h.called(ctx, call{assistant.JobRecover, runID})
}

func (h *handler) called(ctx context.Context, c call) error {
	h.mu.Lock()
	h.attempts++
	attempt := h.attempts
	h.mu.Unlock()
	h.calls <- c
	return h.end(ctx, attempt)
}

func (h *handler) next(t *testing.T) call {
	t.Helper()
	select {
	case c := <-h.calls:
		return c
	case <-time.After(patience):
		require.FailNow(t, "no job came")
		return call{}
	}
}

// bundle is a queue on a database of its own.
type bundle struct {
	handler *handler
	pool    *pgxpool.Pool
	queue   *jobs.Queue
	workers *jobs.Workers
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{handler: newHandler(), pool: pgtest.DB(t)}
	logger := slog.New(slog.DiscardHandler)
	var err error
	b.queue, err = jobs.NewQueue(b.pool, logger)
	require.NoError(t, err)
	b.workers, err = jobs.NewWorkers(b.pool, b.handler, logger)
	require.NoError(t, err)
	return b
}

// start works until the test ends.
func (b *bundle) start(t *testing.T) {
	t.Helper()
	require.NoError(t, b.workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		require.NoError(t, b.workers.Stop(ctx))
	})
}

func (b *bundle) enqueue(t *testing.T, job assistant.Job) {
	t.Helper()
	require.NoError(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		return b.queue.Enqueue(t.Context(), tx, job)
	}))
}

// open stores a question that nobody works on, to be rescued so much later.
func (b *bundle) open(t *testing.T, rescue time.Duration) uuid.UUID {
	t.Helper()
	id := uuid.New()
	_, err := b.pool.Exec(t.Context(), `
		WITH c AS (INSERT INTO conversations (id, channel, created_at) VALUES ($1, 'widget', now())),
		m AS (INSERT INTO messages (id, conversation_id, author, body, created_at) VALUES ($1, $1, 'customer', 'hello', now()))
		INSERT INTO runs (id, conversation_id, message_id, status, started_at, deadline_at, rescue_at)
		VALUES ($1, $1, $1, 'running', now(), now(), now() + $2::interval)`, id, rescue)
	require.NoError(t, err)
	return id
}

// ask asks for a job of a kind, and returns its run.
func (b *bundle) ask(t *testing.T, kind assistant.JobKind) uuid.UUID {
	t.Helper()
	if kind == assistant.JobRecover {
		return b.open(t, 0)
	}
	job := assistant.Job{Kind: kind, RunID: uuid.New()}
	b.enqueue(t, job)
	return job.RunID
}

// awaitState waits until the first job is in a state.
func (b *bundle) awaitState(t *testing.T, want string) {
	t.Helper()
	state := ""
	require.Eventually(t, func() bool {
		err := b.pool.QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind <> 'look_for_abandoned_runs' ORDER BY id LIMIT 1`).Scan(&state)
		return err == nil && state == want
	}, patience, 20*time.Millisecond, "the job is %s", state)
}

func TestJobReachesItsHandler(t *testing.T) {
	t.Parallel()

	for _, kind := range []assistant.JobKind{assistant.JobDraft, assistant.JobRecover} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			b.start(t)
			run := b.ask(t, kind)

			require.Equal(t, call{kind, run}, b.handler.next(t))
			b.awaitState(t, "completed")
		})
	}
}

func TestJobIsStoredWithItsTransactionOnly(t *testing.T) {
	t.Parallel()

	b := setup(t)
	undone := errors.New("undone")
	err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		require.NoError(t, b.queue.Enqueue(t.Context(), tx, assistant.Job{Kind: assistant.JobDraft, RunID: uuid.New()}))
		return undone
	})

	require.ErrorIs(t, err, undone)
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job`).Scan(&n))
	require.Zero(t, n)
}

func TestJobOfUnknownKindIsRefused(t *testing.T) {
	t.Parallel()

	b := setup(t)
	err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		return b.queue.Enqueue(t.Context(), tx, assistant.Job{Kind: "sing", RunID: uuid.New()})
	})
	require.ErrorContains(t, err, `unknown kind "sing"`)
}

func TestRescueWaitsForItsTime(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.open(t, time.Hour)
	b.start(t)
	due := b.open(t, 0)

	require.Equal(t, due, b.handler.next(t).run)
	require.Empty(t, b.handler.calls)
}

func TestFailedJobIsTriedAgain(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.handler.end = func(_ context.Context, attempt int) error {
		if attempt == 1 {
			return errors.New("database is restarting")
		}
		return nil
	}
	b.start(t)
	b.open(t, 0)
	b.handler.next(t)
	b.handler.next(t)
	b.awaitState(t, "completed")
}

func TestJobWhoseSubjectIsGoneIsDropped(t *testing.T) {
	t.Parallel()

	for _, code := range []assistant.Code{assistant.CodeNotFound, assistant.CodeConflict} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			b.handler.end = func(context.Context, int) error { return assistant.Errorf(code, "gone") }
			b.start(t)
			b.enqueue(t, assistant.Job{Kind: assistant.JobDraft, RunID: uuid.New()})
			b.handler.next(t)
			b.awaitState(t, "cancelled")
		})
	}
}

// A slow model, which drafts wait for, never holds up a rescue.
func TestDraftsThatHangDoNotHoldUpARescue(t *testing.T) {
	t.Parallel()

	b := setup(t)
	release := make(chan struct{})
	b.handler.end = func(_ context.Context, attempt int) error {
		if attempt <= 4 {
			<-release
		}
		return nil
	}
	b.start(t)
	for range 8 {
		b.enqueue(t, assistant.Job{Kind: assistant.JobDraft, RunID: uuid.New()})
	}
	for range 4 {
		require.Equal(t, assistant.JobDraft, b.handler.next(t).kind)
	}
	b.open(t, 0)
	require.Equal(t, assistant.JobRecover, b.handler.next(t).kind)
	close(release)
}

func TestStoppedWorkersGiveARunningJobBack(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.handler.end = func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}
	require.NoError(t, b.workers.Start(context.WithoutCancel(t.Context())))
	b.open(t, 0)
	b.handler.next(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, b.workers.Stop(ctx))

	var state string
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind = 'recover_run'`).Scan(&state))
	require.Contains(t, []string{"available", "retryable", "scheduled"}, state)
}

func TestJobOfAReplicaThatDiedRunsAgain(t *testing.T) {
	t.Parallel()

	for kind, queue := range map[assistant.JobKind]string{assistant.JobDraft: "draft", assistant.JobRecover: "recover"} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			run := b.open(t, time.Hour)
			_, err := b.pool.Exec(t.Context(), `
				INSERT INTO river_job (kind, queue, args, state, max_attempts, attempt, attempted_at, attempted_by)
				VALUES ($1, $2, jsonb_build_object('run_id', $3::text), 'running', 5, 1, now() - interval '90 seconds', '{dead}')`,
				string(kind), queue, run.String())
			require.NoError(t, err)
			b.start(t)

			require.Equal(t, call{kind, run}, b.handler.next(t))
			b.awaitState(t, "completed")
		})
	}
}

// The version before stores a job with each question, and no time.
func TestRunOfTheVersionBeforeIsRescuedByItsJob(t *testing.T) {
	t.Parallel()

	b := setup(t)
	run, waiting := b.open(t, 0), b.open(t, 0)
	_, err := b.pool.Exec(t.Context(), `UPDATE runs SET rescue_at = NULL`)
	require.NoError(t, err)
	_, err = b.pool.Exec(t.Context(), `
		INSERT INTO river_job (kind, queue, args, state, max_attempts, scheduled_at)
		VALUES ('recover_run', 'recover', jsonb_build_object('run_id', $1::text), 'scheduled', 25, now() + interval '1 hour')`, waiting.String())
	require.NoError(t, err)
	b.start(t)

	require.Equal(t, call{assistant.JobRecover, run}, b.handler.next(t))
	require.Empty(t, b.handler.calls, "another's time has not come")
}
