package webhook

import (
	"time"

	"github.com/google/uuid"
)

const (
	// MaxAttempts is how often a delivery is tried. With the waits between them, the last try is about a day after the first.
	MaxAttempts = 10

	firstDelay = 5 * time.Second
	maxDelay   = 8 * time.Hour
	// growth makes the waits 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 5.7 h, 8 h, 8 h: together 23.6 hours.
	growth = 4
	// spread is by how much a wait may be longer, so that what failed together is not tried again together.
	spread = 0.1
)

// Delay is how long to wait after the given number of failed attempts, 1 or more. It is spread by the id of the delivery.
func Delay(failed int, id uuid.UUID) time.Duration {
	delay := firstDelay
	for range failed - 1 {
		delay = min(growth*delay, maxDelay)
	}
	// The last byte of a UUID is random in the versions 4 and 7.
	return delay + time.Duration(float64(delay)*spread*float64(id[len(id)-1])/256)
}
