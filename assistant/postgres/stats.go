package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/desk"
)

// statsSource is what one kind of figure is read from: rows with the columns at, intent and language, and its own.
const (
	draftSource = `(
		SELECT d.decided_at AS at, t.intent, t.language, d.fate, d.edit_share, d.reject_code
		FROM drafts d JOIN tickets t ON t.id = d.ticket_id WHERE d.decided_at >= @from AND d.decided_at < @to)`
	feedbackSource = `(
		SELECT f.created_at AS at, r.intent, r.language, f.rating
		FROM feedback f LEFT JOIN LATERAL (
			SELECT intent, language FROM runs WHERE conversation_id = f.conversation_id ORDER BY started_at DESC LIMIT 1) r ON true
		WHERE f.created_at >= @from AND f.created_at < @to)`
	resolutionSource = `(
		SELECT s.at, t.intent, t.language, s.outcome, extract(epoch FROM s.at - t.created_at)::float8 AS seconds
		FROM ticket_resolutions s JOIN tickets t ON t.id = s.ticket_id WHERE s.at >= @from AND s.at < @to)`
	runSource = `(
		SELECT concluded_at AS at, intent, language, outcome, reasons
		FROM runs WHERE status = 'concluded' AND concluded_at >= @from AND concluded_at < @to)`
	ticketSource = `(
		SELECT t.created_at AS at, t.intent, t.language, extract(epoch FROM t.first_response_at - t.created_at)::float8 AS seconds,
			EXISTS (SELECT FROM ticket_alarms a WHERE a.ticket_id = t.id AND a.promise = 'response' AND a.kind = 'overdue') AS late_reply,
			EXISTS (SELECT FROM ticket_alarms a WHERE a.ticket_id = t.id AND a.promise = 'resolution' AND a.kind = 'overdue') AS late_end
		FROM tickets t WHERE t.created_at >= @from AND t.created_at < @to)`
)

// Stats returns the figures of a time.
func (s *Store) Stats(ctx context.Context, f desk.StatsFilter) (desk.Stats, error) {
	stats := desk.Stats{From: f.From, To: f.To}
	total, err := s.figures(ctx, f, "''")
	if err != nil {
		return stats, err
	}
	if t := total[""]; t != nil {
		stats.Total = *t
	} else {
		stats.Total = *newFigures("")
	}
	keys := map[string]string{"day": "to_char(x.at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", "intent": "x.intent", "language": "x.language"}
	key, grouped := keys[f.By]
	if !grouped {
		return stats, nil
	}
	groups, err := s.figures(ctx, f, key)
	if err != nil {
		return stats, err
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		stats.Groups = append(stats.Groups, *groups[name])
	}
	return stats, nil
}

// Unanswered returns the latest questions that no article answered well enough, newest first.
func (s *Store) Unanswered(ctx context.Context, f desk.StatsFilter, limit int) ([]desk.Unanswered, error) {
	args := statsArgs(f)
	args["limit"] = limit
	rows, err := s.pool.Query(ctx, `
		SELECT coalesce(r.intent, '') AS intent, coalesce(r.language, '') AS language, m.body AS text, m.id
		FROM runs r JOIN messages m ON m.id = r.message_id JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
		WHERE r.status = 'concluded' AND r.outcome <> 'answered' AND r.concluded_at >= @from AND r.concluded_at < @to
		  AND r.reasons && ARRAY['no_source', 'not_answerable', 'low_confidence', 'only_in_another_language']
		  AND NOT r.reasons && ARRAY['auto_reply_off']
		  AND (@intent = '' OR r.intent = @intent) AND (@language = '' OR r.language = @language)
		ORDER BY r.concluded_at DESC, r.id LIMIT @limit`, args)
	if err != nil {
		return nil, fmt.Errorf("list unanswered questions: %w", err)
	}
	type row struct {
		desk.Unanswered

		ID uuid.UUID
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("list unanswered questions: %w", err)
	}
	questions := make([]desk.Unanswered, len(found))
	for i, row := range found {
		questions[i] = row.Unanswered
		if questions[i].Text, err = s.openText(ctx, storedText{ID: row.ID, Body: row.Text}); err != nil {
			return nil, err
		}
	}
	return questions, nil
}

func statsArgs(f desk.StatsFilter) pgx.NamedArgs {
	return pgx.NamedArgs{"from": f.From, "to": f.To, "intent": f.Intent, "language": f.Language}
}

func newFigures(key string) *desk.Figures {
	return &desk.Figures{
		Drafts: map[string]int{}, HandOffReasons: map[string]int{}, Key: key, Outcomes: map[string]int{}, RejectCodes: map[string]int{},
	}
}

// statsQuery reads some figures of each group.
type statsQuery struct {
	columns string
	join    string
	note    func(f *desk.Figures, name string, numbers [6]float64)
	source  string
}

