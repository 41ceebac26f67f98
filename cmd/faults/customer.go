package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long a customer tries again before they give up, longer than any fault lasts.
	patience = 90 * time.Second
	// retryPause is the first wait between two tries; the widget waits longer.
	retryPause = 100 * time.Millisecond
	maxRetry   = 2 * time.Second
	followUps  = 0.2 // of questions belong to the conversation of the one before
	streamed   = 0.4 // of questions are asked with a stream
)

// texts are what customers ask: what articles answer, what must reach a person, what nobody understands.
func texts() []string {
	return []string{
		"whats the taker fee for spot", "现货手续费多少啊", "كم رسوم التداول الفوري", "提币两个小时了还没到账,怎么办?",
		"Someone logged into my account and withdrew my BTC", "السحب معلق من ساعتين", "I want to talk to a human, please.",
		"blorp the frumious widget sideways", "how do i turn on two factor authentication", "我的账号被盗了",
		"lost my phone with google authenticator", "Wie hoch sind die Gebühren?",
	}
}

// question is what one customer asked, and all that they learnt of it.
type question struct {
	accepted       bool // the service said that it is kept
	body           string
	conversationID string // that it was sent with
	endedAt        time.Time
	ends           []ending
	key            string
	kept           place
	refused        int // the status of an answer that another try does not change
	startedAt      time.Time
	stream         bool
	tries          int
}

// place is where the service said that a question is kept.
type place struct {
	ConversationID string `json:"conversation_id"`
	MessageID      string `json:"message_id"`
}

// ending is an answer that the customer read.
type ending struct {
	place

	Outcome string `json:"outcome"`
	Reply   struct {
		Body      string `json:"body"`
		MessageID string `json:"message_id"`
	} `json:"reply"`
	Ticket *struct {
		Number string `json:"number"`
	} `json:"ticket"`
}

// crowd are the customers.
type crowd struct {
	addresses []string // of the replicas
	client    *http.Client
	key       string // of the widget
	run       string // makes idempotency keys of this run its own
	seed      uint64

	mu       sync.Mutex
	asked    int
	enough   bool           // nobody asks another question
	problems map[string]int // tries that failed, by status or kind
	settled  []*question
}

// ask has customers ask until there are so many questions, or ctx ends.
func (c *crowd) ask(ctx context.Context, customers, questions int) {
	var all sync.WaitGroup
	for i := range customers {
		random := rand.New(rand.NewPCG(c.seed, uint64(i))) //nolint:gosec // a load that can be repeated, not a secret
		all.Go(func() {
			conversation := ""
			for ctx.Err() == nil {
				q, more := c.next(random, questions)
				if !more {
					return
				}
				if random.Float64() < followUps {
					q.conversationID = conversation
				}
				c.settle(ctx, q, random)
				conversation = q.kept.ConversationID
			}
		})
	}
	all.Wait()
}

func (c *crowd) next(random *rand.Rand, questions int) (*question, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.enough || c.asked >= questions {
		return nil, false
	}
	c.asked++
	all := texts()
	return &question{
		body: all[random.IntN(len(all))], key: fmt.Sprintf("%s-%d", c.run, c.asked), startedAt: time.Now(),
		stream: random.Float64() < streamed,
	}, true
}

// end lets everybody finish what they ask, and ask nothing more.
func (c *crowd) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enough = true
}

// progress is how many questions have been begun.
func (c *crowd) progress() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// settle asks again and again, as the widget does, until there is an answer, the customer is refused, or gives up.
func (c *crowd) settle(ctx context.Context, q *question, random *rand.Rand) {
	wait := retryPause
	for ctx.Err() == nil && time.Since(q.startedAt) < patience {
		q.tries++
		err := c.try(ctx, q, c.addresses[random.IntN(len(c.addresses))])
		if err == nil || q.refused != 0 {
			break
		}
		if pause(ctx, wait+time.Duration(random.Int64N(int64(wait)))) != nil {
			break
		}
		wait = min(2*wait, maxRetry)
	}
	q.endedAt = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled = append(c.settled, q)
}

// try sends the question once.
func (c *crowd) try(ctx context.Context, q *question, address string) error {
	response, err := send(ctx, c.client, asked{address: address, key: c.key, question: q})
	if err != nil {
		c.count("no answer")
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		c.count(fmt.Sprintf("status %d", response.StatusCode))
		if passes := response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests; !passes {
			q.refused = response.StatusCode
		}
		return fmt.Errorf("ask: status %d", response.StatusCode)
	}
	if q.stream {
		err = q.follow(response.Body)
	} else {
		err = q.read(response.Body)
	}
	if err != nil {
		c.count("broken answer")
	}
	return err
}

// asked is a question on its way to a replica.
type asked struct {
	*question

	address string
	key     string // of the widget
}

// send asks once. The caller closes the answer's body.
func send(ctx context.Context, client *http.Client, q asked) (*http.Response, error) {
	message := map[string]any{"message": map[string]any{"body": q.body, "id": q.question.key}}
	if q.conversationID != "" {
		message["conversation_id"] = q.conversationID
	}
	body, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode question: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+q.address+"/v1/answers", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+q.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", q.question.key)
	if q.stream {
		request.Header.Set("Accept", "text/event-stream")
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return response, nil
}

func (c *crowd) count(problem string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems[problem]++
}

// read takes an answer. Its status alone says that the question was accepted.
func (q *question) read(body io.Reader) error {
	q.accepted = true
	var end ending
	if err := json.NewDecoder(body).Decode(&end); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	q.keep(end)
	return nil
}

// follow reads a stream to its answer.
func (q *question) follow(body io.Reader) error {
	lines, event := bufio.NewScanner(body), ""
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
			continue
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		switch event {
		case "accepted":
			q.accepted = true
			if err := json.Unmarshal([]byte(data), &q.kept); err != nil {
				return fmt.Errorf("read event: %w", err)
			}
		case "answer":
			return q.read(strings.NewReader(data))
		case "error":
			return errors.New("the stream ended with an error")
		}
	}
	return errors.New("the stream ended without an answer")
}

func (q *question) keep(end ending) {
	q.kept = end.place
	q.ends = append(q.ends, end)
}
