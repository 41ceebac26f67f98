// Package memory keeps conversations in memory, for asking without leaving a trace: `deskhand ask` and eval suites run the
// real pipeline on it, so no test question reaches an agent's queue. What leads have set comes from elsewhere.
//
// It holds to the same rules as package postgres (first conclusion stands, one unresolved ticket a conversation) and keeps
// nothing when the program ends.
package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
)

// SettingsFunc returns what leads have set.
type SettingsFunc func(ctx context.Context) (assistant.Settings, error)

// Store implements assistant.Store. It is safe for concurrent use.
type Store struct {
	settings SettingsFunc

	mu            sync.Mutex
	conclusions   map[uuid.UUID]assistant.Conclusion // by run
	conversations map[uuid.UUID][]assistant.Message
	runs          map[uuid.UUID]assistant.Case
	tickets       map[uuid.UUID]*assistant.Ticket // by conversation
}

// New returns an empty Store.
func New(settings SettingsFunc) *Store {
	return &Store{
		settings:      settings,
		conclusions:   make(map[uuid.UUID]assistant.Conclusion),
		conversations: make(map[uuid.UUID][]assistant.Message),
		runs:          make(map[uuid.UUID]assistant.Case),
		tickets:       make(map[uuid.UUID]*assistant.Ticket),
	}
}

// AddDraft implements assistant.Store: drafts for agents have no reader here.
func (s *Store) AddDraft(context.Context, uuid.UUID, assistant.Proposal) error { return nil }

// Begin implements assistant.Store.
func (s *Store) Begin(_ context.Context, o assistant.Opening) (assistant.Case, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	history := s.conversations[o.ConversationID]
	for i, message := range history {
		if body, ok := o.Rewritten[message.ID]; ok {
			history[i].Body = body
		}
	}
	c := assistant.Case{
		Channel:        o.Question.Channel,
		Clarifications: s.clarifications(o.ConversationID),
		History:        slices.Clone(history),
		Jurisdiction:   cmp.Or(o.Question.Customer.Jurisdiction, o.Question.Jurisdiction),
		Locale:         o.Question.Locale,
		Question:       o.Message,
		Run: assistant.Run{
			ID: o.RunID, ConversationID: o.ConversationID, DeadlineAt: o.DeadlineAt, MessageID: o.Message.ID,
			StartedAt: o.At, Status: assistant.RunRunning,
		},
		Ticket: s.tickets[o.ConversationID],
		Tier:   o.Question.Customer.Tier,
	}
	s.runs[o.RunID] = c
	s.conversations[o.ConversationID] = append(history, o.Message)
	return c, nil
}

// Put begins a case as it stood elsewhere before its end, so that assistant.Recover takes it to an end here.
func (s *Store) Put(c assistant.Case) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Run.Status, c.Run.Ticket = assistant.RunRunning, nil
	s.runs[c.Run.ID] = c
	s.conversations[c.Run.ConversationID] = append(slices.Clone(c.History), c.Question)
	if c.Ticket != nil {
		own := *c.Ticket // what happens here changes nothing elsewhere
		own.Risks = slices.Clone(own.Risks)
		s.tickets[c.Run.ConversationID] = &own
	}
}

// Case implements assistant.Store.
func (s *Store) Case(_ context.Context, runID uuid.UUID) (assistant.Case, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.runs[runID]
	if !ok {
		return c, assistant.Errorf(assistant.CodeNotFound, "run not found")
	}
	return c, nil
}

// Conclude implements assistant.Store.
func (s *Store) Conclude(_ context.Context, end assistant.Conclusion) (assistant.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.runs[end.Case.Run.ID]
	if c.Run.Concluded() {
		return c.Run, nil
	}
	c.Run.Confidence = end.Explained.Confidence
	c.Run.Intent = end.Explained.Triage.Intent
	c.Run.Language = end.Explained.Language
	c.Run.Outcome = end.Decision.Outcome
	c.Run.Priority = end.Explained.Triage.Priority
	c.Run.Reasons = end.Decision.Reasons
	c.Run.Reply = end.Reply
	c.Run.Status = assistant.RunConcluded
	if end.Decision.Outcome == assistant.OutcomeHandedOff {
		c.Run.Ticket = s.ticket(end)
	}
	s.runs[c.Run.ID] = c
	s.conclusions[c.Run.ID] = end
	s.noteLanguage(c, end.Explained.Language)
	s.conversations[c.Run.ConversationID] = append(s.conversations[c.Run.ConversationID], end.Reply)
	return c.Run, nil
}

// Conclusion returns how a run ended, with everything that was recorded.
func (s *Store) Conclusion(runID uuid.UUID) (assistant.Conclusion, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, ok := s.conclusions[runID]
	return end, ok
}

// Earlier implements assistant.Store.
func (s *Store) Earlier(_ context.Context, conversationID uuid.UUID, limit int) ([]assistant.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var earlier []assistant.Message
	for _, message := range s.conversations[conversationID] {
		if message.Author == assistant.AuthorCustomer {
			earlier = append(earlier, message)
		}
	}
	return earlier[max(0, len(earlier)-limit):], nil
}

// Settings implements assistant.Store.
func (s *Store) Settings(ctx context.Context) (assistant.Settings, error) { return s.settings(ctx) }

func (s *Store) clarifications(conversationID uuid.UUID) int {
	var ended []assistant.Case
	for _, c := range s.runs {
		if c.Run.ConversationID == conversationID && c.Run.Concluded() {
			ended = append(ended, c)
		}
	}
	slices.SortFunc(ended, func(a, b assistant.Case) int { return b.Run.StartedAt.Compare(a.Run.StartedAt) })
	for i, c := range ended {
		if c.Run.Outcome != assistant.OutcomeClarify {
			return i
		}
	}
	return len(ended)
}

func (s *Store) noteLanguage(c assistant.Case, language string) {
	messages := s.conversations[c.Run.ConversationID]
	if i := slices.IndexFunc(messages, func(m assistant.Message) bool { return m.ID == c.Run.MessageID }); i >= 0 {
		messages[i].Language = language
	}
}

// ticket opens the conversation's ticket, or makes the one that is there more urgent.
func (s *Store) ticket(end assistant.Conclusion) *assistant.Ticket {
	conversationID := end.Case.Run.ConversationID
	t := end.Explained.Triage
	open, ok := s.tickets[conversationID]
	if !ok {
		open = &assistant.Ticket{
			ID: uuid.New(), ConversationID: conversationID, CreatedAt: end.At, Intent: t.Intent,
			Language: end.Explained.Language, Number: int64(len(s.tickets) + 1), Priority: t.Priority,
			RespondBy: end.RespondBy, Status: assistant.TicketOpen, Version: 1,
		}
		s.tickets[conversationID] = open
	}
	for _, r := range t.Risks {
		if !slices.Contains(open.Risks, r) {
			open.Risks = append(open.Risks, r)
		}
	}
	open.Priority = open.Priority.Higher(t.Priority)
	return open
}

var _ assistant.Store = (*Store)(nil)
