package prompts

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

//go:embed draft.schema.json
var draftSchema []byte

// DraftInput is what the model is given to draft a reply. Every text in it is untrusted (P8): Draft makes it unable to
// close the element that marks it as data.
type DraftInput struct {
	Facts    []string    // that the desk needs to know of such a case
	History  []DraftTurn // earlier turns, oldest first
	Language string      // BCP 47
	Question string
	Sources  []DraftSource
	Terms    []DraftTerm // the desk's own words in Language
}

// DraftSource is a passage that the draft may cite by its ID.
type DraftSource struct {
	ID     int
	Locale string
	Text   string
	Title  string
}

// DraftTerm is the word of the glossary for one thing.
type DraftTerm struct {
	Concept string // in English
	Word    string // in the language of the draft
}

// DraftTurn is an earlier message of the conversation.
type DraftTurn struct {
	Author string
	Text   string
}

// Prompt is what goes to the model. System never changes between calls of one build, so that providers can cache it.
type Prompt struct {
	Schema json.RawMessage // JSON Schema of the reply: see DraftReply
	System string
	User   string
}

// DraftReply is what the model replies with.
type DraftReply struct {
	Answerable bool            `json:"answerable"`
	Language   string          `json:"language"`
	Missing    []string        `json:"missing"`
	Questions  []DraftQuestion `json:"questions"`
	Sentences  []DraftSentence `json:"sentences"`
}

// DraftQuestion is something to ask the customer, for the agent who reads the draft.
type DraftQuestion struct {
	Purpose string `json:"purpose"` // the fact that it asks for
	Text    string `json:"text"`
}

// DraftSentence is one sentence of the reply.
type DraftSentence struct {
	Citations []int  `json:"citations"` // DraftSource.ID
	Starts    string `json:"starts"`    // "paragraph", "line" or "same_line"
	Text      string `json:"text"`
}

// Draft renders the prompt for a draft.
func (l *Library) Draft(in DraftInput) (Prompt, error) {
	var system, user strings.Builder
	if err := l.draft.ExecuteTemplate(&system, "system", nil); err != nil {
		return Prompt{}, fmt.Errorf("render system prompt: %w", err)
	}
	if err := l.draft.ExecuteTemplate(&user, "user", in); err != nil {
		return Prompt{}, fmt.Errorf("render draft prompt: %w", err)
	}
	return Prompt{Schema: bytes.Clone(draftSchema), System: system.String(), User: user.String()}, nil
}

// draftTemplate renders the two parts of the draft prompt.
type draftTemplate struct {
	*template.Template

	version string
}

func newDraftTemplate(source string) (*draftTemplate, error) {
	parsed, err := template.New("draft").Option("missingkey=error").Funcs(template.FuncMap{"escape": escape}).Parse(source)
	if err != nil {
		return nil, fmt.Errorf("parse draft prompt: %w", err)
	}
	hash := sha256.New()
	hash.Write([]byte(source))
	hash.Write(draftSchema)
	return &draftTemplate{Template: parsed, version: hex.EncodeToString(hash.Sum(nil)[:6])}, nil
}

// escape keeps a text from ending the element around it. Only what could be markup is replaced, so that the model reads
// amounts, links and quotes as they are.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
