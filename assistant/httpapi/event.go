package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// customerFeedLife ends a widget's stream: who resumes shows a token again, and tokens live no longer than this.
const customerFeedLife = 10 * time.Minute

type eventsInput struct {
	LastEventID string   `doc:"The id of the last event that was seen: the stream begins behind it." header:"Last-Event-ID" pattern:"^[0-9]{1,18}(\\.[0-9]{1,3})?$" patternDescription:"the id of an event"` //nolint:lll // a tag is one line
	Types       []string `doc:"Only these types of events; without it, all that the caller's role may see." example:"[\"ticket.opened\"]" maxItems:"50" query:"types"`                                       //nolint:lll // a tag is one line
}

type conversationEventsInput struct {
	CustomerToken string    `doc:"Who reads, if the conversation belongs to a customer." header:"X-Customer-Token" maxLength:"4096"`
	ID            uuid.UUID `doc:"The conversation." format:"uuid" path:"id"`
	LastEventID   string    `doc:"The id of the last event that was seen: the stream begins behind it." header:"Last-Event-ID" pattern:"^[0-9]{1,18}(\\.[0-9]{1,3})?$" patternDescription:"the id of an event"` //nolint:lll // a tag is one line
}

// forLeads are the events that agents do not see.
func forLeads() []webhook.Type {
	return []webhook.Type{webhook.ChannelsChanged, webhook.IncidentProposed, webhook.PolicyChanged}
}

// mayWatch reports whether a role sees events of a type.
func mayWatch(role access.Role, kind webhook.Type) bool {
	return role.Leads() || role.Person() && !slices.Contains(forLeads(), kind)
}

// streamed describes an answer of server-sent events.
func streamed(description string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: description,
		Content:     map[string]*huma.MediaType{eventStreamType: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

func (s *server) describeEvents(api huma.API) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Every change at the desk as server-sent events: the same as webhooks get (docs/webhooks.md), with ids and " +
			"states and never what a customer wrote. Agents do not see changes of the policy and the registry, nor proposals of " +
			"incidents. Connect again with Last-Event-ID, to any replica, and nothing is lost or told twice, for a day; after " +
			"that there is one event \"reset\": read again what you show. A consumer that does not keep up gets \"dropped\" " +
			"and resumes the same way.",
		Method: http.MethodGet, OperationID: "watch-desk", Path: "/v1/events", Responses: streamed("The events, until the client leaves."),
		Summary: "Watch the desk", Tags: []string{"Agents"},
	}, access.WatchDesk), s.events)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "What happens in a conversation as server-sent events: \"message\" for each new message, also of a person " +
			"who answers later, and \"ticket\" when the state of the case changes. Who may read the conversation may watch it. " +
			"The stream of a widget ends after ten minutes: connect again with Last-Event-ID.",
		Method: http.MethodGet, OperationID: "watch-conversation", Path: "/v1/conversations/{id}/events",
		Responses: streamed("The events, until the client leaves."), Summary: "Watch a conversation", Tags: []string{"Customers"},
	}, access.ReadConversation), s.conversationEvents)
}

func (s *server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	types, err := webhook.ParseTypes(in.Types)
	if err != nil {
		return nil, s.problemOf(ctx, &assistant.Error{Code: assistant.CodeInvalid, Field: "types", Message: err.Error()})
	}
	role := requestFrom(ctx).caller.Role
	for _, kind := range types {
		if !mayWatch(role, kind) {
			return nil, newProblem(kindForbidden, "Events of this type are not for the role "+string(role)+": "+string(kind)+".")
		}
	}
	return s.openFeed(ctx, &feed{
		entitled: s.inForce(requestFrom(ctx)),
		render: func(_ context.Context, event live.Event) ([]named, *Problem) {
			return []named{{data: event.Body, name: event.Type}}, nil
		},
		want: func(event live.Event) bool {
			kind := webhook.Type(event.Type)
			return mayWatch(role, kind) && (len(types) == 0 || slices.Contains(types, kind))
		},
	}, in.LastEventID)
}

func (s *server) conversationEvents(ctx context.Context, in *conversationEventsInput) (*huma.StreamResponse, error) {
	conversation, err := s.readConversation(ctx, &ConversationRef{CustomerToken: in.CustomerToken, ID: in.ID})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	r := requestFrom(ctx)
	f := &feed{
		conversation: in.ID,
		entitled:     s.inForce(r),
		render:       s.renderConversation(r.caller.Role, in.ID, conversation.Customer.Ref),
		want: func(event live.Event) bool {
			return tellsCustomer(webhook.Type(event.Type)) && event.Subjects().ConversationID == in.ID
		},
	}
	if r.caller.Role == access.Widget {
		f.life = time.After(customerFeedLife)
	}
	return s.openFeed(ctx, f, in.LastEventID)
}

// tellsCustomer reports events after which a customer's view of a conversation may differ.
func tellsCustomer(kind webhook.Type) bool {
	return kind == webhook.QuestionConcluded || kind == webhook.MessageSent || strings.HasPrefix(string(kind), "ticket.")
}

// renderConversation returns how an event is shown to who reads a conversation: the new messages, then the ticket. The text is
// read at that moment, so a secret that was removed since is not in it.
func (s *server) renderConversation(role access.Role, id uuid.UUID, owner string) func(context.Context, live.Event) ([]named, *Problem) {
	return func(ctx context.Context, event live.Event) ([]named, *Problem) {
		conversation, err := s.Store.Conversation(ctx, id)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		// A customer has logged in since: an anonymous reader of before has to prove to be them.
		if role == access.Widget && conversation.Customer.Ref != owner {
			return nil, newProblem(kindNotFound, kindNamed(kindNotFound).detail)
		}
		if role != access.Widget {
			conversation = s.masker.Conversation(conversation)
		}
		var parts []named
		brought := broughtBy(event)
		for _, message := range conversation.Messages {
			if slices.Contains(brought, message.ID) {
				parts = append(parts, named{data: conversationMessage(message), name: "message"})
			}
		}
		if summary := ticketSummary(conversation.Ticket); summary != nil && strings.HasPrefix(event.Type, "ticket.") {
			parts = append(parts, named{data: summary, name: "ticket"})
		}
		return parts, nil
	}
}

// broughtBy are the messages that an event brought into its conversation.
func broughtBy(event live.Event) []uuid.UUID {
	subjects := event.Subjects()
	switch webhook.Type(event.Type) {
	case webhook.QuestionConcluded:
		return []uuid.UUID{subjects.MessageID, subjects.ReplyID}
	case webhook.MessageSent, webhook.TicketReplied:
		return []uuid.UUID{subjects.MessageID}
	default:
		return nil
	}
}

// inForce returns a check that the key or session of a request is still in force. It is no use of the session: a console that
// is only left open logs its agent out as before.
func (s *server) inForce(r *request) func(context.Context) *Problem {
	credential := postgres.Credential{APIKeyID: r.key.ID, Role: r.caller.Role}
	if r.caller.Session {
		credential = postgres.Credential{Role: r.caller.Role, SessionID: r.login.Session.ID}
	}
	return func(ctx context.Context) *Problem {
		ok, err := s.Store.InForce(ctx, credential)
		if err != nil {
			return s.problemOf(ctx, err)
		}
		if !ok {
			return newProblem(kindUnauthorized, kindNamed(kindUnauthorized).detail)
		}
		return nil
	}
}
