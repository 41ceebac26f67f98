// Package archive keeps the runs of eval suites in PostgreSQL, apart from the desk's traffic: what was asked, what came out, and
// with which program, settings and knowledge base. A run that was broken off is resumed from here, and a response that was given
// under the very same conditions is not asked for again. It neither runs nor judges.
package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/evals"
)

// Status is how far a run is.
type Status string

// The statuses. A run whose program was killed stays StatusRunning.
const (
	StatusFinished Status = "finished"
	StatusRunning  Status = "running"
	StatusStopped  Status = "stopped"
)

// ErrNoRun is returned for an id that no run has.
var ErrNoRun = errors.New("there is no such eval run")

// Run is one run of a suite.
type Run struct {
	ID          int64             `db:"id"          json:"id"`
	Cases       int               `db:"cases"       json:"cases"`
	CostUSD     float64           `db:"cost_usd"    json:"cost_usd"`
	Done        int               `db:"done"        json:"done"` // results so far: Cases times Repeats at the end
	EndedAt     *time.Time        `db:"ended_at"    json:"ended_at"`
	Fingerprint string            `db:"fingerprint" json:"fingerprint"`
	Passed      int               `db:"passed"      json:"passed"`
	Repeats     int               `db:"repeats"     json:"repeats"`
	Seed        int64             `db:"seed"        json:"seed"`
	Settings    map[string]string `db:"settings"    json:"settings"`
	StartedAt   time.Time         `db:"started_at"  json:"started_at"`
	Status      Status            `db:"status"      json:"status"`
	Suite       string            `db:"suite"       json:"suite"`
	SuiteHash   string            `db:"suite_hash"  json:"suite_hash"`
}

// Report counts the results of the run.
func (r Run) Report(results []evals.Result) evals.Report {
	report := evals.NewReport(evals.Suite{Name: r.Suite}, results)
	report.RunID, report.Fingerprint, report.Settings, report.SuiteHash = r.ID, r.Fingerprint, r.Settings, r.SuiteHash
	return report
}

// Archive keeps runs. It is safe for concurrent use.
type Archive struct {
	clock func() time.Time
	codec Codec
	pool  *pgxpool.Pool
}

// New returns the archive of a migrated database.
func New(pool *pgxpool.Pool, clock func() time.Time) *Archive {
	return &Archive{clock: clock, pool: pool}
}

// Begin records that a run starts and returns it with its id. Of run, the fields that say what is asked and of whom count.
func (a *Archive) Begin(ctx context.Context, run Run) (Run, error) {
	run.StartedAt, run.Status = a.clock(), StatusRunning
	settings, err := json.Marshal(run.Settings)
	if err != nil {
		return run, fmt.Errorf("encode settings of eval run: %w", err)
	}
	err = a.pool.QueryRow(ctx, `
		INSERT INTO eval_runs (suite, suite_hash, fingerprint, settings, cases, repeats, seed, started_at)
		VALUES (@suite, @suite_hash, @fingerprint, @settings, @cases, @repeats, @seed, @started_at)
		RETURNING id`, pgx.NamedArgs{
		"cases": run.Cases, "fingerprint": run.Fingerprint, "repeats": run.Repeats, "seed": run.Seed, "settings": settings,
		"started_at": run.StartedAt, "suite": run.Suite, "suite_hash": run.SuiteHash,
	}).Scan(&run.ID)
	if err != nil {
		return run, fmt.Errorf("begin eval run: %w", err)
	}
	return run, nil
}

// Resume marks a run that was broken off as running again.
func (a *Archive) Resume(ctx context.Context, id int64) error {
	return a.mark(ctx, id, StatusRunning)
}

// End records that nothing more comes of a run for now.
func (a *Archive) End(ctx context.Context, id int64, status Status) error {
	return a.mark(ctx, id, status)
}

func (a *Archive) mark(ctx context.Context, id int64, status Status) error {
	var ended *time.Time
	if status != StatusRunning {
		now := a.clock()
		ended = &now
	}
	_, err := a.pool.Exec(ctx, `UPDATE eval_runs SET status = @status, ended_at = @ended_at WHERE id = @id`,
		pgx.NamedArgs{"ended_at": ended, "id": id, "status": status})
	if err != nil {
		return fmt.Errorf("mark eval run as %s: %w", status, err)
	}
	return nil
}

// Add keeps a result under the key of its response. The last result of a case and repeat stands.
func (a *Archive) Add(ctx context.Context, runID int64, key string, result evals.Result) error {
	encoded, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode eval result: %w", err)
	}
	if encoded, err = a.codec.seal(Cell{Case: result.Case.ID, Repeat: result.Repeat, Run: runID}, encoded); err != nil {
		return err
	}
	_, err = a.pool.Exec(ctx, `
		INSERT INTO eval_results (run_id, case_id, repeat_index, response_key, passed, ending, cost_usd, result)
		VALUES (@run_id, @case_id, @repeat_index, @response_key, @passed, @ending, @cost_usd, @result)
		ON CONFLICT ON CONSTRAINT eval_results_pkey DO UPDATE SET response_key = EXCLUDED.response_key, passed = EXCLUDED.passed,
			ending = EXCLUDED.ending, cost_usd = EXCLUDED.cost_usd, result = EXCLUDED.result`, pgx.NamedArgs{
		"case_id": result.Case.ID, "cost_usd": result.CostUSD, "ending": result.Ending, "passed": result.Passed(),
		"repeat_index": result.Repeat, "response_key": key, "result": encoded, "run_id": runID,
	})
	if err != nil {
		return fmt.Errorf("keep eval result: %w", err)
	}
	return nil
}

