package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/prompts"
)

// How many tickets of each queue and language an agent looks at: mostly the first are free, and reading more costs a third of the
// time; else more than agents who race for them, so that one who finds all of them locked has been unlucky beyond reason.
const (
	candidates      = 64
	firstCandidates = 4
)

// Queue implements desk.Store. Only the filters that are set stand in the statement: the planner then finds the index of the
// rarest.
func (s *Store) Queue(ctx context.Context, f desk.Filter) ([]assistant.Ticket, error) {
	query, args := queueQuery(f)
	// Planned for these very values: a plan for any value of a filter reads the whole queue for one that is rare.
	rows, err := s.pool.Query(ctx, query, pgx.QueryExecModeCacheDescribe, args)
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[ticketRow])
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	tickets := make([]assistant.Ticket, len(found))
	for i, row := range found {
		tickets[i] = row.ticket()
	}
	return tickets, nil
}

// Heard implements desk.Store.
func (s *Store) Heard(ctx context.Context, conversationIDs []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id AS conversation_id, m.id, m.body FROM unnest(@ids::uuid[]) c (id)
		CROSS JOIN LATERAL (
			SELECT id, body FROM messages WHERE conversation_id = c.id AND author = 'customer'
			ORDER BY created_at DESC, id DESC LIMIT 1) m`, pgx.NamedArgs{"ids": conversationIDs})
	if err != nil {
		return nil, fmt.Errorf("read latest messages: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
		ConversationID uuid.UUID
		ID             uuid.UUID
		Body           string
	}])
	if err != nil {
		return nil, fmt.Errorf("read latest messages: %w", err)
	}
	heard := make(map[uuid.UUID]string, len(found))
	for _, row := range found {
		if heard[row.ConversationID], err = s.vault.Open(ctx, s.pool, messageBody.at(row.ID.String()), row.Body); err != nil {
			return nil, err
		}
	}
	return heard, nil
}

// queueQuery writes the statement of a filter from parts of this file.
func queueQuery(f desk.Filter) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"limit": f.Limit}
	where := []string{"t.status <> 'resolved'"}
	if f.Status != "" {
		where[0], args["status"] = "t.status = @status", string(f.Status)
	}
	equal := func(column, name, value string) {
		if value != "" {
			where, args[name] = append(where, "t."+column+" = @"+name), value
		}
	}
	equal("priority", "priority", string(f.Priority))
	equal("intent", "intent", f.Intent)
	equal("language", "language", f.Language)
	equal("queue", "queue", f.Queue)
	equal("channel", "channel", f.Channel)
	if f.AssigneeID != nil {
		where, args["assignee_id"] = append(where, "t.assignee_id = @assignee_id"), f.AssigneeID
	}
	if f.Tag != "" {
		where, args["tag"] = append(where, "t.tags @> ARRAY[@tag::text] AND t.tags <> '{}'"), f.Tag
	}
	if f.Risk != "" {
		where, args["risk"] = append(where, "t.risks @> ARRAY[@risk::text] AND t.risks <> '{}'"), string(f.Risk)
	}
	if f.Overdue {
		where = append(where, `(t.awaiting_since IS NOT NULL AND t.respond_by <= @now OR t.paused_at IS NULL AND t.resolve_by <= @now)`)
		args["now"] = f.Now
	}
	if f.After != nil {
		where = append(where, "(t.priority, t.respond_by, t.id) > (@after_priority, @after_respond_by, @after_id::uuid)")
		args["after_priority"], args["after_respond_by"], args["after_id"] = string(f.After.Priority), f.After.RespondBy, f.After.ID
	}
	return `SELECT ` + ticketColumns + ` FROM tickets t WHERE ` + strings.Join(where, " AND ") + `
		ORDER BY t.priority, t.respond_by, t.id LIMIT @limit`, args
}

// Next implements desk.Store. Agents who ask at the same time get different tickets and do not wait for each other.
func (s *Store) Next(ctx context.Context, actor desk.Actor, at time.Time) (*assistant.Ticket, error) {
	var taken *assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		search, err := s.nextSearch(ctx, tx, actor)
		if err != nil || search == nil {
			return err
		}
		taken, err = s.takeNext(ctx, tx, search, desk.Change{Actor: actor, At: at, Step: desk.StepClaim})
		return err
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// takeNext takes the first ticket of a search through a step; nil when none waits.
func (s *Store) takeNext(ctx context.Context, tx pgx.Tx, search pgx.NamedArgs, c desk.Change) (*assistant.Ticket, error) {
	found := uuid.Nil
	for _, looked := range []int{firstCandidates, candidates} {
		search["candidates"] = looked
		rows, err := tx.Query(ctx, nextQuery, search)
		if err != nil {
			return nil, fmt.Errorf("look for the next ticket: %w", err)
		}
		found, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[uuid.UUID])
		if err == nil {
			break
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return nil, fmt.Errorf("look for the next ticket: %w", err)
		}
	}
	if found == uuid.Nil {
		return nil, nil //nolint:nilnil // no ticket is an answer, not a failure
	}
	c.TicketID = found
	before, err := loadTicket(ctx, tx, c.TicketID)
	if err != nil {
		return nil, err
	}
	ticket, err := s.change(ctx, tx, before, c)
	return &ticket, err
}

// nextQuery takes the first tickets of all queues (in each language, where the agent has only some), and locks the most
// urgent that nobody else is about to change, with its conversation: a run that concludes there goes first (P7).
const nextQuery = `
	SELECT t.id FROM tickets t JOIN conversations c ON c.id = t.conversation_id
	WHERE t.status = 'open' AND t.id = ANY (ARRAY(
		SELECT f.id FROM (
			SELECT f.id, f.priority, f.respond_by FROM unnest(@queues::text[], @languages::text[]) AS line (queue, language)
			CROSS JOIN LATERAL (
				SELECT id, priority, respond_by FROM tickets
				WHERE status = 'open' AND queue = line.queue AND language = line.language
				ORDER BY priority, respond_by, id LIMIT @candidates
			) f
			UNION ALL
			SELECT f.id, f.priority, f.respond_by FROM unnest(@any_language::text[]) AS line (queue)
			CROSS JOIN LATERAL (
				SELECT id, priority, respond_by FROM tickets
				WHERE status = 'open' AND queue = line.queue
				ORDER BY priority, respond_by, id LIMIT @candidates
			) f
		) f ORDER BY f.priority, f.respond_by, f.id LIMIT @candidates))
	  AND (@not_released_by = '' OR NOT EXISTS (
		SELECT FROM ticket_history h WHERE h.ticket_id = t.id AND h.step = 'release' AND h.actor = @not_released_by))
	ORDER BY t.priority, t.respond_by, t.id LIMIT 1
	FOR UPDATE OF t, c SKIP LOCKED`

// nextSearch returns where an agent looks for work; nil when the agent has as much as the plan allows.
func (s *Store) nextSearch(ctx context.Context, tx pgx.Tx, actor desk.Actor) (pgx.NamedArgs, error) {
	w, err := s.lockWorker(ctx, tx, actor.ID)
	if err != nil {
		return nil, err
	}
	if w.agent.Capacity > 0 && w.load >= w.agent.Capacity {
		return nil, nil //nolint:nilnil // there is nowhere to look
	}
	return searchIn(w.agent, w.plan.Worked(w.agent)), nil
}

// worker is an agent who is about to get a ticket.
type worker struct {
	agent plan.Agent
	load  int // tickets that the agent works on
	plan  *plan.Plan
}

// lockWorker locks the agent's row: two windows of one agent, or one and the desk, must not take more together than one may.
func (s *Store) lockWorker(ctx context.Context, tx pgx.Tx, id uuid.UUID) (worker, error) {
	var w worker
	rows, err := tx.Query(ctx, `SELECT name FROM agents WHERE id = @id AND disabled_at IS NULL FOR NO KEY UPDATE`, pgx.NamedArgs{"id": id})
	if err != nil {
		return w, fmt.Errorf("load agent: %w", err)
	}
	type row struct{ Name string }
	found, err := collectOne[row](rows, "agent")
	if err != nil {
		return w, err
	}
	if w.plan, err = s.plan(ctx, tx); err != nil {
		return w, err
	}
	w.agent = w.plan.Agent(id, found.Name)
	rows, err = tx.Query(ctx, `SELECT count(*) FROM tickets WHERE assignee_id = @id AND status IN ('claimed', 'on_hold')`,
		pgx.NamedArgs{"id": id})
	if err != nil {
		return w, fmt.Errorf("count tickets: %w", err)
	}
	if w.load, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int]); err != nil {
		return w, fmt.Errorf("count tickets: %w", err)
	}
	return w, nil
}

// searchIn returns the arguments of nextQuery for an agent and queues.
func searchIn(agent plan.Agent, names []string) pgx.NamedArgs {
	args := pgx.NamedArgs{
		"any_language": []string{}, "languages": []string{}, "not_released_by": "", "queues": []string{},
	}
	if len(agent.Languages) == 0 {
		args["any_language"] = append([]string{}, names...)
		return args
	}
	queues, languages := []string{}, []string{}
	for _, queue := range names {
		for _, language := range union(agent.Languages, prompts.Languages()) {
			if agent.Speaks(language) {
				queues, languages = append(queues, queue), append(languages, language)
			}
		}
	}
	args["queues"], args["languages"] = queues, languages
	return args
}
