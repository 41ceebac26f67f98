package httpapi

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// The cookies. With a public address in https their names begin with __Host-, which no other site below the same domain can
// set.
const (
	deviceCookie  = "deskhand_device"
	sessionCookie = "deskhand_session"
)

type logInInput struct {
	Body LogInRequest
}

// LogInRequest is a person's name and password.
type LogInRequest struct {
	Email    string `doc:"In any case." example:"mia@quayside.example" json:"email" maxLength:"254" minLength:"3"`
	Password string `json:"password" maxLength:"200" minLength:"1"`
}

// SessionResponse is the caller's own session.
type SessionResponse struct {
	Agent     AgentView `json:"agent"`
	CSRFToken string    `doc:"Send it in X-CSRF-Token with every request that changes something." json:"csrf_token"`
	ExpiresAt time.Time `doc:"It ends then, and after an hour without a request." json:"expires_at"`
	ID        uuid.UUID `format:"uuid" json:"id"`
	Stage     string    `doc:"active: the log-in is complete. second_factor: send a code. change_password: set a password of your own. enrol_second_factor: the role needs a second factor." enum:"active,second_factor,change_password,enrol_second_factor" json:"stage"` //nolint:lll // a tag is one line
}

type codeInput struct {
	Body CodeRequest
}

// CodeRequest is a code of the second factor.
type CodeRequest struct {
	Code string `doc:"Six digits of the authenticator; to log in also a recovery code, each of which works once." example:"123456" json:"code" maxLength:"40" minLength:"6"` //nolint:lll // a tag is one line
}

// SessionList are the caller's sessions.
type SessionList struct {
	Sessions []SessionSummary `doc:"The latest used first." json:"sessions" nullable:"false"`
}

// SessionSummary is a session as its owner sees it.
type SessionSummary struct {
	CreatedAt time.Time `json:"created_at"`
	Current   bool      `doc:"This request came with it." json:"current"`
	ExpiresAt time.Time `json:"expires_at"`
	ID        uuid.UUID `format:"uuid" json:"id"`
	Method    string    `enum:"password,provider" json:"method"`
	Network   string    `doc:"Where it began: an IPv4 address, or the /64 of an IPv6 address." json:"network"`
	SeenAt    time.Time `doc:"Last request, to the minute." json:"seen_at"`
	UserAgent string    `json:"user_agent"`
}

type sessionIDInput struct {
	ID uuid.UUID `format:"uuid" path:"id"`
}

func (s *server) describeSessions(api huma.API) {
	tags := []string{"Log-in"}
	logIn := s.operation(api, huma.Operation{
		Description: "Begins a session: a cookie that scripts cannot read. A wrong password and an unknown name get the same answer. " +
			"After some failures each further try has to wait: Retry-After says how long.",
		Method: http.MethodPost, OperationID: "log-in", Path: "/v1/session", Summary: "Log in", Tags: tags,
	}, access.Anyone)
	logIn.Middlewares = append(logIn.Middlewares, s.ownPages)
	huma.Register(api, logIn, s.logIn)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Who has logged in, and what is missing.",
		Method:      http.MethodGet, OperationID: "get-session", Path: "/v1/session", Summary: "Look at the session", Tags: tags,
	}, access.OwnSession), s.session)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "log-out", Path: "/v1/session", Summary: "Log out", Tags: tags,
	}, access.OwnSession), s.logOut)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The second step of a log-in. The session gets another cookie.",
		Method:      http.MethodPost, OperationID: "prove-second-factor", Path: "/v1/session/second-factor",
		Summary: "Send a code", Tags: tags,
	}, access.ProveFactor), s.proveFactor)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-sessions", Path: "/v1/sessions", Summary: "List one's sessions", Tags: tags,
	}, access.OwnSessions), s.sessions)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "end-session", Path: "/v1/sessions/{id}",
		Summary: "End one of one's sessions", Tags: tags,
	}, access.OwnSessions), s.endSession)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "end-other-sessions", Path: "/v1/sessions",
		Summary: "End all of one's other sessions", Tags: tags,
	}, access.OwnSessions), s.endOtherSessions)
}

// ownPages lets only our own pages, and clients that are no browser, begin a log-in: a foreign page could log its reader in as
// somebody else. It also notes what browser asks.
func (s *server) ownPages(ctx huma.Context, next func(huma.Context)) {
	c, r := humafiber.UnwrapV2(ctx), requestFrom(ctx.Context())
	problem := s.foreign(c)
	if problem == nil && !s.confidential(c.Hostname()) {
		problem = newProblem(kindInsecure, kindNamed(kindInsecure).detail)
	}
	if problem != nil {
		_ = write(c, r, problem) // encoding a problem cannot fail
		return
	}
	r.device = c.Cookies(s.cookieName(deviceCookie))
	next(ctx)
}

