package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/spike"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/webhook"
)

const (
	// proposalQuiet is how long an intent is not proposed again after a person has decided.
	proposalQuiet = 6 * time.Hour
	// proposalLife is how long a proposal stays open after the rise has ended.
	proposalLife = 2 * time.Hour
	// recount is how far back questions are counted again at each look: a run is counted when its intent is known.
	recount = time.Hour
)

// Proposal is a rise of similar questions that somebody has to look at.
type Proposal struct {
	DecidedAt     *time.Time `json:"decided_at,omitempty"`
	DecidedBy     string     `json:"decided_by,omitempty"`
	Expected      float64    `json:"expected"` // questions, by the usual rate
	ID            int64      `json:"id"`
	Intent        string     `json:"intent"`
	Log10P        float64    `db:"log10_p"                json:"log10_p"` // of so many questions by chance
	NoticeID      *int64     `json:"notice_id,omitempty"`                 // the draft that it became
	ProposedAt    time.Time  `json:"proposed_at"`
	Questions     int        `json:"questions"` // of different conversations
	SeenAt        time.Time  `json:"seen_at"`
	State         string     `json:"state"` // open, accepted, dismissed or expired
	WindowMinutes int        `json:"window_minutes"`
}

const proposalColumns = `id, intent, state, window_minutes, questions, expected, log10_p, proposed_at, seen_at, notice_id, decided_at,
	coalesce(decided_by, '') AS decided_by`

// Proposals returns the newest proposals, the newest first.
func (s *Store) Proposals(ctx context.Context, state string) ([]Proposal, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+proposalColumns+` FROM incident_proposals WHERE @state = '' OR state = @state ORDER BY id DESC LIMIT @limit`,
		pgx.NamedArgs{"state": state, "limit": maxNotices})
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	proposals, err := pgx.CollectRows(rows, pgx.RowToStructByName[Proposal])
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	return proposals, nil
}

// ProposeIncidents looks for rises of similar questions and returns how many it proposed. Of several replicas, one looks.
func (s *Store) ProposeIncidents(ctx context.Context) (int, error) {
	proposed := 0
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT pg_try_advisory_xact_lock(hashtext('deskhand.spikes'))`)
		if err != nil {
			return fmt.Errorf("lock the look: %w", err)
		}
		if mine, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); err != nil || !mine {
			return err
		}
		now := s.clock()
		if err := countQuestions(ctx, tx, now); err != nil {
			return err
		}
		rises, err := rising(ctx, tx, now)
		if err != nil {
			return err
		}
		for intentID, rise := range rises {
			isNew, err := s.propose(ctx, tx, intentID, rise)
			if err != nil {
				return err
			}
			if isNew {
				proposed++
			}
		}
		_, err = tx.Exec(ctx, `
			UPDATE incident_proposals SET state = 'expired', decided_at = @now WHERE state = 'open' AND seen_at < @old`,
			pgx.NamedArgs{"now": now, "old": now.Add(-proposalLife)})
		if err != nil {
			return fmt.Errorf("expire proposals: %w", err)
		}
		return nil
	})
	return proposed, err
}

// countQuestions brings the counts up to date. One customer counts once in five minutes, so that no single one makes an incident.
func countQuestions(ctx context.Context, tx pgx.Tx, now time.Time) error {
	args := pgx.NamedArgs{
		"bucket": spike.Bucket, "unclear": triage.Unclear, "since": now.Add(-spike.Days * 24 * time.Hour).Truncate(spike.Bucket),
		"recount": recount, "old": now.Add(-(spike.Days + 1) * 24 * time.Hour),
	}
	for _, statement := range []string{
		`INSERT INTO question_counts (bucket, intent, questions)
		SELECT date_bin(@bucket::interval, r.started_at, 'epoch'), r.intent, count(DISTINCT r.conversation_id)
		FROM runs r
		WHERE r.intent <> @unclear AND r.started_at >= greatest(@since::timestamptz, (
			SELECT date_bin(@bucket::interval, max(bucket) - @recount::interval, 'epoch') FROM question_counts))
		GROUP BY 1, 2
		ON CONFLICT ON CONSTRAINT question_counts_pkey DO UPDATE SET questions = excluded.questions
		WHERE question_counts.questions <> excluded.questions`,
		`DELETE FROM question_counts WHERE bucket < @old`,
	} {
		if _, err := tx.Exec(ctx, statement, args); err != nil {
			return fmt.Errorf("count questions: %w", err)
		}
	}
	return nil
}

// rising tests every intent that was asked about lately and that nothing is known of yet.
func rising(ctx context.Context, tx pgx.Tx, now time.Time) (map[string]spike.Rise, error) {
	rows, err := tx.Query(ctx, `
		WITH recent AS (
			SELECT DISTINCT intent FROM question_counts WHERE bucket >= @recent
		), known AS (
			SELECT unnest(intents) AS intent FROM incident_notices WHERE starts_at <= @now AND (ends_at IS NULL OR ends_at > @now)
			UNION SELECT intent FROM incident_proposals WHERE decided_at > @quiet AND state IN ('accepted', 'dismissed')
		)
		SELECT c.intent, c.bucket, c.questions FROM question_counts c JOIN recent USING (intent)
		WHERE NOT EXISTS (SELECT FROM known k WHERE k.intent = c.intent)`,
		pgx.NamedArgs{"now": now, "recent": now.Add(-recount), "quiet": now.Add(-proposalQuiet)})
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	counts := make(map[string]map[time.Time]int)
	var intentID string
	var bucket time.Time
	var questions int
	_, err = pgx.ForEachRow(rows, []any{&intentID, &bucket, &questions}, func() error {
		if counts[intentID] == nil {
			counts[intentID] = make(map[time.Time]int)
		}
		counts[intentID][bucket.UTC()] = questions
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	first, tested, err := counted(ctx, tx)
	if err != nil {
		return nil, err
	}
	rises := make(map[string]spike.Rise)
	for id, of := range counts {
		rise, found := spike.Look(now.UTC(), first, tested, func(from, to time.Time) int {
			n := 0
			for at := from; at.Before(to); at = at.Add(spike.Bucket) {
				n += of[at]
			}
			return n
		})
		if found {
			rises[id] = rise
		}
	}
	return rises, nil
}

// counted returns since when questions are counted, and how many intents there are.
func counted(ctx context.Context, tx pgx.Tx) (time.Time, int, error) {
	rows, err := tx.Query(ctx, `SELECT coalesce(min(bucket), 'epoch') AS first, count(DISTINCT intent) AS intents FROM question_counts`)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("read counts: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		First   time.Time
		Intents int
	}])
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("read counts: %w", err)
	}
	return found.First, found.Intents, nil
}

// propose opens a proposal, or notes that the rise of an open one goes on.
func (s *Store) propose(ctx context.Context, tx pgx.Tx, intentID string, rise spike.Rise) (bool, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO incident_proposals (intent, window_minutes, questions, expected, log10_p, proposed_at, seen_at)
		VALUES (@intent, @minutes, @questions, @expected, @log10_p, @now, @now)
		ON CONFLICT (intent) WHERE state = 'open' DO UPDATE SET seen_at = excluded.seen_at,
			questions = greatest(incident_proposals.questions, excluded.questions)
		RETURNING id, proposed_at = seen_at AS new`,
		pgx.NamedArgs{
			"intent": intentID, "minutes": int(rise.Window.Minutes()), "questions": rise.Questions, "expected": rise.Expected,
			"log10_p": rise.Log10P, "now": s.clock(),
		})
	if err != nil {
		return false, fmt.Errorf("propose incident: %w", err)
	}
	opened, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		ID  int64
		New bool
	}])
	if err != nil || !opened.New {
		return false, err
	}
	return true, s.emit(ctx, tx, webhook.Event{Type: webhook.IncidentProposed, CreatedAt: s.clock(), Data: webhook.Proposal{
		Expected: rise.Expected, Intent: intentID, ProposalID: opened.ID, Questions: rise.Questions,
		WindowMinutes: int(rise.Window.Minutes()),
	}})
}

