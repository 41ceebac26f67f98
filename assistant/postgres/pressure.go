package postgres

import (
	"sync"
	"time"
)

// pressureWindow is what an average is taken over: many requests of a busy service, and short for a customer.
const pressureWindow = 200 * time.Millisecond

// Pressure returns a function that says how long, on the average of the last moment, work waited for a connection.
func (s *Store) Pressure() func() time.Duration {
	var mu sync.Mutex
	var at time.Time
	var acquired int64
	var average, waited time.Duration
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		now := s.clock()
		if elapsed := now.Sub(at); elapsed >= 0 && elapsed < pressureWindow {
			return average
		}
		stat := s.pool.Stat()
		taken, total := stat.AcquireCount()-acquired, stat.AcquireDuration()-waited
		at, acquired, waited = now, stat.AcquireCount(), stat.AcquireDuration()
		average = total / time.Duration(max(taken, 1))
		return average
	}
}
