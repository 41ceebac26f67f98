package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

// withArchive does some work with the runs that are kept in the desk's database.
func withArchive(ctx context.Context, a *app, work func(*archive.Archive, *database) error) (err error) {
	database, err := openDatabase(ctx, a)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := database.close(ctx); err == nil {
			err = closeErr
		}
	}()
	pool, vault, err := a.openSealed(ctx, database.url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return work(newArchive(pool, vault, a.clock), database)
}

// newArchive returns the archive of a database, sealed as the rest of it is.
func newArchive(pool *pgxpool.Pool, vault *postgres.Vault, clock func() time.Time) *archive.Archive {
	return archive.New(pool, clock).WithCodec(archive.Codec{
		Open: func(ctx context.Context, cell archive.Cell, stored []byte) ([]byte, error) {
			return vault.OpenResult(ctx, pool, cell.Key(), stored)
		},
		Seal: func(cell archive.Cell, result []byte) ([]byte, error) { return vault.SealResult(cell.Key(), result) },
	})
}

// evalJob is one run of a suite that is kept.
type evalJob struct {
	budget   float64
	fresh    bool
	judge    bool
	parallel int
	repeat   int
	resume   int64 // id of the run to go on with; 0 begins one
	seed     int64
	suite    evals.Suite
}

// run asks the suite on a scratch database beside d, and keeps what comes out as it comes.
func (j evalJob) run(ctx context.Context, a *app, kept *archive.Archive, d *database) (report evals.Report, err error) {
	err = onScratch(ctx, d, func(url string) error {
		return onSystem(ctx, a, url, func(s *system) error {
			if err := importFor(ctx, a, s, j.suite); err != nil {
				return err
			}
			report, err = j.ask(ctx, s, kept)
			return err
		})
	})
	return report, err
}

func (j evalJob) ask(ctx context.Context, s *system, kept *archive.Archive) (evals.Report, error) {
	conditions, err := s.conditions(j.suite)
	if err != nil {
		return evals.Report{}, err
	}
	run, err := j.begin(ctx, kept, conditions)
	if err != nil {
		return evals.Report{}, err
	}
	runner, err := s.runner(ctx, j.suite)
	if err != nil {
		return evals.Report{}, err
	}
	if runner.Known, err = j.known(ctx, kept, run); err != nil {
		return evals.Report{}, err
	}
	bar := newCaseProgress(s.app.err, run.Cases*run.Repeats)
	runner.Progress, runner.Repeat, runner.Budget = bar.addResult, run.Repeats, j.budget
	runner.Parallel = cmp.Or(max(j.parallel, 0), runtime.GOMAXPROCS(0))
	if j.judge {
		runner.Judge = &evals.Judge{Model: s.models.chat}
	}
	runner.Keep = func(ctx context.Context, try evals.Try, result evals.Result) error {
		return kept.Add(ctx, run.ID, try.Key(run.Fingerprint), result)
	}
	results, err := runner.Run(ctx, j.suite)
	bar.done()
	status := archive.StatusFinished
	if err != nil {
		status = archive.StatusStopped
		stopped(s.app, run, err)
	}
	if endErr := kept.End(context.WithoutCancel(ctx), run.ID, status); endErr != nil {
		return evals.Report{}, errors.Join(err, endErr)
	}
	report := evals.NewReport(j.suite, results)
	report.RunID, report.Fingerprint, report.Settings = run.ID, run.Fingerprint, run.Settings
	if errors.Is(err, evals.ErrBudget) {
		err = fmt.Errorf("%w: %w", evals.ErrBroken, err)
	}
	return report, err
}

// begin starts a run, or goes on with one that asks the same of the same.
func (j evalJob) begin(ctx context.Context, kept *archive.Archive, conditions map[string]string) (archive.Run, error) {
	if j.judge {
		conditions["judge"] = conditions["chat_model"]
	}
	run := archive.Run{
		Cases: len(j.suite.Cases), Fingerprint: evals.FingerprintOf(conditions), Repeats: max(j.repeat, 1), Seed: j.seed,
		Settings: conditions, Suite: j.suite.Name, SuiteHash: j.suite.Hash(),
	}
	if j.resume == 0 {
		return kept.Begin(ctx, run)
	}
	earlier, err := kept.Run(ctx, j.resume)
	switch {
	case errors.Is(err, archive.ErrNoRun):
		return run, fmt.Errorf("%w: %w: see \"deskhand eval list\"", errConfig, err)
	case err != nil:
		return run, err
	case earlier.Status == archive.StatusFinished:
		return run, fmt.Errorf("%w: run %d is finished: see \"deskhand eval show %d\"", errConfig, earlier.ID, earlier.ID)
	case earlier.SuiteHash != run.SuiteHash || earlier.Repeats != run.Repeats:
		return run, fmt.Errorf("%w: run %d asked something else: use the same suite, --half, --tag, --limit, --seed and --repeat",
			errConfig, earlier.ID)
	case earlier.Fingerprint != run.Fingerprint:
		return run, fmt.Errorf("%w: the program or its settings are not those of run %d: begin a new run", errConfig, earlier.ID)
	}
	return earlier, kept.Resume(ctx, earlier.ID)
}

// known returns what need not be asked: what the run has already, and unless everything is asked anew what other runs were told.
func (j evalJob) known(ctx context.Context, kept *archive.Archive, run archive.Run) (
	func(context.Context, evals.Try) (evals.Result, bool, error), error,
) {
	type try struct {
		id     string
		repeat int
	}
	done := make(map[try]evals.Result)
	if j.resume != 0 {
		results, err := kept.Results(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			if !result.Broken() {
				done[try{result.Case.ID, result.Repeat}] = result
			}
		}
	}
	return func(ctx context.Context, asked evals.Try) (evals.Result, bool, error) {
		if result, ok := done[try{asked.Case.ID, asked.Repeat}]; ok || j.fresh {
			return result, ok, nil
		}
		result, ok, err := kept.Recall(ctx, asked.Key(run.Fingerprint))
		if err != nil || !ok || result.Broken() {
			return evals.Result{}, false, err
		}
		result.Cached = true
		return result, true, nil
	}, nil
}

// speed says how long a run took, and how many of its responses were known.
func speed(report evals.Report, took time.Duration) string {
	known := 0
	for _, result := range report.Results {
		if result.Cached {
			known++
		}
	}
	rate := strconv.FormatFloat(float64(len(report.Results))/max(took.Seconds(), 0.001), 'f', 0, 64)
	return fmt.Sprintf("run %d: %d cases in %s, %s a second with its knowledge base made; %d were known", report.RunID, len(report.Results),
		took.Round(100*time.Millisecond), rate, known)
}
