package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

const (
	// similarShown is how many solved cases stand beside a case: what fits a screen.
	similarShown = 5
	// similarLeast is the score below which a case is not shown as similar: the words of one topic reach it, an unrelated question
	// of the same intent does not. By eye, on the sample desk.
	similarLeast = 0.3
)

// SimilarCases are solved cases that are like a case.
type SimilarCases struct {
	Cases []SimilarCase `doc:"The most similar first, at most five." json:"cases" nullable:"false"`
}

// SimilarCase is a solved case, without its customer's personal data.
type SimilarCase struct {
	Language   string    `json:"language"`
	Number     string    `example:"DH-1042" json:"number"`
	Question   string    `json:"question"`
	Reply      string    `doc:"The last reply before it was resolved." json:"reply"`
	ResolvedAt time.Time `json:"resolved_at"`
	Score      float64   `doc:"0 to 1; compares only within one answer." json:"score"`
	TicketID   uuid.UUID `format:"uuid" json:"ticket_id"`
}

// Viewers are who has a case open.
type Viewers struct {
	Others []string `doc:"Names of the others, in order." json:"others" nullable:"false"`
}

// SuggestRequest says how another draft should be.
type SuggestRequest struct {
	Instruction string `doc:"What should be different. Without a language model it is what the articles are searched for." example:"shorter, and name the network" json:"instruction,omitempty" maxLength:"1000"` //nolint:lll // a tag is one line
}

// SuggestedReply is another draft. It is not kept.
type SuggestedReply struct {
	Body      string      `json:"body"`
	Citations []Citation  `json:"citations" nullable:"false"`
	Findings  []Finding   `doc:"What the guard objects to." json:"findings" nullable:"false"`
	Language  string      `json:"language"`
	Method    string      `enum:"extractive,model" json:"method"`
	Notes     []DraftNote `doc:"For the agent: what to ask, to check, what no article says." json:"notes" nullable:"false"`
}

// TranslateRequest names a message of the ticket's conversation.
type TranslateRequest struct {
	Language  string    `doc:"Of the translation: a language of the fixed texts." example:"en" json:"language" maxLength:"35" minLength:"2"`
	MessageID uuid.UUID `format:"uuid" json:"message_id"`
}

// Translation is a message as a language model reads it. It may be wrong.
type Translation struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

func (s *server) describeHelp(api huma.API) {
	tags := []string{"Agents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Solved cases of the same intent whose question is like that of the ticket, with the reply that solved them.",
		Method:      http.MethodGet, OperationID: "similar-tickets", Path: "/v1/tickets/{id}/similar", Summary: "Similar solved cases",
		Tags: tags,
	}, access.WorkTickets), s.similar)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Notes that the caller has the ticket open, for 25 seconds, and says who else has: on every replica.",
		Method:      http.MethodPost, OperationID: "view-ticket", Path: "/v1/tickets/{id}/view", Summary: "Have it open", Tags: tags,
	}, access.WorkTickets), s.view)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Another draft of a reply. Nothing is stored or sent.",
		Method:      http.MethodPost, OperationID: "suggest-reply", Path: "/v1/tickets/{id}/suggest", Summary: "Draft again", Tags: tags,
	}, access.WorkTickets), s.suggest)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Personal data stays masked. Needs a language model.",
		Method:      http.MethodPost, OperationID: "translate-message", Path: "/v1/tickets/{id}/translate",
		Summary: "Translate a message", Tags: tags,
	}, access.WorkTickets), s.translate)
}

func (s *server) similar(ctx context.Context, in *ticketInput) (*output[SimilarCases], error) {
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	question, err := s.Store.OpeningQuestion(ctx, detail.Ticket)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := SimilarCases{Cases: []SimilarCase{}}
	if question == "" {
		return &output[SimilarCases]{Body: list}, nil
	}
	solved, err := s.Store.Solved(ctx, detail.Ticket)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	texts := make([]retrieval.Text, len(solved))
	for i, one := range solved {
		texts[i] = retrieval.Text{Body: one.Question, Locale: one.Language}
	}
	ranked := s.Index().Rank(ctx, retrieval.Text{Body: question, Locale: detail.Ticket.Language}, texts)
	for _, r := range ranked[:min(len(ranked), similarShown)] {
		if r.Score >= similarLeast {
			list.Cases = append(list.Cases, s.similarView(solved[r.Index], r.Score))
		}
	}
	return &output[SimilarCases]{Body: list}, nil
}

// similarView masks both sides: an agent who works on one case need not know who the customer of another is.
func (s *server) similarView(c desk.SolvedCase, score float64) SimilarCase {
	return SimilarCase{
		Language: c.Language, Number: assistant.Ticket{Number: c.Number}.Reference(), Question: s.masker.Text(c.Question),
		Reply: s.masker.Text(c.Reply), ResolvedAt: c.ResolvedAt, Score: score, TicketID: c.TicketID,
	}
}

func (s *server) view(ctx context.Context, in *ticketInput) (*output[Viewers], error) {
	others, err := s.Store.View(ctx, in.ID, actor(ctx).ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Viewers]{Body: Viewers{Others: append([]string{}, others...)}}, nil
}

func (s *server) suggest(ctx context.Context, in *stepInput[SuggestRequest]) (*output[SuggestedReply], error) {
	if err := storable("instruction", in.Body.Instruction); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	run, err := s.Store.LatestRun(ctx, detail.Ticket.ConversationID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	suggestion, err := s.Assistant.Suggest(ctx, run, in.Body.Instruction)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	reply := SuggestedReply{
		Body: suggestion.Draft.Text(), Citations: citations(suggestion.Draft.Citations()), Findings: []Finding{},
		Language: suggestion.Draft.Language, Method: string(suggestion.Draft.Method), Notes: draftNotes(suggestion.Notes),
	}
	for _, found := range suggestion.Verdict.Findings {
		reply.Findings = append(reply.Findings, Finding(found))
	}
	return &output[SuggestedReply]{Body: reply}, nil
}

func (s *server) translate(ctx context.Context, in *stepInput[TranslateRequest]) (*output[Translation], error) {
	if !slices.Contains(prompts.Languages(), in.Body.Language) {
		return nil, invalidField("language", "use a language of the fixed texts, like en or zh-Hans")
	}
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	messages := s.masker.Conversation(detail.Conversation).Messages
	at := slices.IndexFunc(messages, func(m assistant.Message) bool { return m.ID == in.Body.MessageID })
	if at < 0 {
		return nil, newProblem(kindNotFound, "The ticket has no such message.")
	}
	if s.Translate == nil {
		return nil, newProblem(kindNoModel, kindNamed(kindNoModel).detail)
	}
	text, err := s.Translate(ctx, messages[at].Body, in.Body.Language)
	if err != nil {
		s.Logger.WarnContext(ctx, "translation failed", slog.String("request_id", requestFrom(ctx).id))
		return nil, s.problemOf(ctx, &assistant.Error{
			Code: assistant.CodeUnavailable, Message: "The language model did not answer.", Cause: fmt.Errorf("translate message: %w", err),
		})
	}
	return &output[Translation]{Body: Translation{Language: in.Body.Language, Text: text}}, nil
}
