package llm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sashabaranov/go-openai"
)

// classify turns what go-openai returned into an *Error, from the notes of the transport first: go-openai's own texts
// quote the response.
func classify(ctx context.Context, err error, n *note) *Error {
	if ended := contextError(ctx); ended != nil {
		return ended
	}
	switch {
	case errors.Is(err, errRedirect):
		return &Error{Kind: ErrConfig, Reason: "server redirects", Status: n.status}
	case n.status >= http.StatusBadRequest:
		return classifyStatus(err, n)
	case errors.Is(n.bodyErr, errBodyTooLarge):
		return malformed(errBodyTooLarge.Error())
	case n.bodyErr != nil:
		return &Error{Kind: ErrUnavailable, Reason: networkReason(n.bodyErr), retryable: true}
	case n.status != 0:
		return malformed("body is not the protocol's JSON")
	case isNetwork(err):
		return &Error{Kind: ErrUnavailable, Reason: networkReason(err), retryable: true}
	default: // go-openai refused to send it
		return &Error{Kind: ErrConfig, Reason: "model does not take this request"}
	}
}

// classifyStatus maps an HTTP error status, refined by the protocol's error code.
func classifyStatus(err error, n *note) *Error {
	out := &Error{RetryAfter: n.retryAfter, Status: n.status}
	code := errorCode(err)
	switch {
	case code == "content_filter":
		out.Kind, out.Reason = ErrRefused, "content filter"
	case code == "insufficient_quota", n.status == http.StatusPaymentRequired:
		out.Kind, out.Reason = ErrConfig, "quota used up"
	case n.status == http.StatusTooManyRequests:
		out.Kind, out.retryable = ErrRateLimited, true
	case n.status >= http.StatusInternalServerError,
		n.status == http.StatusRequestTimeout, n.status == http.StatusConflict, n.status == http.StatusTooEarly:
		out.Kind, out.Reason, out.retryable = ErrUnavailable, "server error", true
	case n.status == http.StatusUnauthorized:
		out.Kind, out.Reason = ErrConfig, "key not accepted"
	case n.status == http.StatusForbidden:
		out.Kind, out.Reason = ErrConfig, "not allowed with this key"
	case n.status == http.StatusNotFound, n.status == http.StatusMethodNotAllowed, n.status == http.StatusGone:
		out.Kind, out.Reason = ErrConfig, "model or address not found"
	case code == "context_length_exceeded", n.status == http.StatusRequestEntityTooLarge:
		out.Kind, out.Reason = ErrRejected, "prompt too long"
	default:
		out.Kind = ErrRejected
	}
	return out
}

// named wraps nothing new: it fills in the model of an *Error that has none yet.
func named(err error, model string) error {
	var own *Error
	if !errors.As(err, &own) || own.Model != "" {
		return err
	}
	filled := *own
	filled.Model = model
	return &filled
}

// errorCode is the protocol's error code, or "".
func errorCode(err error) string {
	var api *openai.APIError
	if !errors.As(err, &api) || api.Code == nil {
		return ""
	}
	return fmt.Sprint(api.Code)
}

// objection is the lower-cased text of an error response, for looking up feature names in it; it goes nowhere else.
func objection(err error) string {
	var (
		api     *openai.APIError
		request *openai.RequestError
	)
	switch {
	case errors.As(err, &api):
		text := api.Message
		if api.Param != nil {
			text += " " + *api.Param
		}
		return strings.ToLower(text)
	case errors.As(err, &request):
		return strings.ToLower(string(request.Body))
	default:
		return ""
	}
}
