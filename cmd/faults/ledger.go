package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// settleTimeout is how long what a crash left may take to be finished, when nothing fails any more.
	settleTimeout = 5 * time.Minute
	// deliveryTimeout is how long webhooks may take: they wait longer after each failure.
	deliveryTimeout = 3 * time.Minute
)

// unfinishedJobs counts what is due, but for deliveries, which have their own times, and what comes round by the clock.
const unfinishedJobs = `SELECT count(*) FROM river_job
	WHERE state IN ('available', 'pending', 'retryable', 'running') AND kind IN ('recover_run', 'draft_for_agent')`

// openRuns counts the questions that have no end yet.
const openRuns = `SELECT count(*) FROM runs WHERE status <> 'concluded'`

// ledger says what became of everything that was accepted.
type ledger struct {
	Questions int `json:"questions"` // that customers asked
	Accepted  int `json:"accepted"`  // that the service said it keeps
	Read      int `json:"read"`      // whose answer the customer has read while the faults went on
	Stored    int `json:"stored"`
	Answered  int `json:"answered"` // also questions back
	HandedOff int `json:"handed_off"`
	Refused   int `json:"refused"` // by a status that another try does not change
	GaveUp    int `json:"gave_up"` // customers who got no answer for long; the service still owes those that it accepted

	Lost      int `json:"lost"`      // accepted, and neither answered nor with a person
	Doubled   int `json:"doubled"`   // questions, replies, tickets and drafts that are there twice
	Different int `json:"different"` // questions whose customer read something else than is stored

	AgentReplies        int `json:"agent_replies"`
	AgentRepliesLost    int `json:"agent_replies_lost"`
	AgentRepliesDoubled int `json:"agent_replies_doubled"`

	Events        int `json:"webhook_events"`
	EventsLost    int `json:"webhook_events_lost"`    // delivered, as the desk believes, and not at the consumer; or dead
	EventsPending int `json:"webhook_events_pending"` // to be tried again later
	EventsDoubled int `json:"webhook_events_doubled"` // the same change told by two events

	AuditEntries int           `json:"audit_entries"`
	AuditIntact  bool          `json:"audit_intact"`
	Encrypted    bool          `json:"encrypted"`
	KeysNeeded   int           `json:"keys_needed"`     // of the file, to read everything; one after a rotation
	TextsPlain   int           `json:"texts_in_plain"`  // that should have been encrypted
	TextsSealed  int           `json:"texts_encrypted"` // all of them open with the file of keys, or the run fails
	JobsStuck    int           `json:"jobs_stuck"`      // that no replica works on, or that were given up
	SettledIn    time.Duration `json:"settled_in_ns"`
}

// sound reports whether every promise was kept.
func (l *ledger) sound() bool {
	return l.Lost+l.Doubled+l.Different+l.Refused+l.AgentRepliesLost+l.AgentRepliesDoubled+l.EventsLost+l.EventsDoubled+l.JobsStuck == 0 &&
		l.AuditIntact && (!l.Encrypted || l.TextsPlain == 0 && l.TextsSealed > 0 && l.KeysNeeded == 1)
}

