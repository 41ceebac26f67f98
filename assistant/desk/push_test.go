package desk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// pushed is a desk that gives tickets on workdays: to Ann, who may have two, to Bo, and in Chinese to Bo alone.
const pushed = `
lease: 30m
queues:
  - {name: taken, languages: [ar]}
  - {name: chinese, languages: [zh], push: true, skills: [chinese], hours: always}
  - {name: given, push: true, hours: {mon-fri: "09:00-17:00"}}
agents:
  - {name: Ann, capacity: 2, languages: [en]}
  - {name: Bo, skills: [chinese]}
`

// present says that agents are there for a shift.
func (s *shift) present(t *testing.T, agents ...desk.Actor) {
	t.Helper()
	for _, agent := range agents {
		_, err := s.Present(t.Context(), agent, 8*time.Hour)
		require.NoError(t, err)
	}
}

// in is a case in a language.
func (s *shift) in(t *testing.T, language string) assistant.Ticket {
	t.Helper()
	return *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, func(end *assistant.Conclusion) { end.Explained.Language = language }).Ticket
}

// loads counts the tickets of each agent.
func (s *shift) loads(t *testing.T) map[string]int {
	t.Helper()
	present, err := s.store.Presence(t.Context(), s.at)
	require.NoError(t, err)
	loads := make(map[string]int)
	for _, colleague := range present {
		loads[colleague.Name] = colleague.Load
	}
	return loads
}

func TestTicketsAreGivenToWhoIsPresentAndHasTheLeastToDo(t *testing.T) {
	t.Parallel()

	s := startShift(t, pushed)
	first := s.in(t, "en")
	s.later(t, 0)
	require.Equal(t, assistant.TicketOpen, s.now(t, first.ID).Status, "nobody is there")

	s.present(t, s.agent, s.colleague)
	s.later(t, time.Second)
	given := s.now(t, first.ID)
	require.Equal(t, assistant.TicketClaimed, given.Status)
	require.NotNil(t, given.ClaimExpiresAt)
	require.Equal(t, 1, s.told(t, webhook.TicketAssigned))
	history, err := s.History(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, []any{desk.ByClock, desk.StepAssign}, []any{history[1].Actor, history[1].Step})

	for range 4 {
		s.in(t, "en")
	}
	chinese, arabic := s.in(t, "zh-Hant"), s.in(t, "ar")
	s.later(t, time.Second)
	require.Equal(t, map[string]int{"Ann": 2, "Bo": 4}, s.loads(t), "Ann may have two")
	require.Equal(t, s.colleague.ID, *s.now(t, chinese.ID).AssigneeID, "who has the skill")
	require.Equal(t, assistant.TicketOpen, s.now(t, arabic.ID).Status, "a queue that is not pushed")

	for range 3 {
		s.in(t, "en")
	}
	s.later(t, time.Second)
	require.Equal(t, map[string]int{"Ann": 2, "Bo": 5}, s.loads(t), "without a capacity, one is given five")
}

func TestTicketsAreGivenInOpeningHoursOnly(t *testing.T) {
	t.Parallel()

	s := startShift(t, pushed)
	s.at = time.Date(2026, 3, 6, 16, 59, 50, 0, time.UTC) // a Friday
	s.present(t, s.agent, s.colleague)
	s.at = s.at.Add(10 * time.Second)
	english, chinese := s.in(t, "en"), s.in(t, "zh-Hans")
	s.later(t, 0)
	require.Equal(t, assistant.TicketOpen, s.now(t, english.ID).Status)
	require.Equal(t, assistant.TicketClaimed, s.now(t, chinese.ID).Status, "this queue never closes")
	s.later(t, 64*time.Hour) // to Monday morning
	s.present(t, s.agent)
	s.later(t, 0)
	require.Equal(t, assistant.TicketClaimed, s.now(t, english.ID).Status)
}

func TestATicketThatComesBackIsGivenToSomebodyElse(t *testing.T) {
	t.Parallel()

	s := startShift(t, pushed)
	s.present(t, s.agent)
	released := s.in(t, "en")
	s.later(t, 0)
	s.do(t, s.now(t, released.ID), desk.Change{Step: desk.StepRelease})
	s.later(t, time.Second)
	require.Equal(t, assistant.TicketOpen, s.now(t, released.ID).Status, "who has put it back is not given it again")
	s.present(t, s.colleague)
	s.later(t, time.Second)
	require.Equal(t, s.colleague.ID, *s.now(t, released.ID).AssigneeID)

	untouched := s.in(t, "en")
	s.later(t, time.Second)
	require.Equal(t, s.agent.ID, *s.now(t, untouched.ID).AssigneeID)
	s.answer(t, s.do(t, s.now(t, s.in(t, "en").ID), desk.Change{Actor: s.lead, Assignee: &s.agent.ID, Step: desk.StepAssign}))
	s.do(t, s.now(t, released.ID), desk.Change{Actor: s.colleague, Step: desk.StepClaim}) // Bo does something, Ann does not
	s.later(t, 30*time.Minute)
	require.Equal(t, s.colleague.ID, *s.now(t, untouched.ID).AssigneeID, "the claim has ended and Ann counts as away")
	require.NotContains(t, s.loads(t), "Ann")
}

func TestNobodyIsGivenMoreThanTheyMayHaveWhoeverGives(t *testing.T) {
	t.Parallel()

	s := startShift(t, pushed)
	s.present(t, s.agent)
	for range 6 {
		s.in(t, "en")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { _, _ = s.store.Push(t.Context(), s.at) })
		group.Go(func() { _, _ = s.Next(t.Context(), s.agent) })
	}
	group.Wait()
	require.Equal(t, map[string]int{"Ann": 2}, s.loads(t))
}

func TestWhoHasNoAccessIsGivenNothing(t *testing.T) {
	t.Parallel()

	s := startShift(t, pushed)
	s.present(t, s.agent)
	_, err := s.store.SetDisabled(t.Context(), s.agent.ID, &s.at, "test")
	require.NoError(t, err)
	ticket := s.in(t, "en")
	s.later(t, 0)
	require.Equal(t, assistant.TicketOpen, s.now(t, ticket.ID).Status)
	_, err = s.Change(t.Context(), desk.Change{
		Actor: s.lead, Assignee: &s.agent.ID, Step: desk.StepAssign, TicketID: ticket.ID, Version: ticket.Version,
	})
	require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err))
}
