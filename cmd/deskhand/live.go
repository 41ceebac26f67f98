package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	// liveConsumers is how many consoles and widgets may watch one replica: each holds a connection and a few KB.
	liveConsumers = 2000
	// noticeInterval is how late the event of a scheduled start or end of a notice may come.
	noticeInterval = 5 * time.Second
	// spikeInterval is how often the desk looks for a rise of similar questions.
	spikeInterval = time.Minute
)

func newHub(a *app, store *postgres.Store) *live.Hub {
	return live.NewHub(live.Config{
		Announce: store.AnnounceEvents, Clock: a.clock, Listen: store.ListenEvents, Logger: a.logger, Max: liveConsumers,
		Read: store.ReadEvents,
	})
}

// watchDesk does what is due by the clock until ctx ends. Any number of replicas may: each step is done once.
func watchDesk(ctx context.Context, s *system, logger *slog.Logger) {
	notices, spikes := time.NewTicker(noticeInterval), time.NewTicker(spikeInterval)
	defer notices.Stop()
	defer spikes.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-notices.C:
			err = s.store.TellNotices(ctx)
		case <-spikes.C:
			_, err = s.store.ProposeIncidents(ctx)
		}
		if err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "incidents not looked after", slog.Any("error", err))
		}
	}
}