// Recall returns the newest response that was given under the key; false when there is none.
func (a *Archive) Recall(ctx context.Context, key string) (evals.Result, bool, error) {
	rows, err := a.pool.Query(ctx, `
		SELECT `+storedColumns+` FROM eval_results WHERE response_key = @key ORDER BY run_id DESC LIMIT 1`, pgx.NamedArgs{"key": key})
	if err != nil {
		return evals.Result{}, false, fmt.Errorf("recall eval response: %w", err)
	}
	stored, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[storedResult])
	if errors.Is(err, pgx.ErrNoRows) {
		return evals.Result{}, false, nil
	}
	if err != nil {
		return evals.Result{}, false, fmt.Errorf("recall eval response: %w", err)
	}
	result, err := a.decode(ctx, stored)
	return result, err == nil, err
}

// Results returns what came out of a run so far, by case and repeat.
func (a *Archive) Results(ctx context.Context, id int64) ([]evals.Result, error) {
	rows, err := a.pool.Query(ctx, `
		SELECT `+storedColumns+` FROM eval_results WHERE run_id = @id ORDER BY case_id, repeat_index`, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, fmt.Errorf("read eval results: %w", err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowToStructByName[storedResult])
	if err != nil {
		return nil, fmt.Errorf("read eval results: %w", err)
	}
	results := make([]evals.Result, len(stored))
	for i := range stored {
		if results[i], err = a.decode(ctx, stored[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// storedColumns are the columns of a storedResult.
const storedColumns = `run_id AS run, case_id AS "case", repeat_index AS repeat, result`

// storedResult is a result as it is stored.
type storedResult struct {
	Cell

	Result []byte
}

func (a *Archive) decode(ctx context.Context, stored storedResult) (evals.Result, error) {
	var result evals.Result
	encoded, err := a.codec.open(ctx, stored.Cell, stored.Result)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(encoded, &result); err != nil {
		return result, fmt.Errorf("decode eval result: %w", err)
	}
	return result, nil
}

// Filter says which runs are wanted.
type Filter struct {
	Limit int    // the newest; all when zero
	Suite string // all when empty
}

// runColumns are those of a Run.
const runColumns = `
	SELECT r.id, r.suite, r.suite_hash, r.fingerprint, r.settings, r.cases, r.repeats, r.seed, r.status, r.started_at, r.ended_at,
		coalesce(n.done, 0) AS done, coalesce(n.passed, 0) AS passed, coalesce(n.cost_usd, 0) AS cost_usd
	FROM eval_runs r LEFT JOIN LATERAL (
		SELECT count(*) AS done, count(*) FILTER (WHERE passed) AS passed, sum(cost_usd) AS cost_usd
		FROM eval_results WHERE run_id = r.id
	) n ON true`

// Runs returns runs, the newest first.
func (a *Archive) Runs(ctx context.Context, filter Filter) ([]Run, error) {
	rows, err := a.pool.Query(ctx, runColumns+`
		WHERE @suite = '' OR r.suite = @suite
		ORDER BY r.id DESC LIMIT nullif(@limit, 0)`, pgx.NamedArgs{"limit": filter.Limit, "suite": filter.Suite})
	if err != nil {
		return nil, fmt.Errorf("list eval runs: %w", err)
	}
	runs, err := pgx.CollectRows(rows, pgx.RowToStructByName[Run])
	if err != nil {
		return nil, fmt.Errorf("list eval runs: %w", err)
	}
	return runs, nil
}

// Run returns a run, or ErrNoRun.
func (a *Archive) Run(ctx context.Context, id int64) (Run, error) {
	rows, err := a.pool.Query(ctx, runColumns+` WHERE r.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Run{}, fmt.Errorf("read eval run: %w", err)
	}
	run, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Run])
	if errors.Is(err, pgx.ErrNoRows) {
		return run, fmt.Errorf("%w: %d", ErrNoRun, id)
	}
	if err != nil {
		return run, fmt.Errorf("read eval run: %w", err)
	}
	return run, nil
}

// Delete removes runs with their results, and reports how many there were. Responses that were kept with them are asked for anew.
func (a *Archive) Delete(ctx context.Context, ids []int64) (int, error) {
	tag, err := a.pool.Exec(ctx, `DELETE FROM eval_runs WHERE id = ANY (@ids)`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return 0, fmt.Errorf("delete eval runs: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
