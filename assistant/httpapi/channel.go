package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/prompts"
)

// maxVerified is how many contacts of one text are judged.
const maxVerified = 10

type verifyInput struct {
	Body VerifyRequest
}

// VerifyRequest asks whether contacts are the desk's.
type VerifyRequest struct {
	Locale   string `doc:"Language of the texts in the answer, as a BCP 47 tag." json:"locale,omitempty" maxLength:"35"`
	Platform string `doc:"Of a @handle, when the value does not say: telegram, x, whatsapp …" json:"platform,omitempty" maxLength:"40"`
	Value    string `doc:"A link, e-mail address, telephone number or @handle, or a text that holds some." example:"https://quayside-support.example" json:"value" maxLength:"2000" minLength:"1"` //nolint:lll // a tag is one line
}

// VerifyResponse is what the registry knows.
type VerifyResponse struct {
	Contacts []VerifiedContact `doc:"In the order of the text, at most ten. None: no contact was found in it, treat it as not official." json:"contacts" nullable:"false"` //nolint:lll // a tag is one line
	Official []string          `doc:"All channels of the desk." json:"official" nullable:"false"`
}

// VerifiedContact is one contact and its standing.
type VerifiedContact struct {
	Contact   string         `doc:"In a form that cannot be clicked." json:"contact"`
	Imitates  *ImitatedEntry `doc:"The official channel that it looks like, if any: a sign of fraud." json:"imitates,omitempty"`
	Kind      string         `enum:"address,email,handle,link,phone" json:"kind"`
	Standing  string         `doc:"unknown means: treat it as not official." enum:"official,known_fake,unknown" json:"standing"`
	Statement string         `doc:"The same in words, for the customer." json:"statement"`
}

// ImitatedEntry names an official channel and how it is imitated.
type ImitatedEntry struct {
	Official string `json:"official"`
	Sign     string `enum:"subdomain,homoglyph,other_ending,other_service,added_words,typo" json:"sign"`
}

// ChannelView is an entry of the registry.
type ChannelView struct {
	ID       int64             `json:"id"`
	Kind     string            `enum:"app,domain,email,handle,phone" json:"kind"`
	Notes    map[string]string `doc:"What it is for, by language." json:"notes,omitempty"`
	Platform string            `doc:"Of a handle." json:"platform,omitempty"`
	Source   string            `doc:"The list that it was imported from." json:"source,omitempty"`
	Standing string            `enum:"official,known_fake" json:"standing"`
	Value    string            `json:"value"`
}

type channelsInput struct {
	After    int64  `doc:"The id of the last entry of the page before." minimum:"0" query:"after"`
	Limit    int    `default:"100" maximum:"500" minimum:"1" query:"limit"`
	Standing string `enum:"official,known_fake" query:"standing"`
}

// ChannelList is a page of the registry.
type ChannelList struct {
	Channels []ChannelView `json:"channels" nullable:"false"`
	Next     int64         `doc:"Send it as after for the next page; absent on the last one." json:"next,omitempty"`
}

type addChannelInput struct {
	Body AddChannelRequest
}

// AddChannelRequest is a new entry.
type AddChannelRequest struct {
	Kind     string            `doc:"Without it, the value tells." enum:"app,domain,email,handle,phone" json:"kind,omitempty"`
	Notes    map[string]string `doc:"What it is for, by language." json:"notes,omitempty"`
	Platform string            `doc:"Of a handle." json:"platform,omitempty" maxLength:"40"`
	Standing string            `enum:"official,known_fake" json:"standing"`
	Value    string            `json:"value" maxLength:"300" minLength:"1"`
}

type channelIDInput struct {
	ID int64 `doc:"The entry." minimum:"1" path:"id"`
}

type updateChannelInput struct {
	ID   int64 `doc:"The entry." minimum:"1" path:"id"`
	Body UpdateChannelRequest
}

// UpdateChannelRequest says what an entry is for. To change what it is, remove it and add another.
type UpdateChannelRequest struct {
	Notes map[string]string `json:"notes"`
}

func (s *server) describeChannels(api huma.API) {
	tags := []string{"Channels"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Answers from the registry that leads keep, and never from articles. Nothing is resolved or opened.",
		Method:      http.MethodPost, OperationID: "verify-channel", Path: "/v1/channels/verify",
		Summary: "Is this contact the desk's?", Tags: []string{"Customers"},
	}, access.VerifyChannel), s.verifyChannel)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "For the desk's own site to publish. Each signature is Ed25519 over the canonical JSON (RFC 8785) of registry.",
		Method:      http.MethodGet, OperationID: "publish-registry", Path: "/v1/channels/registry",
		Summary: "The signed registry", Tags: tags,
	}, access.VerifyChannel), s.publishRegistry)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-channels", Path: "/v1/channels", Summary: "List the registry", Tags: tags,
	}, access.ManageChannels), s.channels)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "In force on every replica with the next question.", DefaultStatus: http.StatusCreated,
		Method: http.MethodPost, OperationID: "add-channel", Path: "/v1/channels", Summary: "Add a channel or a known fake", Tags: tags,
	}, access.ManageChannels), s.addChannel)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodPut, OperationID: "update-channel", Path: "/v1/channels/{id}", Summary: "Say what a channel is for", Tags: tags,
	}, access.ManageChannels), s.updateChannel)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "It is unknown then: treated as not official.", DefaultStatus: http.StatusNoContent,
		Method: http.MethodDelete, OperationID: "remove-channel", Path: "/v1/channels/{id}", Summary: "Remove a channel", Tags: tags,
	}, access.ManageChannels), s.removeChannel)
}

