package evals

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
)

// Decided is what agents did with a draft: the material of a case.
type Decided struct {
	Articles []string // slugs that the draft cites
	Fate     string   // accepted, edited or rejected
	Intent   string
	Language string
	Priority triage.Priority
	Question []string // the customer's turns, in order
	Reject   string   // code of a rejection
	RunID    string
}

// FromDesk makes a suite of what agents decided. An accepted or edited draft says that its article answers the question; a
// rejected one only that the case was a person's. Texts are redacted again, with personal data: what the desk may keep, a
// file that is passed around may not. The same decision always gets the same id, and no id of the desk is in the file.
func FromDesk(decided []Decided, redactor *redact.Redactor) Suite {
	suite := Suite{
		Name:        "from-desk",
		Description: "What agents decided about drafts. Look through it before you pass it on: names are not removed.",
		KB:          SampleKB,
	}
	seen := make(map[string]bool)
	for _, d := range decided {
		c := Case{
			ID:     deskCase(d.RunID),
			Expect: Expect{Intent: d.Intent, Outcome: assistant.OutcomeHandedOff, Priority: d.Priority},
			Locale: d.Language,
			Tags:   []string{"desk", d.Fate},
		}
		for _, turn := range d.Question {
			c.Conversation = append(c.Conversation, redactor.Redact(turn).Text)
		}
		if d.Fate == "rejected" {
			c.Tags = append(c.Tags, "rejected:"+d.Reject)
		} else if len(d.Articles) > 0 {
			c.Expect.Article = d.Articles[0]
		}
		if len(c.Conversation) > 0 && !seen[c.ID] {
			seen[c.ID] = true
			suite.Cases = append(suite.Cases, c)
		}
	}
	return suite
}

// deskCase is the id of the case that is made of a run. An erasure finds results with the customer's text by it.
func deskCase(runID string) string {
	sum := sha256.Sum256([]byte("deskhand eval case " + runID))
	return "desk-" + hex.EncodeToString(sum[:6])
}

// Write writes the suite as ParseSuite reads it.
func (s Suite) Write(w io.Writer) error {
	encoded, err := yaml.MarshalWithOptions(s, yaml.OmitEmpty(), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return fmt.Errorf("encode suite: %w", err)
	}
	if _, err := w.Write(encoded); err != nil {
		return fmt.Errorf("write suite: %w", err)
	}
	return nil
}
