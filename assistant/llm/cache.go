package llm

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

// CachedModel answers a request that it has answered before without a call. The request is all that an answer depends on:
// when a source in the prompt, the prompt itself, its schema or the model changes, the request is another one, so nothing
// here can be out of date. What is decided about the answer is decided anew each time.
//
// Only complete answers at temperature 0 are kept, the latest ones, in memory. A request is kept as its hash.
type CachedModel struct {
	answers *lru.Cache[[sha256.Size]byte, Response]
	model   Model
}

// NewCachedModel keeps the answers to the latest requests; size must be positive.
func NewCachedModel(model Model, size int) (*CachedModel, error) {
	answers, err := lru.New[[sha256.Size]byte, Response](size)
	if err != nil {
		return nil, fmt.Errorf("create cache of %d answers: %w", size, err)
	}
	return &CachedModel{answers: answers, model: model}, nil
}

// Complete implements Model.
func (m *CachedModel) Complete(ctx context.Context, req Request) (Response, error) {
	if req.Temperature != 0 {
		return m.model.Complete(ctx, req)
	}
	key := requestKey(m.model.Name(), req)
	if out, ok := m.answers.Get(key); ok {
		out.Cached, out.Usage = true, Usage{}
		return out, nil
	}
	out, err := m.model.Complete(ctx, req)
	if err == nil {
		m.answers.Add(key, out)
	}
	return out, err // a decorator adds nothing to what its model says
}

// Name is the wrapped model's name.
func (m *CachedModel) Name() string { return m.model.Name() }

// requestKey is the hash of all that reaches the model. Each part is preceded by its length, so that no two requests share
// one by moving text from one part to the next.
func requestKey(model string, req Request) [sha256.Size]byte {
	parts := []string{model, req.System, req.User}
	if req.Schema != nil {
		parts = append(parts, req.Schema.Name, string(req.Schema.JSON))
	}
	h := sha256.New()
	var number [8]byte
	write := func(n int) {
		binary.BigEndian.PutUint64(number[:], uint64(n)) //nolint:gosec // lengths and bounds are not negative
		_, _ = h.Write(number[:])                        // a hash takes everything
	}
	write(req.MaxTokens)
	for _, part := range parts {
		write(len(part))
		_, _ = h.Write([]byte(part))
	}
	return [sha256.Size]byte(h.Sum(nil))
}
