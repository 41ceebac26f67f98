package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

type policyOutput struct {
	ETag string `doc:"The version in quotes: send it as If-Match with a change." header:"ETag"`
	Body PolicyInForce
}

// PolicyInForce is what the assistant may do by itself.
type PolicyInForce struct {
	Policy  PolicyDocument `json:"policy"`
	Version int64          `doc:"0 when none was set. Send it with a change: a change of another version is refused." json:"version"`
}

type setPolicyInput struct {
	IfMatch string `doc:"The ETag of the policy that this one was made from, instead of version." header:"If-Match"`
	Body    PolicyRequest
}

// PolicyRequest replaces the policy.
type PolicyRequest struct {
	Policy  PolicyDocument `json:"policy"`
	Version *int64         `doc:"The version that it was made from. Needed where If-Match is missing." json:"version,omitempty" minimum:"0"`
}

// PolicyDocument is a policy. A field that is missing has its default.
type PolicyDocument struct {
	AutoReply         *bool              `doc:"The kill switch: false hands every question to a person, on every replica from the next question on." json:"auto_reply,omitempty"`                                             //nolint:lll // a tag is one line
	FirstResponse     map[string]string  `doc:"By priority, P1 to P4: how soon a person answers, such as 15m or 8h. A plan of the desk goes before it." json:"first_response,omitempty"`                                      //nolint:lll // a tag is one line
	LargeAmounts      map[string]float64 `doc:"By ticker or currency: the sum from which on a case is more urgent." json:"large_amounts,omitempty"`                                                                           //nolint:lll // a tag is one line
	LeadOverrides     *[]string          `doc:"Objections of the guard that a lead may set aside, with a reason." json:"lead_overrides,omitempty" maxItems:"10"`                                                              //nolint:lll // a tag is one line
	MaxClarifications *int               `doc:"How often in a row the assistant may ask back before a person comes." json:"max_clarifications,omitempty" maximum:"10" minimum:"0"`                                            //nolint:lll // a tag is one line
	MinConfidence     *float64           `doc:"Least probability of being right at which an answer is sent." json:"min_confidence,omitempty" maximum:"1" minimum:"0"`                                                         //nolint:lll // a tag is one line
	Mode              assistant.Mode     `doc:"Where no rule says otherwise. auto: answers where it is sure. suggest: a person, with a draft. never: a person, without one." enum:"auto,suggest,never" json:"mode,omitempty"` //nolint:lll // a tag is one line
	Rules             []PolicyRule       `doc:"The first that fits a case decides." json:"rules,omitempty" maxItems:"500"`
	Shadow            bool               `doc:"Drafts and decides, but sends no automatic answer; runs keep what would have been sent." json:"shadow,omitempty"`                                //nolint:lll // a tag is one line
	SilentIntents     []string           `doc:"The kill switch for intents, above all rules." json:"silent_intents,omitempty" maxItems:"500"`                                                   //nolint:lll // a tag is one line
	SilentLanguages   []string           `doc:"The kill switch for languages, above all rules." json:"silent_languages,omitempty" maxItems:"50"`                                                //nolint:lll // a tag is one line
	TargetPrecision   float64            `doc:"Least share of right answers: sets the threshold by the confidence fit. 0 sets none." json:"target_precision,omitempty" maximum:"1" minimum:"0"` //nolint:lll // a tag is one line
}

// PolicyRule says what holds for some cases. A missing field of channel, intent and language fits everything.
type PolicyRule struct {
	Channel         string         `example:"email" json:"channel,omitempty"`
	Intent          string         `doc:"An intent, or a category such as withdrawal.*" example:"withdrawal.*" json:"intent,omitempty"`
	Language        string         `doc:"BCP 47 tag of the customer's language." example:"zh-Hans" json:"language,omitempty"`
	MinConfidence   float64        `json:"min_confidence,omitempty" maximum:"1" minimum:"0"`
	Mode            assistant.Mode `enum:"auto,suggest,never" json:"mode,omitempty"`
	TargetPrecision float64        `json:"target_precision,omitempty" maximum:"1" minimum:"0"`
}

