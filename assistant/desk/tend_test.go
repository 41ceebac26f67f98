package desk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/webhook"
	"github.com/deskhand/deskhand/prompts"
)

func TestAlarmsSoundOnceEach(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.open(t)
	require.Equal(t, s.at.Add(4*time.Hour), ticket.RespondBy.UTC(), "the plan's promise replaces the policy's")
	require.Equal(t, s.at.Add(16*time.Hour), ticket.ResolveBy.UTC())

	s.later(t, 2*time.Hour-time.Second)
	require.Zero(t, s.told(t, webhook.TicketDueSoon))
	s.later(t, time.Second)
	require.Equal(t, 1, s.told(t, webhook.TicketDueSoon))

	// Several replicas look at the clock at once, and one of them had crashed before it could.
	s.at = s.at.Add(2 * time.Hour)
	var group sync.WaitGroup
	failures := make([]error, 4)
	for i := range failures {
		group.Go(func() { failures[i] = s.Tend(t.Context()) })
	}
	group.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	s.later(t, time.Second)
	require.Equal(t, 1, s.told(t, webhook.TicketDueSoon))
	require.Equal(t, 1, s.told(t, webhook.TicketOverdue))
	require.Equal(t, 1, s.told(t, webhook.TicketEscalated))
	escalated := s.now(t, ticket.ID)
	require.Equal(t, triage.P2, escalated.Priority)
	require.Equal(t, 1, escalated.Escalations)
	require.Equal(t, ticket.RespondBy, escalated.RespondBy, "what was missed stays missed")
	require.Equal(t, s.at.Add(8*time.Hour-time.Second), escalated.ResolveBy.UTC(), "what is more urgent is due sooner")
}

func TestAnAlarmIsNotLostToAnAgentWhoIsFasterThanTheClock(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.open(t)
	s.at = s.at.Add(5 * time.Hour)
	s.answer(t, s.do(t, ticket, desk.Change{Step: desk.StepClaim}))
	s.later(t, time.Minute)
	require.Equal(t, 1, s.told(t, webhook.TicketOverdue))
	require.Zero(t, s.told(t, webhook.TicketEscalated), "it has been answered by now")
}

func TestPromisesPauseWhileTheDeskWaitsForTheCustomer(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
	due := *ticket.ResolveBy
	s.at = s.at.Add(time.Hour)
	ticket = s.answer(t, ticket)
	require.Equal(t, assistant.TicketWaiting, ticket.Status)
	s.later(t, 3*24*time.Hour)
	require.Zero(t, s.told(t, webhook.TicketOverdue))

	s.say(t, ticket.ConversationID, assistant.OutcomeHandedOff, nil)
	ticket = s.now(t, ticket.ID)
	require.Equal(t, assistant.TicketClaimed, ticket.Status)
	require.Equal(t, due.Add(3*24*time.Hour), *ticket.ResolveBy)
	require.Equal(t, s.at.Add(4*time.Hour), ticket.RespondBy.UTC(), "the promise of the next reply")
	s.at = s.at.Add(time.Hour)
	s.say(t, ticket.ConversationID, assistant.OutcomeHandedOff, nil)
	require.Equal(t, ticket.RespondBy, s.now(t, ticket.ID).RespondBy, "who has waited is not put back by writing again")
}

func TestAHoldPausesNothingAndEndsByItself(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
	until := s.at.Add(2 * time.Hour)
	held := s.do(t, ticket, desk.Change{HoldUntil: &until, Step: desk.StepHold})
	require.Equal(t, assistant.TicketOnHold, held.Status)
	require.Equal(t, *ticket.ResolveBy, *held.ResolveBy)
	require.Nil(t, held.ClaimExpiresAt)
	s.later(t, 2*time.Hour)
	require.Equal(t, assistant.TicketClaimed, s.now(t, ticket.ID).Status)
	require.Equal(t, 1, s.told(t, webhook.TicketResumed))
}

