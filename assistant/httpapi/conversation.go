package httpapi

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// maxStoredComment is what the database takes of a comment. Removing a secret may make a text longer.
const maxStoredComment = 4000

// ConversationRef names a conversation and who reads it.
type ConversationRef struct {
	CustomerToken string    `doc:"Who reads, if the conversation belongs to a customer." header:"X-Customer-Token" maxLength:"4096"`
	ID            uuid.UUID `doc:"The conversation." format:"uuid" path:"id"`
}

// ConversationResponse is what a customer and the desk said to each other, as the customer sees it.
type ConversationResponse struct {
	Feedback *ConversationFeedback `doc:"What the customer thinks of the whole conversation." json:"feedback,omitempty"`
	ID       uuid.UUID             `format:"uuid" json:"id"`
	Messages []ConversationMessage `doc:"Oldest first." json:"messages" nullable:"false"`
	Ticket   *TicketSummary        `doc:"The newest ticket, if any." json:"ticket,omitempty"`
}

// ConversationFeedback is the customer's rating of a conversation.
type ConversationFeedback struct {
	Comment string `doc:"In the customer's words. Secrets are removed." json:"comment,omitempty"`
	Rating  int    `doc:"1 is bad, 5 is good." json:"rating" maximum:"5" minimum:"1"`
}

// ConversationMessage is one turn.
type ConversationMessage struct {
	Author    string     `enum:"customer,assistant,agent" json:"author"`
	Body      string     `doc:"Secrets are replaced." json:"body"`
	Citations []Citation `json:"citations" nullable:"false"`
	CreatedAt time.Time  `json:"created_at"`
	ID        uuid.UUID  `format:"uuid" json:"id"`
	Language  string     `json:"language,omitempty"`
	Rating    int        `doc:"What the customer thinks of it: 1 is bad, 5 is good." json:"rating,omitempty" maximum:"5" minimum:"1"`
}

type handOffInput struct {
	CustomerToken  string    `doc:"Who asks, if the conversation belongs to a customer." header:"X-Customer-Token" maxLength:"4096"`
	IdempotencyKey string    `doc:"The sender's name for this request." header:"Idempotency-Key" pattern:"^[!-~]{1,200}$" patternDescription:"1 to 200 visible ASCII characters"` //nolint:lll // a tag is one line
	ID             uuid.UUID `doc:"The conversation." format:"uuid" path:"id"`
}

type feedbackInput struct {
	ConversationRef

	Body FeedbackRequest
}

// FeedbackRequest is what a customer thinks of a message, or of the whole conversation.
type FeedbackRequest struct {
	Comment   string    `doc:"Why, in the customer's words. Secrets are removed." json:"comment,omitempty" maxLength:"2000"`
	MessageID uuid.UUID `doc:"The rated reply. Without it, the whole conversation is rated." format:"uuid" json:"message_id,omitzero"`
	Rating    int       `doc:"1 is bad, 5 is good. A later rating replaces an earlier one." json:"rating" maximum:"5" minimum:"1"`
}

func (s *server) describeConversations(api huma.API) {
	tags := []string{"Customers"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "A widget key reads the conversations that it opened, of a customer only with that customer's token; " +
			"people at the desk read all, without personal data.",
		Method: http.MethodGet, OperationID: "get-conversation", Path: "/v1/conversations/{id}",
		Summary: "Read a conversation", Tags: tags,
	}, access.ReadConversation), s.conversation)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Hands the conversation to a person. No limit on questions holds it back.",
		Method:      http.MethodPost, OperationID: "request-person", Path: "/v1/conversations/{id}/handoff",
		Summary: "Ask for a person", Tags: tags,
	}, access.Ask), s.handOff)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Keeps the customer's rating.",
		Method:      http.MethodPost, OperationID: "give-feedback", Path: "/v1/conversations/{id}/feedback",
		Summary: "Rate", Tags: tags,
	}, access.Ask), s.feedback)
}

