package postgres

// QueueQuery lets a test ask the planner about the queue's statement.
var QueueQuery = queueQuery //nolint:gochecknoglobals // for tests from outside

// Waiting counts the charges that come while others are written.
func (l *Ledger) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil {
		return 0
	}
	return len(l.next.charges)
}
