package llm

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sashabaranov/go-openai"
)

// Bounds of an embeddings response: the longest way to write one value is a float of about 24 characters with its comma
// and white space; the rest of an entry and of the envelope is small.
const (
	maxValueBytes    = 32
	maxEntryBytes    = 1 << 10
	maxEnvelopeBytes = 1 << 16
)

// Embeddings is the embedding model of a Client; it implements Embedder.
type Embeddings struct{ client *Client }

// Dimensions is the configured length of a vector.
func (e *Embeddings) Dimensions() int { return e.client.cfg.EmbeddingDimensions }

// Name is the configured model name.
func (e *Embeddings) Name() string { return e.client.cfg.EmbeddingModel }

// Embed makes one call for all texts, or a few more when the server turns out to lack a feature. It does not retry and
// does not split: servers commonly take up to 2,048 texts (OpenAI's limit). Vectors travel as base64, which is 2.4
// times as fast as floats, where the server can.
func (e *Embeddings) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if slices.Contains(texts, "") {
		return nil, fmt.Errorf("embed texts: %w", &Error{Kind: ErrRejected, Model: e.Name(), Reason: "empty text"})
	}
	var out [][]float32
	limit := int64(len(texts))*(int64(e.Dimensions())*maxValueBytes+maxEntryBytes) + maxEnvelopeBytes
	err := e.client.exchange(ctx, limit, func(ctx context.Context, d dialect) error {
		req := openai.EmbeddingRequest{
			Dimensions: e.Dimensions(), EncodingFormat: openai.EmbeddingEncodingFormatBase64, Input: texts,
			Model: openai.EmbeddingModel(e.Name()),
		}
		if d.floats {
			req.EncodingFormat = openai.EmbeddingEncodingFormatFloat
		}
		if d.nativeDimensions {
			req.Dimensions = 0
		}
		answer, err := e.client.api.CreateEmbeddings(ctx, req)
		if err != nil {
			return err // classified by exchange
		}
		reportUsage(ctx, Usage{PromptTokens: answer.Usage.PromptTokens})
		out, err = inOrder(answer.Data, len(texts), e.Dimensions())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("embed texts: %w", named(err, e.Name()))
	}
	return out, nil
}

// inOrder checks the vectors and sorts them by their index.
func inOrder(data []openai.Embedding, count, dimensions int) ([][]float32, error) {
	if len(data) != count {
		return nil, malformed(fmt.Sprintf("%d vectors for %d texts", len(data), count))
	}
	out := make([][]float32, count)
	for _, entry := range data {
		if entry.Index < 0 || entry.Index >= count || out[entry.Index] != nil {
			return nil, malformed("vector indexes are not one per text")
		}
		if len(entry.Embedding) != dimensions {
			return nil, malformed(fmt.Sprintf("vector of %d dimensions, want %d", len(entry.Embedding), dimensions))
		}
		if reason := defect(entry.Embedding); reason != "" {
			return nil, malformed(reason)
		}
		out[entry.Index] = entry.Embedding
	}
	return out, nil
}

// defect says why a vector has no direction, or "".
func defect(vector []float32) string {
	zero := true
	for _, x := range vector {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return "vector with a value that is not finite"
		}
		zero = zero && x == 0
	}
	if zero {
		return "vector of zeros"
	}
	return ""
}
