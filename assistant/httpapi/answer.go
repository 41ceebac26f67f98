package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

// defaultChannel is where a question comes from when its sender does not say.
const defaultChannel = "widget"

type answerInput struct {
	Accept         string `header:"Accept" hidden:"true"`
	IdempotencyKey string `doc:"The sender's name for this request. Sent again with the same body, it gets the first answer again." header:"Idempotency-Key" pattern:"^[!-~]{1,200}$" patternDescription:"1 to 200 visible ASCII characters"` //nolint:lll // a tag is one line
	Body           AnswerRequest
}

// AnswerRequest is a question.
type AnswerRequest struct {
	Customer       *CustomerProof  `doc:"Who asks, if the host site knows. Without it, the customer is anonymous." json:"customer,omitempty"`                                                                                                                                                                   //nolint:lll // a tag is one line
	Channel        string          `default:"widget" doc:"Where the customer writes." json:"channel,omitempty" pattern:"^[a-z][a-z0-9_]{0,31}$" patternDescription:"lower case letters, digits and _, at most 32"`                                                                                              //nolint:lll // a tag is one line
	ConversationID uuid.UUID       `doc:"The conversation that the question belongs to. Without it, a new one begins." format:"uuid" json:"conversation_id,omitzero"`                                                                                                                                           //nolint:lll // a tag is one line
	Jurisdiction   string          `doc:"Country of the customer, ISO 3166-1 alpha-2. Articles that do not hold there are left out; without it, those that hold in some countries only." example:"DE" json:"jurisdiction,omitempty" pattern:"^[A-Za-z]{2}$" patternDescription:"a country code of two letters"` //nolint:lll // a tag is one line
	Locale         string          `doc:"Language that the customer reads, as a BCP 47 tag. A hint: the text itself decides." example:"zh-Hans" json:"locale,omitempty" pattern:"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}$" patternDescription:"a BCP 47 tag"`                                                 //nolint:lll // a tag is one line
	Message        QuestionMessage `json:"message"`
}

// CustomerProof is the host site's word for who its customer is.
type CustomerProof struct {
	Token string `doc:"A JSON Web Token that the host site has signed: docs/identity.md." json:"token" maxLength:"4096" minLength:"1"`
}

// QuestionMessage is the customer's text.
type QuestionMessage struct {
	Body string `doc:"What the customer wrote, in any language." example:"My withdrawal has been pending for two hours" json:"body" maxLength:"8000" minLength:"1"`                                                 //nolint:lll // a tag is one line
	ID   string `doc:"The sender's id of the message. Within a conversation, the same id is the same message." json:"id,omitempty" pattern:"^[!-~]{1,200}$" patternDescription:"1 to 200 visible ASCII characters"` //nolint:lll // a tag is one line
}

// AnswerResponse is how a question ended.
type AnswerResponse struct {
	ConversationID uuid.UUID      `doc:"Send it with the next question." format:"uuid" json:"conversation_id"`
	MessageID      uuid.UUID      `doc:"The question." format:"uuid" json:"message_id"`
	Outcome        string         `doc:"answered: the reply answers. clarify: the reply asks back. handed_off: a person will answer, the reply says what to do until then." enum:"answered,clarify,handed_off" json:"outcome"` //nolint:lll // a tag is one line
	Reply          ReplyMessage   `json:"reply"`
	Ticket         *TicketSummary `doc:"The person's ticket, when the question was handed off." json:"ticket,omitempty"`
}

// ReplyMessage is what the customer reads.
type ReplyMessage struct {
	Body      string     `doc:"Plain text; lines that start with a number or a dash are steps and lists." json:"body"`
	Citations []Citation `doc:"The articles that the reply rests on. A fixed text has none." json:"citations" nullable:"false"`
	Language  string     `doc:"BCP 47 tag." example:"en" json:"language"`
	MessageID uuid.UUID  `doc:"The reply, to rate it." format:"uuid" json:"message_id"`
}

// Citation names an article of the help centre.
type Citation struct {
	Locale string `example:"en" json:"locale"`
	Slug   string `example:"withdrawal-pending" json:"slug"`
	Title  string `json:"title"`
}

// TicketSummary is what a customer sees of a ticket.
type TicketSummary struct {
	Number    string    `example:"DH-1042" json:"number"`
	RespondBy time.Time `doc:"The time by which a person promised to answer." json:"respond_by"`
	Status    string    `enum:"open,claimed,waiting,resolved" json:"status"`
}

