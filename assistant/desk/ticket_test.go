package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// The table of steps and the database hold the same pairs of states: what the one allows, the other does not refuse, and
// what it refuses nothing can do.
func TestTheDatabaseKnowsTheSameTransitions(t *testing.T) {
	t.Parallel()

	s := startShift(t, "")
	states := []assistant.TicketStatus{
		assistant.TicketOpen, assistant.TicketClaimed, assistant.TicketWaiting, assistant.TicketOnHold, assistant.TicketResolved,
	}
	for _, from := range states {
		for _, to := range states {
			if from == to {
				continue
			}
			tx, err := s.pool.Begin(t.Context())
			require.NoError(t, err)
			ticket := uuid.New()
			_, err = tx.Exec(t.Context(), `
				WITH c AS (INSERT INTO conversations (id, channel, created_at) VALUES (gen_random_uuid(), 'api', now()) RETURNING id)
				INSERT INTO tickets (id, conversation_id, status, priority, intent, reasons, language, respond_by, created_at, assignee_id, resolved_at)
				SELECT $1, id, $2, 'P3', 'x', '{x}', 'en', now(), now(), $3, CASE WHEN $2 = 'resolved' THEN now() END FROM c`,
				ticket, string(from), s.agent.ID)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `
				UPDATE tickets SET status = $2, resolved_at = CASE WHEN $2 = 'resolved' THEN now() END WHERE id = $1`, ticket, string(to))
			require.NoError(t, tx.Rollback(t.Context()))
			pair := string(from) + ">" + string(to)
			if slices.Contains(desk.Transitions(), pair) {
				require.NoError(t, err, pair)
			} else {
				require.ErrorContains(t, err, fmt.Sprintf("a ticket that is %s cannot become %s", from, to))
			}
		}
	}
}

func TestEachStepSaysWhoWhenAndWhy(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
	ticket = s.do(t, ticket, desk.Change{Reason: "my seed is abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about", Step: desk.StepHold})
	ticket = s.do(t, ticket, desk.Change{Step: desk.StepResume})
	ticket = s.do(t, ticket, desk.Change{Priority: triage.P1, Reason: "large sum", Step: desk.StepPrioritise})
	ticket = s.do(t, ticket, desk.Change{Step: desk.StepTag, Tags: []string{"b", "a", "b"}})
	require.Equal(t, []string{"a", "b"}, ticket.Tags)
	ticket = s.do(t, ticket, desk.Change{Outcome: assistant.OutcomeConfirmed, Step: desk.StepResolve})
	ticket = s.do(t, ticket, desk.Change{Reason: "not quite", Step: desk.StepReopen})

	history, err := s.History(t.Context(), ticket.ID)
	require.NoError(t, err)
	var steps []desk.Step
	for _, entry := range history {
		steps = append(steps, entry.Step)
		require.Equal(t, s.at, entry.At.UTC())
		require.NotContains(t, entry.Reason, "abandon abandon")
	}
	require.Equal(t, []desk.Step{
		desk.StepOpen, desk.StepClaim, desk.StepHold, desk.StepResume, desk.StepPrioritise, desk.StepTag, desk.StepResolve, desk.StepReopen,
	}, steps)
	require.Equal(t, desk.ByCustomer, history[0].Actor)
	require.Equal(t, s.agent.ID.String(), history[1].Actor)
	require.Equal(t, "large sum", history[4].Reason)
	require.Equal(t, map[string]any{"priority": []any{"P3", "P1"}}, history[4].Detail)
	_, err = s.pool.Exec(t.Context(), `DELETE FROM ticket_history`)
	require.ErrorContains(t, err, "append-only")
}