func (s *server) describePolicy(api huma.API) {
	tags := []string{"Policy"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "What the assistant may answer by itself, and how sure it must be.",
		Method:      http.MethodGet, OperationID: "get-policy", Path: "/v1/policy", Summary: "Read the policy", Tags: tags,
	}, access.SetPolicy), s.policy)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Puts another policy in force, on every replica with the next question; answers that were on their way when " +
			"automatic answers were switched off are not sent either.",
		Method: http.MethodPut, OperationID: "set-policy", Path: "/v1/policy", Summary: "Set the policy", Tags: tags,
	}, access.SetPolicy), s.setPolicy)
}

func (s *server) policy(ctx context.Context, _ *struct{}) (*policyOutput, error) {
	settings, err := s.Store.Settings(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return policyView(settings.Policy, settings.Policy.Version), nil
}

func (s *server) setPolicy(ctx context.Context, in *setPolicyInput) (*policyOutput, error) {
	base, err := in.base()
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	policy, err := in.Body.Policy.document().Policy()
	if err == nil {
		err = policy.CheckNames(s.Assistant.Triager.IntentIDs())
	}
	if invalid, ok := errors.AsType[*assistant.Error](err); ok {
		err = &assistant.Error{Code: invalid.Code, Field: "policy." + invalid.Field, Message: invalid.Message}
	}
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	version, err := s.Store.SetPolicy(ctx, policy, base, actor(ctx).String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return policyView(policy, version), nil
}

// base is the version that a change was made from. A change without one is refused: it would undo what somebody else did.
func (in *setPolicyInput) base() (int64, error) {
	missing := &assistant.Error{
		Code: assistant.CodeInvalid, Field: "version", Message: "version is missing: send the one that you read, or its ETag as If-Match",
	}
	switch {
	case in.IfMatch != "":
		text, err := strconv.Unquote(in.IfMatch)
		if err != nil {
			return 0, missing
		}
		base, err := strconv.ParseInt(text, 10, 64)
		if err != nil || base < 0 {
			return 0, missing
		}
		return base, nil
	case in.Body.Version != nil:
		return *in.Body.Version, nil
	}
	return 0, missing
}

func (d PolicyDocument) document() assistant.PolicyDocument {
	document := assistant.PolicyDocument{
		AutoReply: d.AutoReply, FirstResponse: d.FirstResponse, LargeAmounts: d.LargeAmounts, LeadOverrides: d.LeadOverrides,
		MaxClarifications: d.MaxClarifications, MinConfidence: d.MinConfidence, Mode: d.Mode, Shadow: d.Shadow,
		SilentIntents: d.SilentIntents, SilentLanguages: d.SilentLanguages, TargetPrecision: d.TargetPrecision,
	}
	for _, rule := range d.Rules {
		document.Rules = append(document.Rules, assistant.RuleDocument(rule))
	}
	return document
}

func policyView(policy assistant.Policy, version int64) *policyOutput {
	d := policy.Document()
	view := PolicyDocument{
		AutoReply: d.AutoReply, FirstResponse: d.FirstResponse, LargeAmounts: d.LargeAmounts, LeadOverrides: d.LeadOverrides,
		MaxClarifications: d.MaxClarifications, MinConfidence: d.MinConfidence, Mode: d.Mode, Shadow: d.Shadow,
		SilentIntents: d.SilentIntents, SilentLanguages: d.SilentLanguages, TargetPrecision: d.TargetPrecision,
	}
	for _, rule := range d.Rules {
		view.Rules = append(view.Rules, PolicyRule(rule))
	}
	return &policyOutput{
		Body: PolicyInForce{Policy: view, Version: version}, ETag: strconv.Quote(strconv.FormatInt(version, 10)),
	}
}
