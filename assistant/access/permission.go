package access

import "slices"

// Role is what an API key or a person is at the desk.
type Role string

// The roles. A widget key is public: it can ask, and read what it asked. An agent works on tickets. A lead does that too,
// also on tickets of others, and sets what the desk says. An admin does that too, and decides who has access.
const (
	Admin  Role = "admin"
	Agent  Role = "agent"
	Lead   Role = "lead"
	Widget Role = "widget"
)

// Roles returns all roles, from the least to the most powerful.
func Roles() []Role { return []Role{Widget, Agent, Lead, Admin} }

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Person reports whether an agent acts under r: a widget acts for a customer.
func (r Role) Person() bool { return r == Agent || r == Lead || r == Admin }

// Leads reports whether r may act on tickets that others hold.
func (r Role) Leads() bool { return r == Lead || r == Admin }

// NeedsSecondFactor reports whether a password alone is too little for r.
func (r Role) NeedsSecondFactor() bool { return r.Leads() }

// Permission is a kind of thing that a caller may do. Every operation of the HTTP interface declares one.
type Permission string

// The permissions.
const (
	Anyone           Permission = "anyone"            // no caller is asked who they are
	Ask              Permission = "ask"               // questions, ratings, asking for a person
	ChangePassword   Permission = "change_password"   // one's own
	EditKnowledge    Permission = "edit_knowledge"    // articles, redirects, macros, terms
	EnrolFactor      Permission = "enrol_factor"      // one's own second factor
	ManageAgents     Permission = "manage_agents"     // people and their roles
	ManageChannels   Permission = "manage_channels"   // the registry of official channels
	ManageIncidents  Permission = "manage_incidents"  // notices and proposals
	ManageKeys       Permission = "manage_keys"       // API keys and customers' identity
	ManageWebhooks   Permission = "manage_webhooks"   // what other systems are told, and replays
	OwnSession       Permission = "own_session"       // look at it, end it
	OwnSessions      Permission = "own_sessions"      // look at all of one's own, end them
	ProveFactor      Permission = "prove_factor"      // the second step of a log-in
	ReadAudit        Permission = "read_audit"        // the record of who did what
	PlanDesk         Permission = "plan_desk"         // queues, hours, promises, skills
	ReadConversation Permission = "read_conversation" // a widget its own, a person all
	ReadFigures      Permission = "read_figures"      // what the desk did, and what its articles lack
	ReadKnowledge    Permission = "read_knowledge"    // articles: a widget what is public
	ReviewAnswers    Permission = "review_answers"    // samples of live traffic, labels, and what evals say of it
	SetPolicy        Permission = "set_policy"        // what the assistant may do by itself, the kill switch
	Unmask           Permission = "unmask"            // personal data in a case, with a reason
	VerifyChannel    Permission = "verify_channel"    // is this contact the desk's? also the signed registry
	WatchDesk        Permission = "watch_desk"        // live events
	WorkTickets      Permission = "work_tickets"      // the queue, and search as the assistant does
)

// Stage is how far a caller has come in proving who they are.
type Stage string

// The stages. A log-in goes through those that apply, in this order. An API key is always Active.
const (
	StageFactor   Stage = "second_factor"       // the password was right, the code is missing
	StagePassword Stage = "change_password"     // logged in with a password that somebody else set
	StageEnrol    Stage = "enrol_second_factor" // the role needs a second factor, and there is none yet
	Active        Stage = "active"
)

// Caller is who sent a request.
type Caller struct {
	Role    Role
	Session bool // a person with a session, not an API key
	Stage   Stage
}

// rule is a row of the table.
type rule struct {
	permission Permission
	roles      []Role
	session    bool    // API keys are refused: what changes access must name a person who proved who they are
	stages     []Stage // none means only Active
}

