package desk_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

func TestDeskReply(t *testing.T) {
	t.Parallel()

	t.Run("AcceptedDraftIsSentAsItIs", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, draft := b.claimed(t)
		after, err := b.Reply(t.Context(), b.agent, desk.Reply{
			Action: desk.ActionAccept, DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version,
		})

		require.NoError(t, err)
		require.Equal(t, assistant.TicketWaiting, after.Status)
		require.Equal(t, now(), after.FirstResponseAt.UTC())
		require.Greater(t, after.Version, ticket.Version)
		sent := b.last(t, ticket.ID)
		require.Equal(t, draftBody, sent.Body)
		require.Equal(t, draft.Citations, sent.Citations)
		require.Equal(t, assistant.AuthorAgent, sent.Author)
		require.Equal(t, b.agent.ID, *sent.AgentID)
		require.Equal(t, "accepted", b.drafts(t, ticket.ID)[0].Fate)
	})

	t.Run("EditedDraftIsSentAsChanged", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, draft := b.claimed(t)
		_, err := b.Reply(t.Context(), b.agent, desk.Reply{
			Action: desk.ActionEdit, Body: "  Yours was broadcast at noon. See https://help.quayside.example/en/withdrawal-pending ",
			DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version,
		})

		require.NoError(t, err)
		require.Equal(t, "Yours was broadcast at noon. See https://help.quayside.example/en/withdrawal-pending", b.last(t, ticket.ID).Body)
		require.Equal(t, "edited", b.drafts(t, ticket.ID)[0].Fate)
		require.Equal(t, draftBody, b.drafts(t, ticket.ID)[0].Body, "what was proposed stays on record")
	})

	t.Run("RejectedDraftSendsNothing", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, draft := b.claimed(t)
		after, err := b.Reply(t.Context(), b.agent, desk.Reply{
			Action: desk.ActionReject, DraftID: draft.ID, Reason: "about another coin", TicketID: ticket.ID, Version: ticket.Version,
		})

		require.NoError(t, err)
		require.Equal(t, assistant.TicketClaimed, after.Status)
		require.Nil(t, after.FirstResponseAt)
		require.Equal(t, assistant.AuthorAssistant, b.last(t, ticket.ID).Author)
		require.Equal(t, "rejected", b.drafts(t, ticket.ID)[0].Fate)
		require.Equal(t, "about another coin", b.drafts(t, ticket.ID)[0].RejectReason)
	})

	t.Run("WrittenReplyLeavesTheDraft", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, _ := b.claimed(t)
		_, err := b.Reply(t.Context(), b.agent, desk.Reply{
			Action: desk.ActionWrite, Body: "Which coin is it about?", TicketID: ticket.ID, Version: ticket.Version,
		})

		require.NoError(t, err)
		require.Equal(t, "Which coin is it about?", b.last(t, ticket.ID).Body)
		require.Equal(t, "pending", b.drafts(t, ticket.ID)[0].Fate)
	})
}

func TestDeskReplyIsRefused(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		change func(*bundle, *desk.Reply)
		actor  func(*bundle) desk.Actor
		code   assistant.Code
		field  string
	}{
		"WrongVersion": {change: func(_ *bundle, r *desk.Reply) { r.Version-- }, code: assistant.CodeConflict},
		"OtherAgentsTicket": {
			actor: func(b *bundle) desk.Actor { return b.colleague }, code: assistant.CodeConflict,
		},
		"UnknownTicket": {change: func(_ *bundle, r *desk.Reply) { r.TicketID = newID() }, code: assistant.CodeNotFound},
		"UnknownDraft":  {change: func(_ *bundle, r *desk.Reply) { r.Action, r.DraftID = desk.ActionAccept, newID() }, code: assistant.CodeNotFound},
		"UnknownAction": {change: func(_ *bundle, r *desk.Reply) { r.Action = "forward" }, code: assistant.CodeInvalid, field: "action"},
		"AcceptWithText": {
			change: func(_ *bundle, r *desk.Reply) { r.Action = desk.ActionAccept }, code: assistant.CodeInvalid, field: "body",
		},
		"EmptyText":   {change: func(_ *bundle, r *desk.Reply) { r.Body = " \n " }, code: assistant.CodeInvalid, field: "body"},
		"TextTooLong": {change: func(_ *bundle, r *desk.Reply) { r.Body = strings.Repeat("很", desk.MaxReplyRunes+1) }, code: assistant.CodeInvalid, field: "body"},
		"NotText":     {change: func(_ *bundle, r *desk.Reply) { r.Body = "\xff" }, code: assistant.CodeInvalid, field: "body"},
		"RejectWithoutReason": {
			change: func(_ *bundle, r *desk.Reply) { r.Action, r.Body = desk.ActionReject, "" }, code: assistant.CodeInvalid, field: "reason",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			ticket, draft := b.claimed(t)
			reply := desk.Reply{Action: desk.ActionEdit, Body: "It is on its way.", DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version}
			if test.change != nil {
				test.change(b, &reply)
			}
			actor := b.agent
			if test.actor != nil {
				actor = test.actor(b)
			}
			_, err := b.Reply(t.Context(), actor, reply)

			var refused *assistant.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, test.code, refused.Code)
			require.Equal(t, test.field, refused.Field)
			b.unchanged(t, ticket)
		})
	}
}