// AcceptProposal makes a draft of a notice from a proposal, with the given texts.
func (s *Store) AcceptProposal(ctx context.Context, id int64, texts map[string]string, actor string) (StoredNotice, error) {
	var draft StoredNotice
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		intentID, err := s.decideProposal(ctx, tx, decision{actor: actor, id: id, state: "accepted"})
		if err != nil {
			return err
		}
		notice := Schedule{Notice: assistant.Notice{Intents: []string{intentID}, Texts: texts}}
		if draft, err = s.insertNotice(ctx, tx, notice, actor); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE incident_proposals SET notice_id = @notice WHERE id = @id`,
			pgx.NamedArgs{"id": id, "notice": draft.ID})
		if err != nil {
			return fmt.Errorf("link draft: %w", err)
		}
		return nil
	})
	return draft, err
}

// DismissProposal notes that a rise is no incident. The intent is not proposed again for some hours.
func (s *Store) DismissProposal(ctx context.Context, id int64, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.decideProposal(ctx, tx, decision{actor: actor, id: id, state: "dismissed"})
		return err
	})
}

// decision is what a person decides about a proposal.
type decision struct {
	actor string
	id    int64
	state string
}

func (s *Store) decideProposal(ctx context.Context, tx pgx.Tx, d decision) (string, error) {
	rows, err := tx.Query(ctx, `
		UPDATE incident_proposals SET state = @state, decided_at = @now, decided_by = @actor
		WHERE id = @id AND state = 'open' RETURNING intent`,
		pgx.NamedArgs{"id": d.id, "state": d.state, "actor": d.actor, "now": s.clock()})
	if err != nil {
		return "", fmt.Errorf("decide proposal: %w", err)
	}
	decided, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("decide proposal: %w", err)
	}
	if len(decided) == 0 {
		return "", assistant.Errorf(assistant.CodeNotFound, "no open proposal has this id")
	}
	return decided[0], audit(ctx, tx, Entry{
		Action: "proposal." + d.state, Actor: d.actor, At: s.clock(), SubjectID: strconv.FormatInt(d.id, 10), SubjectKind: "proposal",
	})
}
