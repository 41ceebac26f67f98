package assistant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

// NoteKind says what an agent is told beside a draft.
type NoteKind string

// The kinds of notes.
const (
	NoteAsk     NoteKind = "ask"     // what the customer has not said yet
	NoteCheck   NoteKind = "check"   // what to look at before the draft is sent
	NoteMissing NoteKind = "missing" // what the articles do not say
	NoteRead    NoteKind = "read"    // an internal article: the desk's own knowledge of such cases
)

// Note is what the agent needs beside a draft. No customer ever reads one.
type Note struct {
	Article Citation `json:"article,omitzero"` // that the note speaks of, if of one
	Code    string   `json:"code,omitempty"`   // of a note that is always the same: "office.deposit", to be said in another language
	Kind    NoteKind `json:"kind"`
	Purpose string   `json:"purpose,omitempty"` // of a question: the fact that it asks for, as the taxonomy names it
	Text    string   `json:"text,omitempty"`    // of a question: how to put it to the customer, if somebody wrote it
}

// Limits of notes: what a model makes of them is text from outside.
const (
	notesKept      = 12
	noteRunes      = 300
	notesFromModel = 5 // of each kind
)

// Codes of notes that are always the same, beside "office." and a category.
const (
	codeLanguage = "language"
	codeStale    = "stale"
)

// officeChecks say what the back office knows of a case, by the category of its intent.
var officeChecks = map[string]string{
	"account":    "Restrictions, recent log-ins and changes of password, second factor or contact.",
	"api":        "The key's rights, allowed addresses and last calls.",
	"compliance": "Whether a matter of the compliance team is open: then it answers.",
	"deposit":    "The transaction on the chain: network, address, confirmations, memo. Then the deposit's record.",
	"earn":       "The subscription: product, dates, rewards paid.",
	"fiat":       "The payment's record, and what the payment partner reports.",
	"kyc":        "The state of the identity check, and the reason shown to the customer.",
	"security":   "Log-ins, devices and withdrawals of the last days; whether the account is frozen.",
	"trading":    "The order's history: type, price, fills, the product's state at the time.",
	"web3":       "The transaction on the chain; own wallets are not the desk's.",
	"withdrawal": "The withdrawal's stage and what holds it. Do not tell the reason of a review.",
}

// draftRequest is what a draft of a case is made from.
func (a *Assistant) draftRequest(c Case, language string, results retrieval.Results, t triage.Triage) DraftRequest {
	entry, _ := a.Triager.Intent(t.Intent)
	asked := a.searchText(c)
	support := a.Guard.Support(asked)
	fits := func(text string) float64 { return support(text).Score() }
	return DraftRequest{
		Case: c, Facts: entry.Collect, Fits: fits, Language: language, Results: results, Triage: t, narrowing: a.narrowing(asked),
	}
}

// notes returns what an agent is told beside a draft: what the model found missing and would ask, what the taxonomy says the
// desk needs to know and the customer has not named, and what to look at. A question that the guard would stop is left out: an
// agent must not be tempted to send it.
func (a *Assistant) notes(request DraftRequest, draft Draft, registry guard.Registry) []Note {
	var notes []Note
	add := func(note Note) {
		same := func(other Note) bool {
			return other.Kind == note.Kind && other.Purpose == note.Purpose && note.Purpose != "" || other == note
		}
		if len(notes) < notesKept && !slices.ContainsFunc(notes, same) {
			notes = append(notes, note)
		}
	}
	for _, note := range draft.Notes {
		if len(a.Guard.Check(guard.Text{Body: note.Text, Language: request.Language}, registry)) == 0 {
			add(note)
		}
	}
	if category, _, _ := strings.Cut(request.Triage.Intent, "."); officeChecks[category] != "" {
		add(Note{Code: "office." + category, Kind: NoteCheck, Text: officeChecks[category]})
	}
	if draft.Language != "" && draft.Language != request.Language {
		text := fmt.Sprintf("The draft is in %s, the customer writes %s.", draft.Language, request.Language)
		add(Note{Code: codeLanguage, Kind: NoteCheck, Text: text})
	}
	for _, note := range slices.Concat(sourceNotes(request.Results.Hits, draft), a.factNotes(request)) {
		add(note)
	}
	return notes
}

// sourceNotes say what an agent should know of the articles that a draft cites.
func sourceNotes(hits []retrieval.Hit, draft Draft) []Note {
	var notes []Note
	for _, hit := range hits {
		if article := citationOf(hit); hit.Article.Stale && slices.Contains(draft.Citations(), article) {
			text := "The article is past its review: " + article.Slug
			notes = append(notes, Note{Article: article, Code: codeStale, Kind: NoteCheck, Text: text})
		}
	}
	return notes
}

func citationOf(hit retrieval.Hit) Citation {
	return Citation{Locale: hit.Article.Locale, Slug: hit.Article.Slug, Title: hit.Article.Title}
}

// readingKept is how many internal articles an agent is pointed to.
const readingKept = 2

// forCustomers splits what an agent's search found. A draft is made from the articles that a customer may read: an agent who
// accepts it must not send out what is internal. The internal ones become notes, for the agent to read.
func forCustomers(results retrieval.Results) (retrieval.Results, []Note) {
	var public []retrieval.Hit
	var reading []Note
	for _, hit := range results.Hits {
		switch {
		case hit.Article.Audience != retrieval.AudienceInternal:
			public = append(public, hit)
		case len(reading) < readingKept:
			reading = append(reading, Note{Article: citationOf(hit), Kind: NoteRead})
		}
	}
	results.Hits = public
	return results, reading
}

// factNotes are the facts that the taxonomy says the desk needs, without those that the customer has named.
func (a *Assistant) factNotes(request DraftRequest) []Note {
	var notes []Note
	for _, fact := range request.Facts {
		switch {
		case fact == string(FactAsset) && !request.Triage.Facts.Asset:
			notes = append(notes, Note{Kind: NoteAsk, Purpose: fact, Text: a.fixed(prompts.AskAsset, request.Language)})
		case fact == string(FactNetwork) && !request.Triage.Facts.Network:
			notes = append(notes, Note{Kind: NoteAsk, Purpose: fact, Text: a.fixed(prompts.AskNetwork, request.Language)})
		case fact != string(FactAsset) && fact != string(FactNetwork):
			notes = append(notes, Note{Kind: NoteAsk, Purpose: fact})
		}
	}
	return notes
}

// notesFrom are the notes of a model's reply, bounded.
func notesFrom(reply prompts.DraftReply) []Note {
	var notes []Note
	for _, missing := range reply.Missing[:min(len(reply.Missing), notesFromModel)] {
		if text := bounded(missing); text != "" {
			notes = append(notes, Note{Kind: NoteMissing, Text: text})
		}
	}
	for _, question := range reply.Questions[:min(len(reply.Questions), notesFromModel)] {
		if text := bounded(question.Text); text != "" {
			notes = append(notes, Note{Kind: NoteAsk, Purpose: bounded(question.Purpose), Text: text})
		}
	}
	return notes
}

// bounded is a text on one line, cut where it is too long.
func bounded(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), noteRunes)])
}
