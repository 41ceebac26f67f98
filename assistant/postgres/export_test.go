package postgres

// QueueQuery lets a test ask the planner about the queue's statement.
var QueueQuery = queueQuery //nolint:gochecknoglobals // for tests from outside
