package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
)

type passwordInput struct {
	Body PasswordRequest
}

// PasswordRequest is a new password of one's own.
type PasswordRequest struct {
	CurrentPassword string `json:"current_password" maxLength:"200" minLength:"1"`
	Password        string `doc:"At least 12 characters, any. Several words in a row make a good one." json:"password" maxLength:"200" minLength:"1"` //nolint:lll // a tag is one line
}

type reauthenticateInput struct {
	Body ReauthenticateRequest
}

// ReauthenticateRequest is the password once more, before something that a thief of the session would like to do.
type ReauthenticateRequest struct {
	CurrentPassword string `doc:"Empty for who logs in through the identity provider." json:"current_password,omitempty" maxLength:"200"`
}

// FactorResponse is a second factor that waits for its first code. It is shown once.
type FactorResponse struct {
	QR     string `doc:"The URI as a QR code to scan, an SVG drawing." json:"qr"`
	Secret string `doc:"To type into an authenticator app." json:"secret"`
	URI    string `doc:"To open on a device with an authenticator app." example:"otpauth://totp/deskhand:mia@quayside.example?…" json:"uri"`
}

// ConfirmFactorResponse says that the second factor is in use.
type ConfirmFactorResponse struct {
	RecoveryCodes []string        `doc:"Each replaces the second factor once. They are shown once." json:"recovery_codes" nullable:"false"`
	Session       SessionResponse `json:"session"`
}

// RecoveryCodesResponse are new recovery codes; the old ones are void.
type RecoveryCodesResponse struct {
	RecoveryCodes []string `json:"recovery_codes" nullable:"false"`
}

func (s *server) describeAccount(api huma.API) {
	tags := []string{"Log-in"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Ends all other sessions and gives this one another cookie.",
		Method:      http.MethodPut, OperationID: "change-password", Path: "/v1/account/password",
		Summary: "Change one's password", Tags: tags,
	}, access.ChangePassword), s.changePassword)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Makes a new second factor. The old one stays in use until the first code from the new one.",
		Method:      http.MethodPost, OperationID: "enrol-second-factor", Path: "/v1/account/second-factor",
		Summary: "Enrol a second factor", Tags: tags,
	}, access.EnrolFactor), s.enrolFactor)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Puts it into use. Ends all other sessions and gives this one another cookie.",
		Method:      http.MethodPost, OperationID: "confirm-second-factor", Path: "/v1/account/second-factor/confirm",
		Summary: "Confirm the second factor with a code", Tags: tags,
	}, access.EnrolFactor), s.confirmFactor)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodPost, OperationID: "renew-recovery-codes", Path: "/v1/account/recovery-codes",
		Summary: "Get new recovery codes", Tags: tags,
	}, access.OwnSessions), s.renewRecoveryCodes)
}

func (s *server) changePassword(ctx context.Context, in *passwordInput) (*output[SessionResponse], error) {
	login, err := s.Store.ChangePassword(ctx, requestFrom(ctx).login, in.Body.CurrentPassword, in.Body.Password)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.enter(ctx, login)
}

func (s *server) enrolFactor(ctx context.Context, in *reauthenticateInput) (*output[FactorResponse], error) {
	factor, err := s.Store.Enrol(ctx, requestFrom(ctx).login, in.Body.CurrentPassword)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[FactorResponse]{Body: FactorResponse(factor)}, nil
}

func (s *server) confirmFactor(ctx context.Context, in *codeInput) (*output[ConfirmFactorResponse], error) {
	login, codes, err := s.Store.ConfirmFactor(ctx, requestFrom(ctx).login, in.Body.Code)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	entered, err := s.enter(ctx, login)
	if err != nil {
		return nil, err
	}
	return &output[ConfirmFactorResponse]{Body: ConfirmFactorResponse{RecoveryCodes: codes, Session: entered.Body}}, nil
}

func (s *server) renewRecoveryCodes(ctx context.Context, in *reauthenticateInput) (*output[RecoveryCodesResponse], error) {
	codes, err := s.Store.RenewRecoveryCodes(ctx, requestFrom(ctx).login, in.Body.CurrentPassword)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[RecoveryCodesResponse]{Body: RecoveryCodesResponse{RecoveryCodes: codes}}, nil
}