func TestWhatATicketDoesNotAllowChangesNothing(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	open := s.open(t)
	claimed := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
	resolved := s.do(t, s.do(t, s.open(t), desk.Change{Step: desk.StepClaim}), desk.Change{Step: desk.StepResolve})
	later, soon := s.at.Add(100*24*time.Hour), s.at.Add(-time.Hour)
	for _, test := range []struct {
		name   string
		ticket assistant.Ticket
		change desk.Change
		code   assistant.Code
	}{
		{"resolve what nobody holds", open, desk.Change{Step: desk.StepResolve}, assistant.CodeConflict},
		{"hold what nobody holds", open, desk.Change{Reason: "x", Step: desk.StepHold}, assistant.CodeConflict},
		{"reopen what is open", open, desk.Change{Reason: "x", Step: desk.StepReopen}, assistant.CodeConflict},
		{"claim what is resolved", resolved, desk.Change{Step: desk.StepClaim}, assistant.CodeConflict},
		{"prioritise what is resolved", resolved, desk.Change{Priority: triage.P1, Reason: "x", Step: desk.StepPrioritise}, assistant.CodeConflict},
		{"another agent's", claimed, desk.Change{Actor: s.colleague, Step: desk.StepResolve}, assistant.CodeConflict},
		{"a step of the clock", claimed, desk.Change{Step: desk.StepExpire}, assistant.CodeConflict},
		{"an unknown step", claimed, desk.Change{Step: "explode"}, assistant.CodeConflict},
		{"a hold without a reason", claimed, desk.Change{Step: desk.StepHold}, assistant.CodeInvalid},
		{"a hold for too long", claimed, desk.Change{HoldUntil: &later, Reason: "x", Step: desk.StepHold}, assistant.CodeInvalid},
		{"a hold until the past", claimed, desk.Change{HoldUntil: &soon, Reason: "x", Step: desk.StepHold}, assistant.CodeInvalid},
		{"no priority", claimed, desk.Change{Priority: "P0", Reason: "x", Step: desk.StepPrioritise}, assistant.CodeInvalid},
		{"no queue", claimed, desk.Change{Queue: "nowhere", Step: desk.StepMove}, assistant.CodeInvalid},
		{"a tag with space", claimed, desk.Change{Step: desk.StepTag, Tags: []string{" a"}}, assistant.CodeInvalid},
		{"an outcome of the desk's own", claimed, desk.Change{Outcome: assistant.OutcomeMerged, Step: desk.StepResolve}, assistant.CodeInvalid},
		{"into itself", claimed, desk.Change{Into: &claimed.ID, Reason: "x", Step: desk.StepMerge}, assistant.CodeInvalid},
		{"into a resolved one", claimed, desk.Change{Into: &resolved.ID, Reason: "x", Step: desk.StepMerge}, assistant.CodeConflict},
		{"to nobody", claimed, desk.Change{Assignee: &open.ID, Step: desk.StepAssign}, assistant.CodeInvalid},
		{"to who is present, when nobody is", open, desk.Change{Step: desk.StepAssign}, assistant.CodeConflict},
		{"a stale version", claimed, desk.Change{Step: desk.StepResolve, Version: claimed.Version - 1}, assistant.CodeConflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			change := test.change
			change.TicketID = test.ticket.ID
			if change.Version == 0 {
				change.Version = test.ticket.Version
			}
			if change.Actor.ID == uuid.Nil {
				change.Actor = s.agent
			}
			_, err := s.Change(t.Context(), change)
			require.Equal(t, test.code, assistant.ErrorCode(err), err)
			require.Equal(t, test.ticket, s.now(t, test.ticket.ID))
		})
	}
}

func TestMergedTicketsGoOnAsOne(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	into := s.open(t)
	from := *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, func(end *assistant.Conclusion) {
		end.Explained.Triage.Priority, end.Explained.Triage.Intent = triage.P2, "security.phishing_victim"
	}).Ticket
	merged := s.do(t, from, desk.Change{Into: &into.ID, Reason: "the same withdrawal", Step: desk.StepMerge})
	require.Equal(t, assistant.TicketResolved, merged.Status)
	require.Equal(t, into.ID, *merged.MergedInto)
	require.Equal(t, assistant.OutcomeMerged, merged.Outcome)
	target := s.now(t, into.ID)
	require.Equal(t, triage.P2, target.Priority, "as urgent as the more urgent of the two")
	require.Equal(t, from.RespondBy, target.RespondBy, "and due as soon as the sooner")
	require.Equal(t, 1, s.told(t, webhook.TicketMerged))
	_, err := s.Change(t.Context(), desk.Change{
		Actor: s.agent, Into: &from.ID, Reason: "back", Step: desk.StepMerge, TicketID: into.ID, Version: target.Version,
	})
	require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err), "no ring of tickets")

	_, err = s.pool.Exec(t.Context(), `UPDATE conversations SET customer_ref = id::text`)
	require.NoError(t, err)
	other := s.open(t)
	_, err = s.pool.Exec(t.Context(), `UPDATE conversations SET customer_ref = 'another' WHERE id = $1`, other.ConversationID)
	require.NoError(t, err)
	_, err = s.Change(t.Context(), desk.Change{
		Actor: s.agent, Into: &into.ID, Reason: "x", Step: desk.StepMerge, TicketID: other.ID, Version: other.Version,
	})
	require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err), "of another customer")
}

