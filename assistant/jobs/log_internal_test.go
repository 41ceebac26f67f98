package jobs

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCountsOfJobsAreForDebugUnlessOneIsStuck(t *testing.T) {
	t.Parallel()

	logged := func(level slog.Level, message string, stuck int) string {
		var out bytes.Buffer
		logger := quieter(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))).With("service", "desk")
		logger.Info(message, slog.Uint64("num_completed_jobs", 3), slog.Int("num_jobs_stuck", stuck))
		return out.String()
	}
	counts := "producer" + jobCounts
	require.Empty(t, logged(slog.LevelInfo, counts, 0))
	require.Contains(t, logged(slog.LevelDebug, counts, 0), "level=DEBUG")
	require.Contains(t, logged(slog.LevelInfo, counts, 1), "level=INFO")
	require.Contains(t, logged(slog.LevelInfo, "producer: Producer started", 0), "service=desk")
}
