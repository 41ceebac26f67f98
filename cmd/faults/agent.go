package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	// agentPause is between two cases of an agent.
	agentPause = 150 * time.Millisecond
	// replyTries is how often an agent presses the button.
	replyTries = 12
)

// sent is a reply that an agent wrote, with words that no other has.
type sent struct {
	body      string
	confirmed bool // the service said that it was sent
}

// agents answer tickets while everything breaks. What they press is pressed again when nothing came back, with the version of
// the ticket that they saw: that is what keeps a reply from being sent twice.
type agents struct {
	addresses []string
	client    *http.Client
	key       string
	seed      uint64

	mu   sync.Mutex
	sent []sent
}

// work answers one ticket after the other until ctx ends.
func (a *agents) work(ctx context.Context, number int) {
	random := rand.New(rand.NewPCG(a.seed, 1<<32+uint64(number))) //nolint:gosec // as for customers
	for ctx.Err() == nil {
		_ = a.answerOne(ctx, random) // a fault: there is a next ticket
		if pause(ctx, agentPause) != nil {
			return
		}
	}
}

func (a *agents) answerOne(ctx context.Context, random *rand.Rand) error {
	var list struct {
		Tickets []agentTicket `json:"tickets"`
	}
	if err := a.call(ctx, random, apiCall{method: http.MethodGet, path: "/v1/tickets?status=open", out: &list}); err != nil {
		return err
	}
	if len(list.Tickets) == 0 {
		return nil
	}
	ticket := list.Tickets[random.IntN(len(list.Tickets))]
	path := "/v1/tickets/" + ticket.ID
	var claimed agentTicket
	claim := apiCall{method: http.MethodPost, path: path + "/claim", body: map[string]any{"version": ticket.Version}, out: &claimed}
	if err := a.call(ctx, random, claim); err != nil {
		return err
	}
	body := "Thank you for your patience. We have looked at your case and it is being worked on. " + letters(random)
	written := map[string]any{"action": "write", "body": body, "version": claimed.Version}
	reply := apiCall{method: http.MethodPost, path: path + "/reply", body: written}
	var err error
	for range replyTries {
		err = a.call(ctx, random, reply)
		if err == nil || errors.As(err, new(statusError)) {
			break
		}
		if pause(ctx, retryPause) != nil {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = append(a.sent, sent{body: body, confirmed: err == nil})
	return err
}

type agentTicket struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// apiCall is a request of an agent.
type apiCall struct {
	body         any
	method, path string
	out          any
}

// statusError is an answer that another try does not change.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

func (a *agents) call(ctx context.Context, random *rand.Rand, c apiCall) error {
	return request{apiCall: c, address: a.addresses[random.IntN(len(a.addresses))], key: a.key}.send(ctx, a.client)
}

// request is a call of one replica.
type request struct {
	apiCall

	address string
	key     string
}

func (r request) send(ctx context.Context, client *http.Client) error {
	encoded, err := json.Marshal(r.body)
	if err != nil {
		return fmt.Errorf("encode call: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, "http://"+r.address+r.path, bytes.NewReader(encoded))
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("call: %w", err)
	case response.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("call: status %d", response.StatusCode)
	case response.StatusCode >= http.StatusBadRequest:
		return statusError(response.StatusCode)
	case r.out != nil:
		return json.Unmarshal(content, r.out)
	}
	return nil
}

// letters are a word that is no number, no code and no secret.
func letters(random *rand.Rand) string {
	const vowels, consonants, syllables = "aeiou", "bdfgklmnprstv", 6
	var word []byte
	for range syllables {
		word = append(word, consonants[random.IntN(len(consonants))], vowels[random.IntN(len(vowels))])
	}
	return string(word)
}