// rules is the one permission table. What is not in it is refused.
func rules() []rule {
	everyone := Roles()
	people := []Role{Agent, Lead, Admin}
	leads := []Role{Lead, Admin}
	admins := []Role{Admin}
	return []rule{
		{permission: Ask, roles: []Role{Widget}},
		{permission: ChangePassword, roles: people, session: true, stages: []Stage{StagePassword, StageEnrol, Active}},
		{permission: EditKnowledge, roles: leads},
		{permission: EnrolFactor, roles: people, session: true, stages: []Stage{StageEnrol, Active}},
		{permission: ManageAgents, roles: admins, session: true},
		{permission: ManageChannels, roles: leads},
		{permission: ManageIncidents, roles: leads},
		{permission: ManageKeys, roles: admins, session: true},
		{permission: ManageWebhooks, roles: admins},
		{permission: OwnSession, roles: people, session: true, stages: []Stage{StageFactor, StagePassword, StageEnrol, Active}},
		{permission: OwnSessions, roles: people, session: true},
		{permission: ProveFactor, roles: people, session: true, stages: []Stage{StageFactor}},
		{permission: PlanDesk, roles: leads},
		{permission: ReadAudit, roles: admins},
		{permission: ReadConversation, roles: everyone},
		{permission: ReadFigures, roles: leads},
		{permission: ReadKnowledge, roles: everyone},
		{permission: ReviewAnswers, roles: leads},
		{permission: SetPolicy, roles: leads},
		{permission: Unmask, roles: people},
		{permission: VerifyChannel, roles: everyone},
		{permission: WatchDesk, roles: people},
		{permission: WorkTickets, roles: people},
	}
}

// Verdict is what the table says.
type Verdict string

// The verdicts.
const (
	Allowed      Verdict = "allowed"
	Refused      Verdict = "refused"       // not with this role
	NeedsSession Verdict = "needs_session" // not with an API key
	NeedsStage   Verdict = "needs_stage"   // not before the log-in is complete, or not any more
)

// Decide looks a caller up in the table. An unknown permission, role or stage is refused.
func Decide(c Caller, p Permission) Verdict {
	if p == Anyone {
		return Allowed
	}
	i := slices.IndexFunc(rules(), func(r rule) bool { return r.permission == p })
	if i < 0 {
		return Refused
	}
	r := rules()[i]
	stages := r.stages
	if len(stages) == 0 {
		stages = []Stage{Active}
	}
	switch {
	case !slices.Contains(r.roles, c.Role):
		return Refused
	case r.session && !c.Session:
		return NeedsSession
	case !slices.Contains(stages, c.Stage):
		return NeedsStage
	}
	return Allowed
}

// May reports whether the caller is allowed to.
func (c Caller) May(p Permission) bool { return Decide(c, p) == Allowed }

// RolesOf returns the roles that have a permission, none for an unknown one.
func RolesOf(p Permission) []Role {
	for _, r := range rules() {
		if r.permission == p {
			return r.roles
		}
	}
	return nil
}

// SessionOnly reports whether API keys are refused a permission.
func SessionOnly(p Permission) bool {
	return slices.ContainsFunc(rules(), func(r rule) bool { return r.permission == p && r.session })
}

// Permissions returns every permission of the table: all but Anyone.
func Permissions() []Permission {
	all := make([]Permission, 0, len(rules()))
	for _, r := range rules() {
		all = append(all, r.permission)
	}
	return all
}

// StageOf returns where a person's session stands.
func StageOf(s Standing) Stage {
	switch {
	case s.FactorEnrolled && !s.FactorProved:
		return StageFactor
	case s.MustChangePassword:
		return StagePassword
	case s.Role.NeedsSecondFactor() && !s.FactorProved:
		return StageEnrol
	}
	return Active
}

// Standing is what StageOf looks at.
type Standing struct {
	FactorEnrolled     bool
	FactorProved       bool // in this session, here or by the identity provider
	MustChangePassword bool
	Role               Role
}
