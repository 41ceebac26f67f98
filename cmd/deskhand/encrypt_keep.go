package main

import (
	"context"
	"log/slog"
	"time"
)

// dataKeyInterval is how often a service asks for the data key of the day.
const dataKeyInterval = time.Hour

// keepSealed encrypts what was stored before, then follows the days, until ctx ends. Where nothing is encrypted it does nothing, but
// says so where others encrypt.
func (s *system) keepSealed(ctx context.Context, logger *slog.Logger) {
	if s.vault == nil {
		return
	}
	ticker := time.NewTicker(dataKeyInterval)
	defer ticker.Stop()
	if !s.vault.Seals() {
		s.warnOfPlain(ctx, logger, ticker.C)
		return
	}
	whole := false
	for {
		if !whole {
			sealed, err := s.store.SealAll(ctx, nil)
			whole = err == nil
			switch {
			case err != nil && ctx.Err() == nil:
				logger.Warn("stored texts not encrypted yet: tried again", slog.Int("encrypted", sealed), slog.Any("error", err))
			case sealed > 0:
				logger.Info("stored texts encrypted", slog.Int("texts", sealed))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.vault.Renew(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("no data key for today: that of yesterday goes on", slog.Any("error", err))
		}
	}
}

// warnOfPlain says at each tick that this replica stores texts as they are written on a desk that is encrypted, until ctx ends:
// that is right on the way out of encryption, and a leak where somebody forgot --decrypt.
func (s *system) warnOfPlain(ctx context.Context, logger *slog.Logger, ticks <-chan time.Time) {
	for {
		if on, err := s.store.Encrypted(ctx); err == nil && on {
			logger.Warn("new texts are stored as they are written, and the desk is encrypted: --decrypt is for the way out of encryption")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}