func TestTicketsGoToWhoMayAndHasLeastToDo(t *testing.T) {
	t.Parallel()

	s := startShift(t, `
queues:
  - {name: security, intents: ["security.*"], skills: [security]}
  - {name: general}
agents:
  - {name: Ann, skills: [security], languages: [en], capacity: 2}
  - {name: Bo, languages: [zh]}
`)
	asked := func(intent, language string) assistant.Ticket {
		return *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, func(end *assistant.Conclusion) {
			end.Explained.Triage.Intent, end.Explained.Language = intent, language
		}).Ticket
	}
	secure, chinese, plain := asked("security.phishing_victim", "en"), asked("fees", "zh-Hans"), asked("fees", "en")
	require.Equal(t, "security", secure.Queue)

	next := func(actor desk.Actor) *assistant.Ticket {
		ticket, err := s.Next(t.Context(), actor)
		require.NoError(t, err)
		return ticket
	}
	require.Equal(t, chinese.ID, next(s.colleague).ID)
	require.Nil(t, next(s.colleague), "nothing else in a language of theirs")
	require.Equal(t, secure.ID, next(s.agent).ID)
	require.Equal(t, plain.ID, next(s.agent).ID)
	more := asked("fees", "en")
	require.Nil(t, next(s.agent), "as many as they may have")
	require.Equal(t, more.ID, next(s.lead).ID, "who is not in the plan speaks every language")

	_, err := s.Present(t.Context(), s.lead, time.Hour)
	require.NoError(t, err)
	assigned := s.do(t, asked("fees", "zh-Hant"), desk.Change{Actor: s.lead, Step: desk.StepAssign})
	require.Contains(t, []uuid.UUID{s.colleague.ID, s.lead.ID}, *assigned.AssigneeID)
	_, err = s.Present(t.Context(), s.lead, 0)
	require.NoError(t, err)
	assigned = s.do(t, asked("fees", "zh-Hant"), desk.Change{Actor: s.lead, Step: desk.StepAssign})
	require.Equal(t, s.colleague.ID, *assigned.AssigneeID, "the only one who is there and has room")
}

func TestTicketsOfADroppedQueueAreNotLost(t *testing.T) {
	t.Parallel()

	s := startShift(t, "queues:\n  - {name: old, intents: [withdrawal.pending]}\n  - {name: rest}")
	ticket := s.open(t)
	require.Equal(t, "old", ticket.Queue)
	_, err := s.store.SetPlan(t.Context(), "queues:\n  - {name: new}", 1, "test")
	require.NoError(t, err)
	require.Equal(t, "new", s.now(t, ticket.ID).Queue)
	taken, err := s.Next(t.Context(), s.agent)
	require.NoError(t, err)
	require.Equal(t, ticket.ID, taken.ID)
	_, err = s.store.SetPlan(t.Context(), "queues:\n  - {name: newer}", 1, "test")
	require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err), "made from a version that is not in force")
}

func TestEditsAddUpToBothTexts(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		draft, sent string
		distance    int
	}{
		{"same", "same", 0},
		{"", "new", 3},
		{"Open Assets and wait.", "Open Assets, then wait.", 20},
		{"提币正在处理中。", "提币仍在处理中。", 2},
		{"يرجى الانتظار قليلا", "يرجى الانتظار", 6},
	} {
		edits := desk.CompareDraft(test.draft, test.sent)
		var draft, sent strings.Builder
		for _, edit := range edits.Edits {
			if edit.Op != "+" {
				draft.WriteString(edit.Text)
			}
			if edit.Op != "-" {
				sent.WriteString(edit.Text)
			}
		}
		require.Equal(t, test.draft, draft.String())
		require.Equal(t, test.sent, sent.String())
		require.Equal(t, test.distance, edits.Distance, "%s / %s: %v", test.draft, test.sent, edits.Edits)
	}
}

func TestGapsAreGroupedBySimilarWords(t *testing.T) {
	t.Parallel()

	gaps := desk.Gaps([]desk.Unanswered{
		{Intent: "fees", Language: "en", Text: "what is the fee for copy trading"},
		{Intent: "fees", Language: "en", Text: "what is the fee of copy trading?"},
		{Intent: "fees", Language: "en", Text: "why was I charged twice"},
		{Intent: "fees", Language: "zh-Hans", Text: "跟单交易的手续费是多少"},
		{Intent: "fees", Language: "zh-Hans", Text: "跟单交易手续费多少"},
		{Intent: "fees", Language: "zh-Hans", Text: "跟单交易手续费是多少呢"},
	})
	require.Len(t, gaps, 3)
	require.Equal(t, desk.Gap{
		Intent: "fees", Language: "zh-Hans", Times: 3,
		Examples: []string{"跟单交易的手续费是多少", "跟单交易手续费多少", "跟单交易手续费是多少呢"},
	}, gaps[0])
	require.Equal(t, 2, gaps[1].Times)
}
