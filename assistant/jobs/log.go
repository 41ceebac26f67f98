package jobs

import (
	"context"
	"log/slog"
	"strings"
)

// jobCounts ends the message in which River counts the jobs of a queue, every few seconds while there are some.
const jobCounts = ": Producer job counts"

// quiet is a handler for the log of River. The desk's clock alone runs a few jobs a minute, so their counts would fill the log of a
// service that nobody uses: they are for level debug, unless a job is stuck.
type quiet struct{ slog.Handler }

func quieter(logger *slog.Logger) *slog.Logger { return slog.New(quiet{logger.Handler()}) }

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, record slog.Record) error {
	if record.Level == slog.LevelInfo && strings.HasSuffix(record.Message, jobCounts) && !stuck(record) {
		if !q.Enabled(ctx, slog.LevelDebug) {
			return nil
		}
		record.Level = slog.LevelDebug
	}
	return q.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

func stuck(record slog.Record) bool {
	found := false
	record.Attrs(func(a slog.Attr) bool {
		found = a.Key == "num_jobs_stuck" && a.Value.Kind() == slog.KindInt64 && a.Value.Int64() > 0
		return !found
	})
	return found
}