// figures reads all figures by a key, which is SQL of this file. Each query gives rows of a key, a name and six numbers.
func (s *Store) figures(ctx context.Context, f desk.StatsFilter, key string) (map[string]*desk.Figures, error) {
	groups := make(map[string]*desk.Figures)
	for _, q := range append(statsQueries(), countQueries()...) {
		rows, err := s.pool.Query(ctx, `
			SELECT coalesce(`+key+`, '') AS key, `+q.columns+`
			FROM `+q.source+` x `+q.join+`
			WHERE (@intent = '' OR x.intent = @intent) AND (@language = '' OR x.language = @language)
			GROUP BY 1, 2`, statsArgs(f))
		if err != nil {
			return nil, fmt.Errorf("read figures: %w", err)
		}
		var group, name string
		var n [6]float64
		_, err = pgx.ForEachRow(rows, []any{&group, &name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]}, func() error {
			if groups[group] == nil {
				groups[group] = newFigures(group)
			}
			q.note(groups[group], name, n)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read figures: %w", err)
		}
	}
	return groups, nil
}

func statsQueries() []statsQuery {
	const percentiles = `coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.seconds), 0),
		coalesce(percentile_cont(0.9) WITHIN GROUP (ORDER BY x.seconds), 0)`
	return []statsQuery{
		{
			columns: `'' AS name, count(*)::float8, (count(*) FILTER (WHERE x.outcome = 'answered'))::float8,
				(count(*) FILTER (WHERE x.outcome = 'handed_off'))::float8, 0::float8, 0::float8, 0::float8`,
			source: runSource,
			note: func(f *desk.Figures, _ string, n [6]float64) {
				f.Questions, f.Answered, f.HandOffs, f.AutomaticRate = int(n[0]), int(n[1]), int(n[2]), n[1]/n[0]
			},
		},
		{
			columns: `reason AS name, count(*)::float8, 0::float8, 0::float8, 0::float8, 0::float8, 0::float8`, source: runSource,
			join: `JOIN LATERAL unnest(CASE WHEN x.outcome = 'handed_off' THEN x.reasons END) AS reason ON true`,
			note: func(f *desk.Figures, name string, n [6]float64) { f.HandOffReasons[name] = int(n[0]) },
		},
		{
			columns: `'' AS name, count(*)::float8, count(x.seconds)::float8, ` + percentiles + `,
				(count(*) FILTER (WHERE x.late_reply))::float8, (count(*) FILTER (WHERE x.late_end))::float8`,
			source: ticketSource,
			note: func(f *desk.Figures, _ string, n [6]float64) {
				f.Tickets, f.FirstResponses, f.FirstResponseP50, f.FirstResponseP90 = int(n[0]), int(n[1]), n[2], n[3]
				f.ResponseMet, f.ResolutionMet = 1-n[4]/n[0], 1-n[5]/n[0]
			},
		},
		{
			columns: `'' AS name, count(*)::float8, ` + percentiles + `, 0::float8, 0::float8, 0::float8`, source: resolutionSource,
			note: func(f *desk.Figures, _ string, n [6]float64) {
				f.Resolutions, f.ResolutionP50, f.ResolutionP90 = int(n[0]), n[1], n[2]
			},
		},
	}
}

// countQueries read how often each of some names came up, and what customers think.
func countQueries() []statsQuery {
	return []statsQuery{
		{
			columns: `x.outcome AS name, count(*)::float8, 0::float8, 0::float8, 0::float8, 0::float8, 0::float8`, source: resolutionSource,
			note: func(f *desk.Figures, name string, n [6]float64) { f.Outcomes[name] = int(n[0]) },
		},
		{
			columns: `x.fate AS name, count(*)::float8, coalesce(avg(x.edit_share), 0)::float8, 0::float8, 0::float8, 0::float8,
				0::float8`,
			source: draftSource,
			note: func(f *desk.Figures, name string, n [6]float64) {
				f.Drafts[name] = int(n[0])
				if name == "edited" {
					f.DraftEditShare = n[1]
				}
				decided := f.Drafts["accepted"] + f.Drafts["edited"] + f.Drafts["rejected"]
				f.DraftAcceptance = float64(f.Drafts["accepted"]) / float64(decided)
			},
		},
		{
			columns: `coalesce(x.reject_code, 'other') AS name, (count(*) FILTER (WHERE x.fate = 'rejected'))::float8, 0::float8, 0::float8,
				0::float8, 0::float8, 0::float8`,
			source: draftSource,
			note: func(f *desk.Figures, name string, n [6]float64) {
				if n[0] > 0 {
					f.RejectCodes[name] = int(n[0])
				}
			},
		},
		{
			columns: `'' AS name, count(*)::float8, (count(*) FILTER (WHERE x.rating >= 4))::float8, 0::float8, 0::float8, 0::float8,
				0::float8`,
			source: feedbackSource,
			note: func(f *desk.Figures, _ string, n [6]float64) {
				f.Ratings, f.CSAT = int(n[0]), n[1]/n[0]
			},
		},
	}
}