// confidential reports whether nobody on the way can read a password: through https, or on the machine itself.
func (s *server) confidential(host string) bool {
	if s.PublicURL != "" {
		return strings.HasPrefix(s.PublicURL, "https://") || isLoopback(strings.TrimPrefix(s.PublicURL, "http://"))
	}
	return isLoopback(host)
}

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (s *server) logIn(ctx context.Context, in *logInInput) (*output[SessionResponse], error) {
	r := requestFrom(ctx)
	for field, text := range map[string]string{"email": in.Body.Email, "password": in.Body.Password} {
		if err := storable(field, text); err != nil {
			return nil, s.problemOf(ctx, err)
		}
	}
	login, err := s.Store.LogIn(ctx, postgres.LogIn{Device: r.device, Email: in.Body.Email, Password: in.Body.Password, Place: r.place})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.enter(ctx, login)
}

// enter answers a step of a log-in with the session's new cookie, and the last step also with one that makes the browser known.
func (s *server) enter(ctx context.Context, login postgres.LoggedIn) (*output[SessionResponse], error) {
	r := requestFrom(ctx)
	r.cookies = append(r.cookies, s.cookie(sessionCookie, login.Secret, 0))
	if login.Stage == access.Active {
		device, err := s.Store.KnowDevice(ctx, login.Agent.ID)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		r.cookies = append(r.cookies, s.cookie(deviceCookie, device, postgres.DeviceLife))
	}
	return &output[SessionResponse]{Body: sessionView(login, access.CSRFToken(login.Secret))}, nil
}

func (s *server) session(ctx context.Context, _ *struct{}) (*struct{ Body SessionResponse }, error) {
	r := requestFrom(ctx)
	return &struct{ Body SessionResponse }{Body: sessionView(r.login, r.csrf)}, nil
}

func (s *server) logOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	r := requestFrom(ctx)
	if err := s.Store.EndSession(ctx, r.login.Agent.ID, r.login.Session.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	r.cookies = append(r.cookies, s.cookie(sessionCookie, "", -time.Second))
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) proveFactor(ctx context.Context, in *codeInput) (*output[SessionResponse], error) {
	login, err := s.Store.ProveFactor(ctx, requestFrom(ctx).login, in.Body.Code)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.enter(ctx, login)
}

func (s *server) sessions(ctx context.Context, _ *struct{}) (*output[SessionList], error) {
	login := requestFrom(ctx).login
	sessions, err := s.Store.Sessions(ctx, login.Agent.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := SessionList{Sessions: make([]SessionSummary, len(sessions))}
	for i, one := range sessions {
		list.Sessions[i] = NewSessionSummary(one)
		list.Sessions[i].Current = one.ID == login.Session.ID
	}
	return &output[SessionList]{Body: list}, nil
}

// NewSessionSummary is a session as its JSON shows it, not known to be the reader's own.
func NewSessionSummary(session postgres.Session) SessionSummary {
	return SessionSummary{
		CreatedAt: session.CreatedAt, ExpiresAt: session.ExpiresAt, ID: session.ID, Method: string(session.Method),
		Network: session.Network, SeenAt: session.SeenAt, UserAgent: session.UserAgent,
	}
}

func (s *server) endSession(ctx context.Context, in *sessionIDInput) (*struct{}, error) {
	if err := s.Store.EndSession(ctx, requestFrom(ctx).login.Agent.ID, in.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	login := requestFrom(ctx).login
	if err := s.Store.EndOtherSessions(ctx, login.Agent.ID, login.Session.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

// cookieName is the name of a cookie on this service.
func (s *server) cookieName(name string) string {
	if strings.HasPrefix(s.PublicURL, "https://") {
		return "__Host-" + name
	}
	return name
}

// cookie makes a cookie that scripts cannot read and that goes nowhere but here. Without a life it ends with the browser, with
// a negative one at once. Browsers take Secure ones over plain HTTP from the machine itself.
func (s *server) cookie(name, value string, life time.Duration) http.Cookie {
	return http.Cookie{
		HttpOnly: true, MaxAge: int(life.Seconds()), Name: s.cookieName(name), Path: "/",
		SameSite: http.SameSiteLaxMode, Secure: true, Value: value,
	}
}

func sessionView(login postgres.LoggedIn, csrf string) SessionResponse {
	return SessionResponse{
		Agent: agentView(login.Agent), CSRFToken: csrf, ExpiresAt: login.Session.ExpiresAt, ID: login.Session.ID,
		Stage: string(login.Stage),
	}
}