// TestDeskHoldsAgentsToTheRulesForOutgoingText is promises P2, P4 and P6 at an agent's keyboard.
func TestDeskHoldsAgentsToTheRulesForOutgoingText(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ body, named string }{
		"SeedPhrase":      {"is it legal winner thank year wave sausage worth useful legal winner thank yellow", "seed_phrase"},
		"Card":            {"I see your card 4111 1111 1111 1111 here", "card"},
		"Password":        {"your password is Sunset9!Qw", "password"},
		"ForeignLink":     {"Log in at https://quayside-verify.example/login", "quayside-verify"},
		"SubdomainLink":   {"See https://help.quayside.example.verify.example/x", "verify"},
		"Handle":          {"Write to @quayside_helpdesk on Telegram", "quayside_helpdesk"},
		"Phone":           {"Call +1 415 555 0100", "415"},
		"Email":           {"Write to desk.quayside@mail.example", "mail"},
		"Address":         {"Send it to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1q"},
		"AskForSeed":      {"Please send me your recovery phrase so that I can check it", "secret_request"},
		"AskForSeedZh":    {"请把您的助记词发给我", "secret_request"},
		"AskForCode":      {"Tell me the verification code that you got by SMS", "secret_request"},
		"TransferRequest": {"Please send 0.1 BTC to verify your wallet", "transfer_request"},
		"Promise":         {"We guarantee that you will get your money back.", "promise"},
		"Markup":          {"<img src=x onerror=alert(1)> hello", "markup"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			ticket, draft := b.claimed(t)
			for _, reply := range []desk.Reply{
				{Action: desk.ActionWrite, Body: test.body},
				{Action: desk.ActionEdit, Body: test.body, DraftID: draft.ID},
			} {
				reply.TicketID, reply.Version = ticket.ID, ticket.Version
				_, err := b.Reply(t.Context(), b.agent, reply)

				var refused *assistant.Error
				require.ErrorAs(t, err, &refused)
				require.Equal(t, assistant.CodeInvalid, refused.Code)
				require.Equal(t, "body", refused.Field)
				require.Contains(t, strings.ReplaceAll(refused.Message, "[.]", "."), test.named)
			}
			b.unchanged(t, ticket)
		})
	}
}

func TestDeskHoldsADraftToTheRulesWhenItIsAccepted(t *testing.T) {
	t.Parallel()

	b := setup(t)
	ticket := b.ticket(t, func(end *assistant.Conclusion) {
		end.Proposal.Draft.Sentences[0].Text = "Log in at https://quayside-verify.example/login"
		end.Proposal.Verdict.Findings = []assistant.Finding{{Check: "link", Detail: "quayside-verify.example"}}
	})
	ticket, err := b.Claim(t.Context(), b.agent, ticket.ID, ticket.Version)
	require.NoError(t, err)
	_, err = b.Reply(t.Context(), b.agent, desk.Reply{
		Action: desk.ActionAccept, DraftID: b.drafts(t, ticket.ID)[0].ID, TicketID: ticket.ID, Version: ticket.Version,
	})

	require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err))
	b.unchanged(t, ticket)
}

// TestDeskAgentMayLinkToWhatTheDraftCites is the part of P4 about a text of one's own: what stands in the article that the draft beside
// the ticket cites may be named, and nothing beyond it.
func TestDeskAgentMayLinkToWhatTheDraftCites(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ body, check string }{
		"ItsLink":             {"Look it up on https://explorer.example/tx first.", ""},
		"ItsLinkInChinese":    {"请先在 https://explorer.example/tx 查询这笔交易。", ""},
		"ItsLinkInArabic":     {"ابحث عن المعاملة هنا أولا: https://explorer.example/tx", ""},
		"ItsMail":             {"Write to chain@explorer.example about it.", ""},
		"AnotherPathOfIt":     {"Look it up on https://explorer.example/login first.", "link"},
		"ALookAlike":          {"Look it up on https://expIorer.example/tx first.", "link"},
		"AnAddressInIt":       {"Send it to 0x52908400098527886E0F7030069857D2E4169EE7 again.", "address"},
		"SomethingElsewhere":  {"Look it up on https://elsewhere.example/tx first.", "link"},
		"ASecretBesideALink":  {"Open https://explorer.example/tx and send us your password.", "secret_request"},
		"HiddenBehindItsLink": {"See [https://explorer.example/tx](https://evil.example/tx).", "link"},
	}
	b := setup(t)
	cites := b.ticket(t, nil)
	citesNothing := b.ticket(t, func(end *assistant.Conclusion) { end.Proposal = nil })
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			findings, err := b.Check(t.Context(), cites.ID, test.body)
			require.NoError(t, err)
			if test.check == "" {
				require.Empty(t, findings)
				findings, err = b.Check(t.Context(), citesNothing.ID, test.body)
				require.NoError(t, err)
				require.NotEmpty(t, findings, "without the article it is nobody's")
				return
			}
			require.True(t, slices.ContainsFunc(findings, func(f assistant.Finding) bool { return f.Check == test.check }), findings)
		})
	}
}

