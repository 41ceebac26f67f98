package assistant

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/prompts"
)

// verifyContact is the intent of "is this really you?" and of "what is your phone number?".
const verifyContact = "security.verify_official_contact"

// investmentAdvice is the intent that is always answered with the same refusal.
const investmentAdvice = "trading.investment_advice"

// handOff is what turns a case into a ticket.
type handOff struct {
	draftless bool // no draft is made for the agent either
	proposal  *Proposal
	reasons   []Reason
	text      prompts.Key
}

// fixedTexts of the risks, in the order in which they claim the reply: who may lose money or their life in the next
// minutes is told what to do first.
var fixedTexts = []struct {
	risk risk.Risk
	text prompts.Key
}{
	{risk.SelfHarm, prompts.CrisisSelfHarm},
	{risk.Extortion, prompts.CrisisExtortion},
	{risk.Minor, prompts.AckMinor},
	{risk.UnknownWithdrawal, prompts.ContainUnknownWithdrawal},
	{risk.AccountTakeover, prompts.ContainAccountTakeover},
	{risk.SIMSwap, prompts.ContainSIMSwap},
	{risk.PhishingVictim, prompts.ContainPhishing},
	{risk.FakeSupport, prompts.ContainPhishing},
	{risk.APIKeyLeaked, prompts.ContainAPIKey},
	{risk.WalletDrained, prompts.ContainWalletDrained},
	{risk.ScamVictim, prompts.ContainScam},
	{risk.WithdrawalCancel, prompts.ContainWithdrawalCancel},
	{risk.SecretShared, prompts.ContainSecret},
	{risk.MFALost, prompts.ContainMFALost},
	{risk.Authority, prompts.AckAuthority},
	{risk.LegalThreat, prompts.AckLegal},
	{risk.PressOrRegulatorThreat, prompts.AckLegal},
	{risk.Deceased, prompts.AckDeceased},
	{risk.Complaint, prompts.AckComplaint},
	{risk.HumanWanted, prompts.AckHuman},
}

// intentTexts answer a case that no rule but the classifier sent to a person.
var intentTexts = map[string]prompts.Key{
	"account.deceased_holder":          prompts.AckDeceased,
	"account.mfa_lost":                 prompts.ContainMFALost,
	"api.key_compromised":              prompts.ContainAPIKey,
	"compliance.authority_matter":      prompts.AckAuthority,
	"compliance.legal_threat":          prompts.AckLegal,
	"general.complaint":                prompts.AckComplaint,
	"general.talk_to_human":            prompts.AckHuman,
	"security.account_hacked":          prompts.ContainAccountTakeover,
	"security.phishing_victim":         prompts.ContainPhishing,
	"security.scam_victim":             prompts.ContainScam,
	"security.secret_disclosed":        prompts.ContainSecret,
	"security.unauthorized_withdrawal": prompts.ContainUnknownWithdrawal,
	"security.user_safety":             prompts.AckMinor, // fits despair and threats too: which it is, only a rule tells apart
	"security.wallet_drained":          prompts.ContainWalletDrained,
	"withdrawal.cancel_request":        prompts.ContainWithdrawalCancel,
}

// handOffText picks the fixed text for a case that must reach a person.
func handOffText(t triage.Triage) prompts.Key {
	for _, fixed := range fixedTexts {
		if t.Has(fixed.risk) {
			return fixed.text
		}
	}
	if text, ok := intentTexts[t.Intent]; ok {
		return text
	}
	return prompts.AckCase
}

// send turns a draft that the policy accepted into the reply.
func (a *Assistant) send(end Conclusion, draft Draft, decision Decision) Conclusion {
	sentences := draft.Reply()
	if end.Explained.Triage.AutoAnswer == intent.AutoAnswerGeneralInfoOnly {
		note := a.fixed(prompts.NoteGeneralInfo, end.Explained.Language)
		sentences = append(sentences, ReplySentence{Break: "\n\n", Text: note})
	}
	end.Decision, end.Sentences = decision, sentences
	end.Reply = a.reply(joined(sentences), end.Explained.Language, draft.Citations())
	return end
}

