package triage

import "github.com/deskhand/deskhand/assistant/triage/risk"

// consequence is what a recognised risk demands of a case.
type consequence struct {
	intent   string   // the case's intent; empty leaves the classifier's
	life     bool     // a person is in danger: names the case before all that is as urgent
	priority Priority // at least this urgent
	specific bool     // the intent holds even when the classifier is certain of another
	theft    bool     // one of the ways to lose money to a thief, between which the classifier may choose
}

// consequences of each risk. Money that is moving, and people in danger, come within minutes (P1); duties with a legal
// clock within the hour (P2); a wish for a person in the order of the queue.
var consequences = map[risk.Risk]consequence{
	risk.APIKeyLeaked:           {intent: "api.key_compromised", priority: P1, specific: true},
	risk.AccountTakeover:        {intent: "security.account_hacked", priority: P1, specific: true, theft: true},
	risk.Authority:              {intent: "compliance.authority_matter", priority: P1, specific: true},
	risk.Complaint:              {intent: "general.complaint", priority: P2},
	risk.Deceased:               {intent: "account.deceased_holder", priority: P2, specific: true},
	risk.Extortion:              {intent: "security.user_safety", priority: P1, life: true, specific: true},
	risk.FakeSupport:            {intent: "security.phishing_victim", priority: P1, specific: true, theft: true},
	risk.HumanWanted:            {intent: "general.talk_to_human", priority: P3},
	risk.LegalThreat:            {intent: "compliance.legal_threat", priority: P2, specific: true},
	risk.MFALost:                {intent: "account.mfa_lost", priority: P2, specific: true},
	risk.Minor:                  {intent: "security.user_safety", priority: P1, life: true, specific: true},
	risk.PhishingVictim:         {intent: "security.phishing_victim", priority: P1, specific: true, theft: true},
	risk.PressOrRegulatorThreat: {intent: "compliance.legal_threat", priority: P2, specific: true},
	risk.SIMSwap:                {intent: "security.account_hacked", priority: P1, specific: true, theft: true},
	risk.ScamVictim:             {intent: "security.scam_victim", priority: P1, specific: true, theft: true},
	risk.SecretShared:           {intent: disclosed, priority: P1, specific: true},
	risk.SelfHarm:               {intent: "security.user_safety", priority: P1, life: true, specific: true},
	risk.UnknownWithdrawal:      {intent: "security.unauthorized_withdrawal", priority: P1, specific: true, theft: true},
	risk.WalletDrained:          {intent: "security.wallet_drained", priority: P1, specific: true, theft: true},
	risk.WithdrawalCancel:       {intent: "withdrawal.cancel_request", priority: P1, specific: true},
}
