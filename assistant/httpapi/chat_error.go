package httpapi

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ChatError is a problem in the shape that clients of the chat protocol read.
type ChatError struct {
	Error ChatErrorBody `json:"error"`
}

// ChatErrorBody says what went wrong.
type ChatErrorBody struct {
	Code    string  `doc:"The kind of problem, to act on." json:"code"`
	Message string  `json:"message"`
	Param   *string `doc:"The field at fault." json:"param"`
	Type    string  `json:"type"`
}

// inChatProtocol reports whether a path belongs to the chat protocol's front.
func inChatProtocol(path string) bool {
	return path == chatPath || path == modelsPath || strings.HasPrefix(path, modelsPath+"/")
}

func newChatError(p *Problem) ChatError {
	body := ChatErrorBody{Code: p.kind, Message: p.Detail, Type: "invalid_request_error"}
	switch {
	case p.Status == http.StatusUnauthorized:
		body.Type = "authentication_error"
	case p.Status == http.StatusForbidden:
		body.Type = "permission_error"
	case p.Status == http.StatusTooManyRequests:
		body.Type = "rate_limit_error"
	case p.Status >= http.StatusInternalServerError:
		body.Type = "server_error"
	}
	if len(p.Errors) > 0 {
		body.Param = &p.Errors[0].Field
	}
	if p.RequestID != "" {
		body.Message += " (request " + p.RequestID + ")"
	}
	return ChatError{Error: body}
}

// chatPreflight lets a page send the headers that clients of the protocol add to tell about themselves. A star does not cover
// Authorization.
func chatPreflight(c *fiber.Ctx) error {
	if err := preflight(c); err != nil {
		return err
	}
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Authorization, *")
	return nil
}