func TestAClaimWithoutAReplyGoesBackIntoTheQueue(t *testing.T) {
	t.Parallel()

	s := startShift(t, workday)
	ticket := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
	s.later(t, 29*time.Minute)
	require.Equal(t, assistant.TicketClaimed, s.now(t, ticket.ID).Status)
	ticket = s.do(t, ticket, desk.Change{Step: desk.StepClaim}) // to keep it longer
	s.later(t, 29*time.Minute)
	require.Equal(t, assistant.TicketClaimed, s.now(t, ticket.ID).Status)
	s.later(t, time.Minute)
	back := s.now(t, ticket.ID)
	require.Equal(t, assistant.TicketOpen, back.Status)
	require.Nil(t, back.AssigneeID)
	history, err := s.History(t.Context(), ticket.ID)
	require.NoError(t, err)
	require.Equal(t, desk.ByClock, history[len(history)-1].Actor)
	require.Equal(t, desk.StepExpire, history[len(history)-1].Step)
}

func TestOutcomesAreToldApart(t *testing.T) {
	t.Parallel()

	t.Run("AssumedThenConfirmedByTheCustomer", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.do(t, s.do(t, s.open(t), desk.Change{Step: desk.StepClaim}), desk.Change{Step: desk.StepResolve})
		require.Equal(t, assistant.OutcomeAssumed, ticket.Outcome)
		s.later(t, 48*time.Hour)
		s.later(t, 48*time.Hour)
		require.Equal(t, 1, s.messages(t, text(t, prompts.FollowUp)), "asked once")
		require.NoError(t, s.store.AddFeedback(t.Context(), postgres.Feedback{ConversationID: ticket.ConversationID, Rating: 3}))
		require.Equal(t, []string{"assumed"}, s.outcomes(t))
		require.NoError(t, s.store.AddFeedback(t.Context(), postgres.Feedback{ConversationID: ticket.ConversationID, Rating: 5}))
		require.Equal(t, []string{"confirmed"}, s.outcomes(t))
	})

	t.Run("WhoConfirmedIsNotAsked", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.do(t, s.open(t), desk.Change{Step: desk.StepClaim})
		ticket = s.do(t, ticket, desk.Change{Outcome: assistant.OutcomeConfirmed, Step: desk.StepResolve})
		require.Nil(t, ticket.FollowUpAt)
		s.later(t, 48*time.Hour)
		require.Zero(t, s.messages(t, text(t, prompts.FollowUp)))
	})

	t.Run("AbandonedAfterLongSilence", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.answer(t, s.do(t, s.open(t), desk.Change{Step: desk.StepClaim}))
		s.later(t, 13*24*time.Hour)
		ticket = s.answer(t, s.now(t, ticket.ID)) // a reminder
		s.later(t, 13*24*time.Hour)
		require.Equal(t, assistant.TicketWaiting, s.now(t, ticket.ID).Status)
		s.later(t, 24*time.Hour)
		require.Equal(t, assistant.OutcomeAbandoned, s.now(t, ticket.ID).Outcome)
		require.Equal(t, []string{"abandoned"}, s.outcomes(t))
	})

	t.Run("RecontactWithinAWeekReopensTheTicketAndIsCounted", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.do(t, s.do(t, s.open(t), desk.Change{Step: desk.StepClaim}), desk.Change{Step: desk.StepResolve})
		s.at = s.at.Add(7 * 24 * time.Hour)
		run := s.say(t, ticket.ConversationID, assistant.OutcomeHandedOff, nil)
		require.Equal(t, ticket.ID, run.Ticket.ID)
		require.Equal(t, assistant.TicketOpen, run.Ticket.Status)
		require.Equal(t, 1, run.Ticket.Recontacts)
		require.Nil(t, run.Ticket.AssigneeID)
		require.Equal(t, []string{"re_contacted"}, s.outcomes(t))
		require.Equal(t, 1, s.told(t, webhook.TicketReopened))

		s.do(t, s.do(t, *run.Ticket, desk.Change{Step: desk.StepClaim}), desk.Change{Step: desk.StepResolve})
		require.Equal(t, []string{"re_contacted", "assumed"}, s.outcomes(t))
		s.at = s.at.Add(7*24*time.Hour + time.Second)
		other := s.say(t, ticket.ConversationID, assistant.OutcomeHandedOff, nil)
		require.NotEqual(t, ticket.ID, other.Ticket.ID, "later, it is another case")
	})

	t.Run("TheSameQuestionAgainIsARecontactAlsoWhenItIsAnswered", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.do(t, s.do(t, s.open(t), desk.Change{Step: desk.StepClaim}), desk.Change{Step: desk.StepResolve})
		s.say(t, ticket.ConversationID, assistant.OutcomeAnswered, func(end *assistant.Conclusion) { end.Explained.Triage.Intent = "fees" })
		require.Equal(t, []string{"assumed"}, s.outcomes(t), "another question says nothing of this one")
		s.say(t, ticket.ConversationID, assistant.OutcomeAnswered, nil)
		require.Equal(t, []string{"re_contacted"}, s.outcomes(t))
		require.Equal(t, assistant.TicketResolved, s.now(t, ticket.ID).Status)
	})
}