func TestDeskSendsNothingWhenTheRegistryCannotBeRead(t *testing.T) {
	t.Parallel()

	r, err := loadRules()
	require.NoError(t, err)
	store := &fakeStore{detail: desk.Detail{Ticket: assistant.Ticket{Language: "en"}}, settings: errors.New("no database")}
	d := desk.New(desk.Config{Clock: now, Guard: r.guard, Redactor: r.redactor, Store: store})
	_, err = d.Reply(t.Context(), desk.Actor{ID: newID()}, desk.Reply{Action: desk.ActionWrite, Body: "hello"})

	require.ErrorIs(t, err, store.settings)
	require.Zero(t, store.sent)
}

func TestDeskDraftIsDecidedOnce(t *testing.T) {
	t.Parallel()

	b := setup(t)
	ticket, draft := b.claimed(t)
	reply := desk.Reply{Action: desk.ActionAccept, DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version}
	after, err := b.Reply(t.Context(), b.agent, reply)
	require.NoError(t, err)

	for _, action := range []desk.Action{desk.ActionAccept, desk.ActionReject} {
		again := desk.Reply{Action: action, DraftID: draft.ID, Reason: "wrong", TicketID: ticket.ID, Version: after.Version}
		_, err = b.Reply(t.Context(), b.agent, again)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		require.ErrorContains(t, err, "the draft was accepted before")
	}
	require.Equal(t, 1, b.agentMessages(t))
}

func TestDeskRacingRepliesSendOne(t *testing.T) {
	t.Parallel()

	b := setup(t)
	ticket, draft := b.claimed(t)
	const racers = 4
	failures := make([]error, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			_, failures[i] = b.Reply(t.Context(), b.agent, desk.Reply{
				Action: desk.ActionAccept, DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version,
			})
		})
	}
	group.Wait()

	sent := 0
	for _, err := range failures {
		if err == nil {
			sent++
			continue
		}
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
	}
	require.Equal(t, 1, sent)
	require.Equal(t, 1, b.agentMessages(t))
}

func TestDeskTicketThatNobodyClaimedIsNotAnswered(t *testing.T) {
	t.Parallel()

	b := setup(t)
	ticket := b.ticket(t, nil)
	_, err := b.Reply(t.Context(), b.agent, desk.Reply{
		Action: desk.ActionWrite, Body: "hello", TicketID: ticket.ID, Version: ticket.Version,
	})

	require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
	b.unchanged(t, ticket)
}

func TestALeadMaySetAsideOnlyWhatThePolicyLets(t *testing.T) {
	t.Parallel()

	const promise, phishing = "We will refund you the fee.", "Log in at https://quayside-verify.example first."
	because := func(checks ...string) desk.Override {
		return desk.Override{Checks: checks, Reason: "granted by the finance team"}
	}
	for name, c := range map[string]struct {
		body     string
		lead     bool
		override desk.Override
		want     assistant.Code // empty: it is sent
	}{
		"LeadWithAReason":    {promise, true, because("promise"), ""},
		"NobodySetsItAside":  {promise, true, desk.Override{}, assistant.CodeInvalid},
		"WithoutAReason":     {promise, true, desk.Override{Checks: []string{"promise"}}, assistant.CodeInvalid},
		"Agent":              {promise, false, because("promise"), assistant.CodeForbidden},
		"ALinkNever":         {phishing, true, because("link"), assistant.CodeInvalid},
		"OneOfTwoObjections": {promise + " " + phishing, true, because("promise", "link"), assistant.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := setup(t)
			ticket, _ := b.claimed(t)
			actor := b.agent
			actor.Lead = c.lead
			_, err := b.Reply(t.Context(), actor, desk.Reply{
				Action: desk.ActionWrite, Body: c.body, Override: c.override, TicketID: ticket.ID, Version: ticket.Version,
			})

			require.Equal(t, c.want, assistant.ErrorCode(err), err)
			found, checkErr := b.Check(t.Context(), ticket.ID, c.body)
			require.NoError(t, checkErr)
			require.NotEmpty(t, found, "the dry check sees it too")
			if c.want != "" {
				return
			}
			history, err := b.store.History(t.Context(), ticket.ID)
			require.NoError(t, err)
			last := history[len(history)-1]
			require.Equal(t, []any{"promise"}, last.Detail["overridden"])
			require.Equal(t, "granted by the finance team", last.Detail["override_reason"])
		})
	}
}