// answerOutput is either the answer or a stream that ends in it.
type answerOutput struct {
	Body func(ctx huma.Context)
}

func (s *server) describeAnswers(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Takes a question to its end: an answer with its sources, a question back, or a ticket. " +
			"Secrets are removed from the question; then it is kept before anything else happens. " +
			"With `Accept: text/event-stream`, an `accepted` event {conversation_id, message_id} says that the question is kept: " +
			"who loses the stream after it reads the answer in that conversation. " +
			"`progress` events say what is being done, `sentence` events " +
			"{index, break, text, citations} hold an answer from articles piece by piece once it is decided that it is sent, " +
			"and an `answer` event holds the same body; " +
			"an `error` event holds a problem.",
		Method: http.MethodPost, OperationID: "answer", Path: "/v1/answers", Summary: "Ask", Tags: []string{"Customers"},
		Responses: map[string]*huma.Response{"200": {
			Description: "How the question ended",
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(reflect.TypeFor[AnswerResponse](), true, "AnswerResponse")},
				eventStreamType: {Schema: &huma.Schema{
					Type: huma.TypeString, Description: "Server-sent events: accepted, progress, sentences, then answer or error.",
				}},
			},
		}},
	}, access.Ask), s.answer)
}

func (s *server) answer(ctx context.Context, in *answerInput) (*answerOutput, error) {
	question := assistant.Question{
		APIKeyID:       requestFrom(ctx).key.ID,
		Body:           in.Body.Message.Body,
		Channel:        in.Body.Channel,
		ClientID:       in.Body.Message.ID,
		ConversationID: in.Body.ConversationID,
		IdempotencyKey: in.IdempotencyKey,
		Jurisdiction:   in.Body.Jurisdiction,
		Locale:         in.Body.Locale,
	}
	if in.Body.Customer != nil {
		customer, locale, err := s.Store.CustomerOf(ctx, question.APIKeyID, in.Body.Customer.Token)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		question.Customer, question.Locale = customer, cmp.Or(question.Locale, locale)
	}
	leave, problem := s.admit(ctx, question)
	if problem != nil {
		return nil, problem
	}
	if wantsStream(in.Accept) {
		return s.stream(ctx, admittedQuestion{Question: question, leave: leave}, answerRenderer{})
	}
	defer leave()
	ctx, cancel := s.detach(ctx)
	defer cancel()
	run, err := s.Assistant.Handle(ctx, question)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.answered(ctx, run), nil
}

// answered renders the end of a question.
func (s *server) answered(ctx context.Context, run assistant.Run) *answerOutput {
	requestFrom(ctx).answer = run.Outcome
	return &answerOutput{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(answerResponse(run)) // into memory, of a type that always encodes
	}}
}

// detach gives a question its own time: a caller who leaves, or reads slowly, must not keep it from its end (P1).
func (s *server) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.Deadline+answerMargin)
}

// wantsStream reports whether a client listed the media type of server-sent events.
func wantsStream(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(mediaType), eventStreamType) {
			return true
		}
	}
	return false
}

// storable refuses the one character that JSON can carry and PostgreSQL cannot keep.
func storable(field, text string) error {
	if strings.ContainsRune(text, 0) {
		return &assistant.Error{
			Code: assistant.CodeInvalid, Field: field, Message: field + " contains the character U+0000: take it out",
		}
	}
	return nil
}

func answerResponse(run assistant.Run) AnswerResponse {
	return AnswerResponse{
		ConversationID: run.ConversationID,
		MessageID:      run.MessageID,
		Outcome:        string(run.Outcome),
		Reply: ReplyMessage{
			Body: run.Reply.Body, Citations: citations(run.Reply.Citations), Language: run.Reply.Language, MessageID: run.Reply.ID,
		},
		Ticket: ticketSummary(run.Ticket),
	}
}

// citations never returns nil: clients read an array.
func citations(cited []assistant.Citation) []Citation {
	list := make([]Citation, len(cited))
	for i, c := range cited {
		list[i] = Citation(c)
	}
	return list
}

func ticketSummary(ticket *assistant.Ticket) *TicketSummary {
	if ticket == nil {
		return nil
	}
	return &TicketSummary{Number: ticket.Reference(), RespondBy: ticket.RespondBy, Status: string(ticket.Status)}
}