func (s *server) conversation(ctx context.Context, in *ConversationRef) (*output[ConversationResponse], error) {
	conversation, err := s.readConversation(ctx, in)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	response := ConversationResponse{
		ID: conversation.ID, Messages: make([]ConversationMessage, len(conversation.Messages)), Ticket: ticketSummary(conversation.Ticket),
	}
	for i, message := range conversation.Messages {
		response.Messages[i] = conversationMessage(message)
	}
	feedback, err := s.Store.Feedback(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	for _, f := range feedback {
		if requestFrom(ctx).caller.Role != access.Widget {
			f.Comment = s.masker.Text(f.Comment)
		}
		response.rated(f)
	}
	return &output[ConversationResponse]{Body: response}, nil
}

// rated adds an opinion to what it is about.
func (r *ConversationResponse) rated(f postgres.Feedback) {
	if f.MessageID == nil {
		r.Feedback = &ConversationFeedback{Comment: f.Comment, Rating: f.Rating}
		return
	}
	for i := range r.Messages {
		if r.Messages[i].ID == *f.MessageID {
			r.Messages[i].Rating = f.Rating
		}
	}
}

// readConversation returns a conversation as the caller may see it.
func (s *server) readConversation(ctx context.Context, in *ConversationRef) (assistant.Conversation, error) {
	r := requestFrom(ctx)
	if r.caller.Role != access.Widget {
		conversation, err := s.Store.Conversation(ctx, in.ID)
		return s.masker.Conversation(conversation), err
	}
	customer, err := s.customer(ctx, in.CustomerToken)
	if err != nil {
		return assistant.Conversation{}, err
	}
	return s.Store.AskedConversation(ctx, in.ID, postgres.Asker{APIKeyID: r.key.ID, Customer: customer})
}

// customer returns who a token names that came in a header; nobody for none.
func (s *server) customer(ctx context.Context, token string) (assistant.Customer, error) {
	if token == "" {
		return assistant.Customer{}, nil
	}
	customer, _, err := s.Store.CustomerOf(ctx, requestFrom(ctx).key.ID, token)
	return customer, err
}

func (s *server) handOff(ctx context.Context, in *handOffInput) (*output[AnswerResponse], error) {
	customer, err := s.customer(ctx, in.CustomerToken)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	leave, problem := s.admitUrgent(ctx)
	if problem != nil {
		return nil, problem
	}
	defer leave()
	ctx, cancel := s.detach(ctx)
	defer cancel()
	run, err := s.Assistant.RequestPerson(ctx, assistant.Question{
		APIKeyID:       requestFrom(ctx).key.ID,
		Channel:        defaultChannel,
		ConversationID: in.ID,
		Customer:       customer,
		IdempotencyKey: in.IdempotencyKey,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	requestFrom(ctx).answer = run.Outcome
	return &output[AnswerResponse]{Body: answerResponse(run)}, nil
}

func (s *server) feedback(ctx context.Context, in *feedbackInput) (*struct{}, error) {
	if err := storable("comment", in.Body.Comment); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if _, err := s.readConversation(ctx, &in.ConversationRef); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	feedback := postgres.Feedback{
		Comment:        shortened(s.Redactor.Redact(in.Body.Comment).Text, maxStoredComment),
		ConversationID: in.ID,
		Rating:         in.Body.Rating,
	}
	if in.Body.MessageID != uuid.Nil {
		feedback.MessageID = &in.Body.MessageID
	}
	if err := s.Store.AddFeedback(ctx, feedback); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func conversationMessage(m assistant.Message) ConversationMessage {
	return ConversationMessage{
		Author: string(m.Author), Body: m.Body, Citations: citations(m.Citations), CreatedAt: m.CreatedAt, ID: m.ID, Language: m.Language,
	}
}

// shortened returns at most limit characters of text.
func shortened(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit])
}