// clarify asks the customer back.
func (a *Assistant) clarify(end Conclusion, decision Decision) Conclusion {
	text := prompts.AskUnclear
	switch {
	case end.Explained.Triage.OffTopic:
		text = prompts.AskOffTopic
	case slices.Contains(decision.Reasons, ReasonMissingFact+":"+Reason(FactAge)):
		text = prompts.AskAge
	case slices.Contains(decision.Reasons, ReasonMissingFact+":"+Reason(FactAsset)):
		text = prompts.AskAsset
	case slices.Contains(decision.Reasons, ReasonMissingFact+":"+Reason(FactNetwork)):
		text = prompts.AskNetwork
	}
	end.Decision = decision
	end.Reply = a.reply(a.fixed(text, end.Explained.Language), end.Explained.Language, nil)
	return end
}

// notify answers with an incident notice, in the customer's language where somebody wrote it. It was checked when it was set; the
// registry may have changed since, so it is checked again, and held back for a person when it must not be sent any more.
func (a *Assistant) notify(end Conclusion, settings Settings, notice Notice, rec *recorder) Conclusion {
	body, language := notice.Text(end.Explained.Language)
	var reasons []Reason
	_ = rec.stage(StageIncident, func(detail map[string]any) error {
		for _, finding := range a.Guard.Check(guard.Text{Body: body, Language: language}, settings.Registry) {
			if reason := ReasonGuard + ":" + Reason(finding.Check); !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
		detail["notice"], detail["language"], detail["held_back"] = notice.ID, language, reasons
		return nil
	})
	if len(reasons) > 0 {
		return a.handOff(end, settings, handOff{reasons: reasons, text: prompts.AckUnsure})
	}
	end.Decision = Decision{OutcomeAnswered, []Reason{ReasonIncident}}
	end.Reply = a.reply(body, language, nil)
	return end
}

// askedContacts returns the contact points whose standing the customer asks about. A question for "your phone number"
// names none and is answered with the list of what exists.
func askedContacts(text string, t triage.Triage) ([]guard.Contact, bool) {
	var asked []guard.Contact
	for _, contact := range guard.Contacts(text) {
		if contact.Kind != guard.KindAddress {
			asked = append(asked, contact)
		}
	}
	// A message that names a contact, and says little or may ask about it, is best answered by what that contact is.
	perhaps := t.Intent == triage.Unclear || slices.ContainsFunc(t.Intents, func(p intent.Prediction) bool {
		return p.Intent == verifyContact && p.Probability >= perhapsAsked
	})
	return asked, t.Intent == verifyContact || len(asked) > 0 && perhaps
}

// perhapsAsked is the probability from which on a message that names a contact counts as asking whether it is the desk's.
// What looks dangerous has gone to a person before.
const perhapsAsked = 0.2

// answerFromRegistry tells which contact points are the desk's own. Retrieval has no part in it: an article may be
// poisoned or old, the registry is what leads keep.
func (a *Assistant) answerFromRegistry(end Conclusion, registry guard.Registry, asked []guard.Contact) Conclusion {
	language := end.Explained.Language
	var paragraphs []string
	for _, contact := range asked {
		key := prompts.ChannelUnknown
		switch registry.Standing(contact) {
		case guard.Official:
			key = prompts.ChannelOfficial
		case guard.KnownFake:
			key = prompts.ChannelFake
		case guard.Unknown:
		}
		paragraphs = append(paragraphs, a.Prompts.Text(key, language, prompts.Args{"contact": contact.Display()}))
	}
	list := make([]string, 0, len(registry.Official()))
	for _, channel := range registry.Official() {
		list = append(list, "- "+channel.Display())
	}
	paragraphs = append(paragraphs, a.Prompts.Text(prompts.ChannelList, language, prompts.Args{"channels": strings.Join(list, "\n")}))
	end.Decision = Decision{OutcomeAnswered, []Reason{ReasonAnsweredFromRegistry}}
	end.Reply = a.reply(strings.Join(paragraphs, "\n\n"), language, nil)
	return end
}

// handOff ends a run with a ticket. The reply is a fixed text: no word of it is generated.
func (a *Assistant) handOff(end Conclusion, settings Settings, request handOff) Conclusion {
	language := end.Explained.Language
	text := request.text
	if end.Explained.Triage.Intent == investmentAdvice && text == prompts.AckUnsure {
		text = prompts.RefuseAdvice
	}
	body := a.fixed(text, language)
	if len(end.Case.Question.Secrets()) > 0 {
		body = a.fixed(prompts.NoteSecretRemoved, language) + "\n\n" + body
	}
	end.Decision = Decision{OutcomeHandedOff, request.reasons}
	end.Draftless, end.Proposal = request.draftless, request.proposal
	end.Reply = a.reply(body, language, nil)
	end.Acknowledgement = a.acknowledgement(end, text)
	end.RespondBy = settings.Policy.RespondBy(end.Explained.Triage.Priority, a.Clock())
	return end
}

// rehearse turns an end that the customer would have read into a hand-off, where the desk only tries the assistant out. The
// record keeps what would have been sent, and the agent gets it as a draft.
func (a *Assistant) rehearse(end Conclusion, settings Settings, proposal *Proposal) Conclusion {
	if !settings.Policy.Shadow {
		return end
	}
	end.Sentences = nil
	shadow := &Shadow{Body: end.Reply.Body, Outcome: end.Decision.Outcome}
	reasons := append([]Reason{ReasonShadow}, end.Decision.Reasons...)
	end = a.handOff(end, settings, handOff{proposal: proposal, reasons: reasons, text: prompts.AckCase})
	end.Shadow = shadow
	return end
}

// acknowledgement tells a complainant at once that the complaint was received, where the reply says something more urgent.
// Not beside words that are to keep somebody alive: there an agent does it.
func (a *Assistant) acknowledgement(end Conclusion, text prompts.Key) *Message {
	t := end.Explained.Triage
	switch {
	case !t.Complains() || t.Has(risk.SelfHarm, risk.Extortion, risk.Minor):
		return nil
	case text == prompts.AckComplaint:
		return &end.Reply
	}
	message := a.reply(a.fixed(prompts.AckComplaint, end.Explained.Language), end.Explained.Language, nil)
	return &message
}

// handOffAfter ends a run whose stage failed. What the pipeline knew by then is kept; what it did not know is filled with
// the cautious default.
func (a *Assistant) handOffAfter(ctx context.Context, end Conclusion, cause error) Conclusion {
	reason := ReasonFailure
	if errors.Is(cause, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = ReasonDeadline
	}
	if end.Explained.Language == "" {
		rec := &recorder{clock: a.Clock}
		end.Explained.Language = a.language(end.Case, rec)
		end.Explained.Triage = a.triage(end.Case, rec)
	}
	settings := Settings{Policy: DefaultPolicy()}
	text := prompts.AckDelay
	if reasons := settings.Policy.MustHandOff(end.Explained.Triage); len(reasons) > 0 {
		text = handOffText(end.Explained.Triage)
	}
	return a.handOff(end, settings, handOff{reasons: []Reason{reason}, text: text})
}

func (a *Assistant) fixed(key prompts.Key, language string) string {
	return a.Prompts.Text(key, language, nil)
}

func (a *Assistant) reply(body, language string, citations []Citation) Message {
	return Message{
		ID: a.NewID(), Author: AuthorAssistant, Body: body, Citations: citations, CreatedAt: a.Clock(), Language: language,
	}
}