// balance waits until everything has come to rest and compares what is stored with what people saw.
func (t *trial) balance(ctx context.Context, c *crowd, a *agents) (ledger, error) {
	var l ledger
	b, healed := t.bench, time.Now()
	conn, err := connect(ctx, b.database.inDatabase())
	if err != nil {
		return l, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, wait := range []struct {
		most        time.Duration
		what, query string
	}{
		{settleTimeout, "questions to end", openRuns},
		{settleTimeout, "jobs to end", unfinishedJobs},
		{deliveryTimeout, "webhooks to arrive", `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`},
	} {
		if b.Hasty && wait.query != openRuns {
			continue
		}
		begun := time.Now()
		left, err := await(ctx, conn, wait.most, wait.query)
		if err != nil {
			return l, err
		}
		sayf(t.out, "waited %s for %s: %d have not", time.Since(begun).Round(100*time.Millisecond), wait.what, left)
		if l.SettledIn == 0 {
			l.SettledIn = time.Since(healed)
		}
	}
	for _, check := range []func() error{
		func() error { return l.open(ctx, b) },
		func() error { return l.questions(ctx, conn, c) },
		func() error { return l.doubles(ctx, conn) },
		func() error { return l.replies(ctx, conn, a) },
		func() error { return l.events(ctx, conn, b.receiver) },
		func() error { return l.audit(ctx, b) },
		func() error { return l.jobs(ctx, conn, b.options) },
	} {
		if err := check(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// connect opens the books.
func connect(ctx context.Context, address string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open the books: %w", err)
	}
	return conn, nil
}

// await returns when a count has become zero, or when there is no more time, with what is left of it.
func await(ctx context.Context, conn *pgx.Conn, most time.Duration, query string) (left int, err error) {
	deadline := time.Now().Add(most)
	for {
		left, err := number(ctx, conn, query)
		if err != nil || left == 0 || time.Now().After(deadline) {
			return left, err
		}
		if err := pause(ctx, 10*quickly); err != nil {
			return left, err
		}
	}
}

func number(ctx context.Context, conn *pgx.Conn, query string) (int, error) {
	var n int
	if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}

// entry is a question as it is stored.
type entry struct {
	Conversation string
	Key          string
	Message      string
	Outcome      string
	Reply        string
	ReplyBody    string
	Ticket       string // the number of one that somebody sees
}

func (l *ledger) questions(ctx context.Context, conn *pgx.Conn, c *crowd) error {
	rows, err := conn.Query(ctx, `
		SELECT k.key, m.id::text AS message, m.conversation_id::text AS conversation, coalesce(r.outcome, '') AS outcome,
			coalesce(r.reply_id::text, '') AS reply, coalesce(p.body, '') AS reply_body, coalesce('DH-' || t.number, '') AS ticket
		FROM idempotency_keys k
		JOIN messages m ON m.id = k.message_id
		LEFT JOIN runs r ON r.message_id = m.id AND r.status = 'concluded'
		LEFT JOIN messages p ON p.id = r.reply_id
		LEFT JOIN tickets t ON t.id = r.ticket_id`)
	if err != nil {
		return fmt.Errorf("read questions: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[entry])
	if err != nil {
		return fmt.Errorf("read questions: %w", err)
	}
	stored := make(map[string]*entry, len(entries))
	for i, e := range entries {
		stored[e.Key] = &entries[i]
	}
	l.Stored = len(entries)
	for _, q := range c.settled {
		l.count(q, stored[q.key])
	}
	return nil
}

// count adds a question. Its entry is nil when it is not stored.
func (l *ledger) count(q *question, e *entry) {
	l.Questions++
	if q.accepted {
		l.Accepted++
	}
	switch {
	case len(q.ends) > 0:
		l.Read++
	case q.refused != 0:
		l.Refused++
	default:
		l.GaveUp++
	}
	switch {
	case e == nil && !q.accepted:
		return
	case e != nil && e.Outcome == "handed_off" && e.Ticket != "":
		l.HandedOff++
	case e != nil && e.Outcome != "" && e.Outcome != "handed_off" && e.ReplyBody != "":
		l.Answered++
	default:
		l.Lost++
		return
	}
	if q.accepted && q.kept != (place{ConversationID: e.Conversation, MessageID: e.Message}) {
		l.Different++
	}
	for _, end := range q.ends {
		if end.Reply.MessageID != e.Reply || end.Reply.Body != e.ReplyBody || end.Outcome != e.Outcome ||
			end.Ticket != nil && end.Ticket.Number != e.Ticket {
			l.Different++
		}
	}
}

// doubles counts what is there more often than it may.
func (l *ledger) doubles(ctx context.Context, conn *pgx.Conn) error {
	for _, query := range []string{
		// Each question has one message, each run one reply: what nobody points at was stored a second time.
		`SELECT count(*) FROM messages WHERE author = 'customer' AND id NOT IN (SELECT message_id FROM idempotency_keys)`,
		`SELECT count(*) FROM messages WHERE author = 'assistant' AND id NOT IN (SELECT reply_id FROM runs WHERE reply_id IS NOT NULL)`,
		`SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM tickets GROUP BY conversation_id) AS t`,
		`SELECT count(*) FROM tickets WHERE id NOT IN (SELECT ticket_id FROM runs WHERE ticket_id IS NOT NULL)`,
		`SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM drafts GROUP BY run_id) AS d`,
	} {
		n, err := number(ctx, conn, query)
		if err != nil {
			return err
		}
		l.Doubled += n
	}
	return nil
}

// jobs counts those that nobody finishes.
func (l *ledger) jobs(ctx context.Context, conn *pgx.Conn, o options) error {
	// What comes round by the clock has one attempt: the next round makes up for it.
	discarded, err := number(ctx, conn, `SELECT count(*) FROM river_job
		WHERE state = 'discarded' AND kind NOT IN ('tend_desk', 'look_for_abandoned_runs')`)
	if err != nil || o.Hasty {
		l.JobsStuck = discarded
		return err
	}
	unfinished, err := number(ctx, conn, unfinishedJobs)
	l.JobsStuck = discarded + unfinished
	return err
}

// replies looks for what agents sent.
func (l *ledger) replies(ctx context.Context, conn *pgx.Conn, a *agents) error {
	rows, err := conn.Query(ctx, `SELECT body, count(*) FROM messages WHERE author = 'agent' GROUP BY body`)
	if err != nil {
		return fmt.Errorf("look for replies: %w", err)
	}
	var body string
	var times int
	stored := make(map[string]int)
	if _, err := pgx.ForEachRow(rows, []any{&body, &times}, func() error { stored[body] = times; return nil }); err != nil {
		return fmt.Errorf("look for replies: %w", err)
	}
	for _, reply := range a.sent {
		n := stored[reply.body]
		l.AgentReplies += min(n, 1)
		l.AgentRepliesDoubled += max(0, n-1)
		if n == 0 && reply.confirmed {
			l.AgentRepliesLost++
		}
	}
	return nil
}

func (l *ledger) events(ctx context.Context, conn *pgx.Conn, r *receiver) error {
	rows, err := conn.Query(ctx, `SELECT e.id::text, d.status FROM webhook_events e LEFT JOIN webhook_deliveries d ON d.event_id = e.id`)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	var id string
	var status *string
	_, err = pgx.ForEachRow(rows, []any{&id, &status}, func() error {
		l.Events++
		r.mu.Lock()
		taken := r.taken[id]
		r.mu.Unlock()
		switch {
		case status == nil || *status == "dead" || *status == "delivered" && taken == 0:
			l.EventsLost++
		case *status == "pending":
			l.EventsPending++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	l.EventsDoubled, err = number(ctx, conn, `
		SELECT coalesce(sum(n - 1), 0) FROM (
			SELECT count(*) AS n FROM webhook_events WHERE type = 'question.concluded' GROUP BY body->'data'->>'message_id'
			UNION ALL
			SELECT count(*) AS n FROM webhook_events WHERE type = 'ticket.opened' GROUP BY body->'data'->>'ticket_id') AS told`)
	return err
}

func (l *ledger) audit(ctx context.Context, b *bench) error {
	output, err := b.command(ctx, "audit", "verify", "--json")
	var verdict struct {
		Entries int  `json:"entries"`
		Intact  bool `json:"intact"`
	}
	if decodeErr := json.Unmarshal([]byte(output), &verdict); decodeErr != nil {
		return fmt.Errorf("verify audit log: %w", err)
	}
	l.AuditEntries, l.AuditIntact = verdict.Entries, verdict.Intact
	return nil
}
