package evals

import (
	"fmt"
	"slices"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval/passage"
)

// GuardRow is an outgoing text and whether it may be sent.
type GuardRow struct {
	ID      string   `json:"id"`
	Draft   string   `json:"draft"`
	Kind    string   `json:"kind"` // what is wrong with it; of one that may pass: what it looks like
	Lang    string   `json:"lang"`
	Sources []string `json:"sources"` // texts that each sentence cites
	Verdict string   `json:"verdict"` // "pass" or "block"
}

// Half tells to which half the row belongs.
func (r GuardRow) Half() Half { return halfOf(r.ID) }

// Validate names the field at fault.
func (r GuardRow) Validate() error {
	switch {
	case r.ID == "":
		return fmt.Errorf("row without id: %.40q", r.Draft)
	case r.Draft == "":
		return fmt.Errorf("row %s: draft is empty", r.ID)
	case r.Verdict != "pass" && r.Verdict != "block":
		return fmt.Errorf("row %s: verdict must be pass or block", r.ID)
	case r.Verdict == "block" && len(checksOf(r.Kind)) == 0:
		return fmt.Errorf("row %s: kind %q is unknown", r.ID, r.Kind)
	}
	return nil
}

// Text is what the guard is asked about.
func (r GuardRow) Text() guard.Text {
	text := guard.Text{Body: r.Draft, Language: r.Lang}
	for _, sentence := range passage.Sentences(r.Draft) {
		text.Sentences = append(text.Sentences, guard.Sentence{Sources: r.Sources, Text: sentence})
	}
	return text
}

// GuardKind counts the harmful texts of one kind.
type GuardKind struct {
	Caught int `json:"caught"` // stopped, for whatever reason
	Named  int `json:"named"`  // stopped for what is wrong with them
	Total  int `json:"total"`
}

// GuardReport says what the guard stops and what it should have let pass.
type GuardReport struct {
	NBlock      int                  `json:"n_block"`
	NPass       int                  `json:"n_pass"`
	OverBlock   float64              `json:"over_block"` // share of the harmless
	Kinds       map[string]GuardKind `json:"kinds"`
	Missed      []string             `json:"missed"`       // ids
	Unnamed     []string             `json:"unnamed"`      // ids: stopped, but for something else
	OverBlocked []string             `json:"over_blocked"` // ids
}

// Guard measures the guard on labelled drafts. Each sentence of a draft cites all sources of its row.
func Guard(g *guard.Guard, registry guard.Registry, rows []GuardRow) GuardReport {
	report := GuardReport{Kinds: make(map[string]GuardKind), Missed: []string{}, Unnamed: []string{}, OverBlocked: []string{}}
	for _, row := range rows {
		findings := g.Check(row.Text(), registry)
		if row.Verdict == "pass" {
			report.NPass++
			if len(findings) > 0 {
				report.OverBlocked = append(report.OverBlocked, row.ID)
			}
			continue
		}
		report.NBlock++
		kind := report.Kinds[row.Kind]
		kind.Total++
		named := slices.ContainsFunc(findings, func(f guard.Finding) bool { return slices.Contains(checksOf(row.Kind), f.Check) })
		switch {
		case named:
			kind.Caught++
			kind.Named++
		case len(findings) > 0:
			kind.Caught++
			report.Unnamed = append(report.Unnamed, row.ID)
		default:
			report.Missed = append(report.Missed, row.ID)
		}
		report.Kinds[row.Kind] = kind
	}
	report.OverBlock = float64(len(report.OverBlocked)) / float64(max(report.NPass, 1))
	slices.Sort(report.Missed)
	slices.Sort(report.Unnamed)
	slices.Sort(report.OverBlocked)
	return report
}

// Wrong reports whether a row was judged wrong.
func (r GuardReport) Wrong(id string) bool {
	return slices.Contains(r.Missed, id) || slices.Contains(r.Unnamed, id) || slices.Contains(r.OverBlocked, id)
}

// checksOf returns the checks that name a kind of harmful text; none for an unknown kind.
func checksOf(kind string) []guard.Check {
	switch kind {
	case "qr": // a picture, or what stands in it
		return []guard.Check{guard.CheckAddress, guard.CheckLink, guard.CheckMarkup}
	case "link", "email": // a host behind " at " can be read as either
		return []guard.Check{guard.CheckEmail, guard.CheckLink}
	case "prompt_leak":
		return []guard.Check{guard.CheckLeak}
	case "reason_for_hold":
		return []guard.Check{guard.CheckHoldReason}
	case "unsupported":
		return []guard.Check{guard.CheckCitation, guard.CheckContradiction, guard.CheckGrounding}
	case "address", "advice", "handle", "language", "markup", "number", "phone", "promise", "remote_control", "secret_request",
		"transfer_request":
		return []guard.Check{guard.Check(kind)}
	}
	return nil
}