func (s *server) verifyChannel(ctx context.Context, in *verifyInput) (*output[VerifyResponse], error) {
	registry, err := s.Store.Registry(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	body := VerifyResponse{Contacts: []VerifiedContact{}, Official: []string{}}
	for _, channel := range registry.Official() {
		body.Official = append(body.Official, channel.Display())
	}
	for i, contact := range guard.Contacts(in.Body.Value) {
		if i == maxVerified {
			break
		}
		if contact.Kind == guard.KindHandle && contact.Platform == "" {
			contact.Platform = in.Body.Platform
		}
		body.Contacts = append(body.Contacts, s.verified(registry, contact, in.Body.Locale))
	}
	return &output[VerifyResponse]{Body: body}, nil
}

func (s *server) verified(registry guard.Registry, contact guard.Contact, locale string) VerifiedContact {
	standing := registry.Standing(contact)
	texts := map[guard.Standing]prompts.Key{
		guard.KnownFake: prompts.ChannelFake, guard.Official: prompts.ChannelOfficial, guard.Unknown: prompts.ChannelUnknown,
	}
	v := VerifiedContact{
		Contact: contact.Display(), Kind: string(contact.Kind), Standing: string(standing),
		Statement: s.Assistant.Prompts.Text(texts[standing], locale, prompts.Args{"contact": contact.Display()}),
	}
	if likeness, found := registry.Imitated(contact); found {
		v.Imitates = &ImitatedEntry{Official: likeness.Official.Display(), Sign: string(likeness.Sign)}
	}
	return v
}

func (s *server) publishRegistry(ctx context.Context, _ *struct{}) (*output[guard.Published], error) {
	published, err := s.Store.PublishRegistry(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[guard.Published]{Body: published}, nil
}

func (s *server) channels(ctx context.Context, in *channelsInput) (*output[ChannelList], error) {
	found, err := s.Store.StoredChannels(ctx, postgres.ChannelFilter{
		After: in.After, Limit: in.Limit + 1, Standing: guard.Standing(in.Standing),
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := ChannelList{Channels: []ChannelView{}}
	for i, channel := range found {
		if i == in.Limit {
			list.Next = found[i-1].ID
			break
		}
		list.Channels = append(list.Channels, channelView(channel))
	}
	return &output[ChannelList]{Body: list}, nil
}

func (s *server) addChannel(ctx context.Context, in *addChannelInput) (*output[ChannelView], error) {
	channel, fault := guard.ParseChannel(in.Body.Kind, in.Body.Platform, in.Body.Value)
	if fault != "" {
		return nil, s.problemOf(ctx, &assistant.Error{Code: assistant.CodeInvalid, Field: "value", Message: fault})
	}
	if err := s.storableNotes(in.Body.Notes); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	channel.Notes, channel.Standing = in.Body.Notes, guard.Standing(in.Body.Standing)
	stored, err := s.Store.AddChannel(ctx, channel, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[ChannelView]{Body: channelView(stored)}, nil
}

func (s *server) updateChannel(ctx context.Context, in *updateChannelInput) (*output[ChannelView], error) {
	if err := s.storableNotes(in.Body.Notes); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	stored, err := s.Store.UpdateChannel(ctx, in.ID, in.Body.Notes, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[ChannelView]{Body: channelView(stored)}, nil
}

// maxNote is the longest note in one language, in bytes.
const maxNote = 1000

func (s *server) storableNotes(notes map[string]string) error {
	for language, text := range notes {
		if len(language) > 35 || len(text) > maxNote {
			return &assistant.Error{Code: assistant.CodeInvalid, Field: "notes", Message: "a note has a tag and at most 1000 bytes"}
		}
		if err := storable("notes", language+text); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) removeChannel(ctx context.Context, in *channelIDInput) (*struct{}, error) {
	if err := s.Store.RemoveChannel(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func channelView(c postgres.StoredChannel) ChannelView {
	return ChannelView{
		ID: c.ID, Kind: c.Kind, Notes: c.Notes, Platform: c.Platform, Source: c.Source, Standing: string(c.Standing), Value: c.Value,
	}
}