func TestComplaints(t *testing.T) {
	t.Parallel()

	t.Run("IsRegisteredWithItsTicketAndItsDeadline", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, complain).Ticket
		detail, err := s.Ticket(t.Context(), ticket.ID)
		require.NoError(t, err)
		require.NotNil(t, detail.Complaint)
		require.Equal(t, "mica", detail.Complaint.Regime)
		require.Equal(t, time.Date(2026, 5, 2, 23, 59, 59, 0, time.UTC), detail.Complaint.DecideBy.UTC())
		require.Equal(t, s.at, detail.Complaint.AcknowledgedAt.UTC())
		require.Equal(t, 1, s.told(t, webhook.ComplaintRegistered))
		s.say(t, ticket.ConversationID, assistant.OutcomeHandedOff, complain)
		require.Equal(t, 1, s.told(t, webhook.ComplaintRegistered), "one complaint a ticket")
	})

	t.Run("ProgressAndDeadlineAreToldOnceEach", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		s.say(t, uuid.Nil, assistant.OutcomeHandedOff, complain)
		s.later(t, 29*24*time.Hour)
		s.later(t, time.Hour)
		require.Equal(t, 1, s.messages(t, text(t, prompts.ComplaintProgress)))
		require.Zero(t, s.told(t, webhook.ComplaintDueSoon))
		s.later(t, 24*24*time.Hour)
		s.later(t, time.Hour)
		require.Equal(t, 1, s.told(t, webhook.ComplaintDueSoon))
		s.later(t, 10*24*time.Hour)
		s.later(t, time.Hour)
		require.Equal(t, 1, s.told(t, webhook.ComplaintOverdue))
	})

	t.Run("RegimeExtensionAndDecision", func(t *testing.T) {
		t.Parallel()

		s := startShift(t, workday)
		ticket := s.open(t)
		registered, err := s.ChangeComplaint(t.Context(), desk.ComplaintChange{
			Actor: s.agent, Regime: "payments", Step: desk.ComplaintRegister, TicketID: ticket.ID,
		}, "")
		require.NoError(t, err)
		require.Equal(t, 1, s.messages(t, text(t, prompts.AckComplaint)), "acknowledged at once")
		require.Equal(t, time.Date(2026, 3, 23, 23, 59, 59, 0, time.UTC), registered.DecideBy.UTC())
		step := func(change desk.ComplaintChange, code assistant.Code) {
			t.Helper()
			change.Actor, change.ID, change.TicketID, change.Version = s.agent, registered.ID, ticket.ID, registered.Version
			after, err := s.ChangeComplaint(t.Context(), change, "")
			require.Equal(t, code, assistant.ErrorCode(err), err)
			if err == nil {
				registered = after
			}
		}
		step(desk.ComplaintChange{Step: desk.ComplaintExtend}, assistant.CodeInvalid) // without a reason
		step(desk.ComplaintChange{Reason: "the bank has not answered", Step: desk.ComplaintExtend}, "")
		require.Equal(t, time.Date(2026, 4, 20, 23, 59, 59, 0, time.UTC), registered.DecideBy.UTC())
		step(desk.ComplaintChange{Reason: "again", Step: desk.ComplaintExtend}, assistant.CodeConflict)
		step(desk.ComplaintChange{Regime: "nowhere", Step: desk.ComplaintRegime}, assistant.CodeInvalid)
		step(desk.ComplaintChange{Reason: "ours", Status: desk.ComplaintUpheld, Step: desk.ComplaintDecide}, assistant.CodeInvalid) // without a cause
		step(desk.ComplaintChange{Reason: "ours", RootCause: "=cmd()", Status: desk.ComplaintUpheld, Step: desk.ComplaintDecide}, assistant.CodeInvalid)
		step(desk.ComplaintChange{Reason: "ours", RootCause: "fees.unclear", Status: desk.ComplaintUpheld, Step: desk.ComplaintDecide}, "")
		step(desk.ComplaintChange{Reason: "ours", RootCause: "x", Status: desk.ComplaintRejected, Step: desk.ComplaintDecide}, assistant.CodeConflict)
		registered.Version--
		step(desk.ComplaintChange{Step: desk.ComplaintProgress}, assistant.CodeConflict)
		require.Zero(t, s.messages(t, text(t, prompts.ComplaintProgress)), "a refused step tells the customer nothing")
	})
}

