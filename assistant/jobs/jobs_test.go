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
		_, err := b.queue.Enqueue(t.Context(), tx, job)
		return err
	}))
}

// awaitState waits until the only job is in a state.
func (b *bundle) awaitState(t *testing.T, want string) {
	t.Helper()
	state := ""
	require.Eventually(t, func() bool {
		err := b.pool.QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind <> 'look_for_abandoned_runs'`).Scan(&state)
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
			job := assistant.Job{At: time.Now(), Kind: kind, RunID: uuid.New()}
			b.enqueue(t, job)

			require.Equal(t, call{kind, job.RunID}, b.handler.next(t))
			b.awaitState(t, "completed")
		})
	}
}

func TestJobIsStoredWithItsTransactionOnly(t *testing.T) {
	t.Parallel()

	b := setup(t)
	undone := errors.New("undone")
	err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		_, err := b.queue.Enqueue(t.Context(), tx, assistant.Job{At: time.Now(), Kind: assistant.JobDraft, RunID: uuid.New()})
		require.NoError(t, err)
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
		_, err := b.queue.Enqueue(t.Context(), tx, assistant.Job{At: time.Now(), Kind: "sing", RunID: uuid.New()})
		return err
	})
	require.ErrorContains(t, err, `unknown kind "sing"`)
}

func TestRescueWaitsForItsTime(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.enqueue(t, assistant.Job{At: time.Now().Add(time.Hour), Kind: assistant.JobRecover, RunID: uuid.New()})
	b.start(t)
	due := assistant.Job{At: time.Now(), Kind: assistant.JobRecover, RunID: uuid.New()}
	b.enqueue(t, due)

	require.Equal(t, due.RunID, b.handler.next(t).run)
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
	b.enqueue(t, assistant.Job{At: time.Now(), Kind: assistant.JobRecover, RunID: uuid.New()})
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
			b.enqueue(t, assistant.Job{At: time.Now(), Kind: assistant.JobDraft, RunID: uuid.New()})
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
		b.enqueue(t, assistant.Job{At: time.Now(), Kind: assistant.JobDraft, RunID: uuid.New()})
	}
	for range 4 {
		require.Equal(t, assistant.JobDraft, b.handler.next(t).kind)
	}
	b.enqueue(t, assistant.Job{At: time.Now(), Kind: assistant.JobRecover, RunID: uuid.New()})
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
	b.enqueue(t, assistant.Job{At: time.Now(), Kind: assistant.JobRecover, RunID: uuid.New()})
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

	for _, kind := range []assistant.JobKind{assistant.JobDraft, assistant.JobRecover} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			job := assistant.Job{At: time.Now(), Kind: kind, RunID: uuid.New()}
			b.enqueue(t, job)
			_, err := b.pool.Exec(t.Context(), `UPDATE river_job
				SET state = 'running', attempt = 1, attempted_at = now() - interval '90 seconds', attempted_by = '{dead}'`)
			require.NoError(t, err)
			b.start(t)

			require.Equal(t, call{kind, job.RunID}, b.handler.next(t))
			b.awaitState(t, "completed")
		})
	}
}

func TestOpenRunWithoutAJobIsRescued(t *testing.T) {
	t.Parallel()

	b := setup(t)
	run, waiting := uuid.New(), uuid.New()
	for _, id := range []uuid.UUID{run, waiting} {
		_, err := b.pool.Exec(t.Context(), `
			WITH c AS (INSERT INTO conversations (id, channel, created_at) VALUES ($1, 'widget', now())),
			m AS (INSERT INTO messages (id, conversation_id, author, body, created_at) VALUES ($1, $1, 'customer', 'hello', now()))
			INSERT INTO runs (id, conversation_id, message_id, status, started_at, deadline_at) VALUES ($1, $1, $1, 'running', now(), now())`, id)
		require.NoError(t, err)
	}
	b.enqueue(t, assistant.Job{At: time.Now().Add(time.Hour), Kind: assistant.JobRecover, RunID: waiting})
	b.start(t)

	require.Equal(t, call{assistant.JobRecover, run}, b.handler.next(t))
	require.Empty(t, b.handler.calls, "another's time has not come")
}
