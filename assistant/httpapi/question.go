package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/prompts"
)

// Questions are what to ask the customer of a case for, in reviewed words of the customer's language.
type Questions struct {
	Body      string          `doc:"A ready message: intro, what the customer has not said yet, outro. Empty without any." json:"body"`
	Intro     string          `json:"intro"`
	Language  string          `json:"language"`
	Outro     string          `doc:"That no secret is wanted." json:"outro"`
	Questions []QuestionToAsk `doc:"In the taxonomy's order." json:"questions" nullable:"false"`
}

// QuestionToAsk is one thing to ask for.
type QuestionToAsk struct {
	Items  []string `doc:"What the intent's collect list calls it, for the agent." json:"items" nullable:"false"`
	Stated bool     `doc:"The customer seems to have said it already." json:"stated"`
	Text   string   `doc:"With its purpose; missing for what no reviewed text asks for." json:"text,omitempty"`
}

func (s *server) describeQuestions(api huma.API) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "What the taxonomy says is needed for the ticket's intent, as a message for the customer. Nothing is sent.",
		Method:      http.MethodGet, OperationID: "list-ticket-questions", Path: "/v1/tickets/{id}/questions",
		Summary: "Questions to ask back", Tags: []string{"Agents"},
	}, access.WorkTickets), s.questions)
}

func (s *server) questions(ctx context.Context, in *ticketInput) (*output[Questions], error) {
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	var said strings.Builder
	for _, message := range detail.Conversation.Messages {
		if message.Author == assistant.AuthorCustomer {
			said.WriteString(message.Body + "\n")
		}
	}
	text := func(key prompts.Key) string { return s.Assistant.Prompts.Text(key, detail.Ticket.Language, nil) }
	list := Questions{
		Intro: text(prompts.CollectIntro), Language: detail.Ticket.Language, Outro: text(prompts.CollectNever),
		Questions: []QuestionToAsk{},
	}
	var lines []string
	for _, question := range s.Assistant.AsksBack(detail.Ticket.Intent, said.String()) {
		asked := QuestionToAsk{Items: question.Items, Stated: question.Stated}
		if question.Text != "" {
			asked.Text = text(question.Text)
		}
		if asked.Text != "" && !asked.Stated {
			lines = append(lines, "- "+asked.Text)
		}
		list.Questions = append(list.Questions, asked)
	}
	if len(lines) > 0 {
		list.Body = list.Intro + "\n" + strings.Join(lines, "\n") + "\n\n" + list.Outro
	}
	return &output[Questions]{Body: list}, nil
}