func TestComplaintsAreRegisteredUnderTheRulesOfTheCustomersCountry(t *testing.T) {
	t.Parallel()

	s := startShift(t, `
complaints:
  default: mica
  regimes:
    - {name: mica, decide: 2 months, jurisdictions: [EEA]}
    - {name: payments, decide: 15 business days, extended: 35 business days, jurisdictions: [GB], intents: ["fiat.*"]}
    - {name: fca, decide: 8 weeks, jurisdictions: [GB]}
`)
	for name, test := range map[string]struct{ claimed, token, intent, regime, decide, because string }{
		"Claimed":      {"GB", "", "withdrawal.pending", "fca", "2026-04-27", "fca: the customer's country is GB"},
		"Payments":     {"GB", "", "fiat.withdrawal_delayed", "payments", "2026-03-23", "payments: the customer's country is GB"},
		"TokenDecides": {"GB", "DE", "withdrawal.pending", "mica", "2026-05-02", "mica: the customer's country is DE"},
		"Unknown":      {"", "", "withdrawal.pending", "mica", "2026-05-02", "mica: the default, for a customer whose country is not known"},
		"Elsewhere":    {"BR", "", "withdrawal.pending", "mica", "2026-05-02", "mica: the default, because no regime names BR"},
	} {
		ticket := *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, func(end *assistant.Conclusion) {
			end.Explained.Triage.Intent = test.intent
			_, err := s.pool.Exec(t.Context(), `
				UPDATE conversations SET claimed_jurisdiction = nullif($2, ''), customer_jurisdiction = nullif($3, ''),
					customer_ref = CASE WHEN $3 <> '' THEN 'customer-42' END WHERE id = $1`,
				end.Case.Run.ConversationID, test.claimed, test.token)
			require.NoError(t, err)
			complain(end)
		}).Ticket
		detail, err := s.Ticket(t.Context(), ticket.ID)
		require.NoError(t, err, name)
		require.Equal(t, test.regime, detail.Complaint.Regime, name)
		require.Equal(t, test.decide, detail.Complaint.DecideBy.UTC().Format(time.DateOnly), name)
		history, err := s.store.ComplaintHistory(t.Context(), detail.Complaint.ID)
		require.NoError(t, err)
		require.Equal(t, test.because, history[0].Reason, name)
	}
}
