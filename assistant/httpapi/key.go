package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// KeyView is an API key without its secret.
type KeyView struct {
	AgentID        *uuid.UUID `doc:"Who acts with it." format:"uuid" json:"agent_id,omitempty"`
	AllowedOrigins []string   `doc:"Web origins that may use it from a browser; none means any." json:"allowed_origins" nullable:"false"`
	CreatedAt      time.Time  `json:"created_at"`
	ID             uuid.UUID  `format:"uuid" json:"id"`
	Name           string     `json:"name"`
	RevokedAt      *time.Time `json:"revoked_at,omitempty"`
	Role           string     `enum:"widget,agent,lead,admin" json:"role"`
}

// KeyList are all keys.
type KeyList struct {
	Keys []KeyView `json:"keys" nullable:"false"`
}

type createKeyInput struct {
	Body CreateKeyRequest
}

// CreateKeyRequest describes a key.
type CreateKeyRequest struct {
	AllowedOrigins []string `example:"[\"https://www.quayside.example\"]" json:"allowed_origins,omitempty" maxItems:"50"`
	Name           string   `doc:"Whose key it is; a key that works on tickets acts under this name." json:"name" maxLength:"200" minLength:"1"` //nolint:lll // a tag is one line
	Role           string   `enum:"widget,agent,lead,admin" json:"role"`
}

// CreateKeyResponse is a new key. Its secret is shown once.
type CreateKeyResponse struct {
	Key    KeyView `json:"key"`
	Secret string  `json:"secret"`
}

// KeyRef names an API key.
type KeyRef struct {
	ID uuid.UUID `doc:"The key." format:"uuid" path:"id"`
}

type setIdentityInput struct {
	KeyRef

	Body SetIdentityRequest
}

// SetIdentityRequest says how the host site signs its customers' tokens.
type SetIdentityRequest struct {
	Algorithm      string `enum:"HS256,EdDSA" json:"algorithm"`
	OverlapSeconds int    `doc:"How long what was set before stays good." json:"overlap_seconds,omitempty" maximum:"2592000" minimum:"0"`
	PublicKey      string `doc:"For EdDSA: an Ed25519 public key, PEM or its 32 bytes in base64." json:"public_key,omitempty" maxLength:"1000"` //nolint:lll // a tag is one line
}

// SetIdentityResponse is how tokens are signed from now on.
type SetIdentityResponse struct {
	Identity IdentityView `json:"identity"`
	Secret   string       `doc:"For HS256: the key, as text. Shown once." json:"secret,omitempty"`
}

// IdentityView is one way in which tokens may be signed.
type IdentityView struct {
	Algorithm string     `enum:"HS256,EdDSA" json:"algorithm"`
	Audience  uuid.UUID  `doc:"What aud of a token must say: the key's id." format:"uuid" json:"audience"`
	CreatedAt time.Time  `json:"created_at"`
	EndsAt    *time.Time `doc:"Of one that was replaced." json:"ends_at,omitempty"`
	ID        uuid.UUID  `doc:"A token may name it as kid." format:"uuid" json:"id"`
}

// IdentityList is how the tokens of a key may be signed now.
type IdentityList struct {
	Identities []IdentityView `doc:"The newest first." json:"identities" nullable:"false"`
}

func (s *server) describeKeys(api huma.API) {
	tags := []string{"Keys"}
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-keys", Path: "/v1/keys", Summary: "List API keys", Tags: tags,
	}, access.ManageKeys), s.keys)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "create-key", Path: "/v1/keys", Summary: "Create an API key", Tags: tags,
	}, access.ManageKeys), s.createKey)
	huma.Register(api, s.operation(api, huma.Operation{
		Description:   "It stops working with the next request.",
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "revoke-key", Path: "/v1/keys/{id}", Summary: "Revoke an API key", Tags: tags,
	}, access.ManageKeys), s.revokeKey)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-identities", Path: "/v1/keys/{id}/identity",
		Summary: "How customers' tokens are signed", Tags: tags,
	}, access.ManageKeys), s.identities)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Sets or replaces it, for a widget key. docs/identity.md says how a host site makes tokens.",
		Method:      http.MethodPut, OperationID: "set-identity", Path: "/v1/keys/{id}/identity",
		Summary: "Set how customers' tokens are signed", Tags: tags,
	}, access.ManageKeys), s.setIdentity)
	huma.Register(api, s.operation(api, huma.Operation{
		Description:   "From then on, tokens are refused and customers anonymous.",
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "remove-identity", Path: "/v1/keys/{id}/identity",
		Summary: "Accept no customers' tokens", Tags: tags,
	}, access.ManageKeys), s.removeIdentity)
}

func (s *server) keys(ctx context.Context, _ *struct{}) (*output[KeyList], error) {
	keys, err := s.Store.Keys(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := KeyList{Keys: make([]KeyView, len(keys))}
	for i, key := range keys {
		list.Keys[i] = keyView(key)
	}
	return &output[KeyList]{Body: list}, nil
}

func (s *server) createKey(ctx context.Context, in *createKeyInput) (*output[CreateKeyResponse], error) {
	if err := storable("name", in.Body.Name); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	key, secret, err := s.Store.CreateKeyBy(ctx, postgres.Key{
		AllowedOrigins: in.Body.AllowedOrigins, Name: in.Body.Name, Role: access.Role(in.Body.Role),
	}, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[CreateKeyResponse]{Body: CreateKeyResponse{Key: keyView(key), Secret: secret}}, nil
}

func (s *server) revokeKey(ctx context.Context, in *KeyRef) (*struct{}, error) {
	if err := s.Store.RevokeKey(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) identities(ctx context.Context, in *KeyRef) (*output[IdentityList], error) {
	identities, err := s.Store.Identities(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := IdentityList{Identities: make([]IdentityView, len(identities))}
	for i, identity := range identities {
		list.Identities[i] = identityView(identity)
	}
	return &output[IdentityList]{Body: list}, nil
}

func (s *server) setIdentity(ctx context.Context, in *setIdentityInput) (*output[SetIdentityResponse], error) {
	set := postgres.SetIdentity{
		Actor: actor(ctx).ID.String(), Algorithm: access.Algorithm(in.Body.Algorithm), APIKeyID: in.ID,
		Overlap: time.Duration(in.Body.OverlapSeconds) * time.Second,
	}
	if set.Algorithm == access.EdDSA {
		var err error
		if set.PublicKey, err = access.ParsePublicKey(in.Body.PublicKey); err != nil {
			return nil, s.problemOf(ctx, &assistant.Error{
				Code: assistant.CodeInvalid, Field: "public_key", Message: "public_key is " + err.Error(),
			})
		}
	}
	identity, secret, err := s.Store.SetIdentity(ctx, set)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[SetIdentityResponse]{Body: SetIdentityResponse{Identity: identityView(identity), Secret: secret}}, nil
}

func (s *server) removeIdentity(ctx context.Context, in *KeyRef) (*struct{}, error) {
	if err := s.Store.RemoveIdentity(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func keyView(k postgres.Key) KeyView {
	return KeyView{
		AgentID: k.AgentID, AllowedOrigins: append([]string{}, k.AllowedOrigins...), CreatedAt: k.CreatedAt, ID: k.ID, Name: k.Name,
		RevokedAt: k.RevokedAt, Role: string(k.Role),
	}
}

func identityView(i postgres.Identity) IdentityView {
	return IdentityView{Algorithm: string(i.Algorithm), Audience: i.APIKeyID, CreatedAt: i.CreatedAt, EndsAt: i.EndsAt, ID: i.ID}
}
