package llmtest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// Weights of the hashed features: a whole word says more than a pair of its characters, and pairs keep inflected
// forms and scripts without spaces near each other.
const (
	pairWeight = 0.4
	wordWeight = 1.0
)

// FNV-1a, 64 bit.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// EmbeddingsReply is what an embeddings request will be answered with; faults change it. Vectors[i] is sent with
// index Indexes[i].
type EmbeddingsReply struct {
	Indexes []int
	Vectors [][]float32
}

// Embed returns the deterministic unit vector of a text: signed hashing of lower-cased words and of the pairs of
// characters in them. A text without letters or digits gets a fixed vector, never zero.
func Embed(text string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}) {
		add(sum, hash(fnvOffset, word), wordWeight)
		previous := '^'
		for _, r := range word {
			add(sum, hash(hash(fnvOffset, string(previous)), string(r)), pairWeight)
			previous = r
		}
	}
	var norm float64
	for _, x := range sum {
		norm += x * x
	}
	out := make([]float32, dimensions)
	if norm == 0 {
		out[0] = 1
		return out
	}
	norm = math.Sqrt(norm)
	for i, x := range sum {
		out[i] = float32(x / norm)
	}
	return out
}

func (s *Server) embeddings(c *call) {
	var req struct {
		Dimensions     int             `json:"dimensions"`
		EncodingFormat string          `json:"encoding_format"`
		Input          json.RawMessage `json:"input"`
		Model          string          `json:"model"`
	}
	badInput := apiError{
		Message: "'input' must be a string or a list of non-empty strings", Param: "input", Status: http.StatusBadRequest,
		Type: "invalid_request_error",
	}
	if json.Unmarshal(c.body, &req) != nil {
		writeError(c.w, badInput)
		return
	}
	texts, ok := inputs(req.Input)
	if !ok {
		writeError(c.w, badInput)
		return
	}
	if deployment := c.r.PathValue("model"); deployment != "" {
		req.Model = deployment
	}
	if s.rejects(c, req.Model) {
		return
	}
	if req.Dimensions == 0 {
		req.Dimensions = s.opts.Dimensions
	}
	var reply EmbeddingsReply
	tokens := 0
	for i, text := range texts {
		reply.Indexes = append(reply.Indexes, i)
		reply.Vectors = append(reply.Vectors, Embed(text, req.Dimensions))
		tokens += estimateTokens(text)
	}
	if c.fault.embeddings != nil {
		c.fault.embeddings(&reply)
	}
	asBase64 := req.EncodingFormat == "base64" && !s.opts.FloatsOnly
	data := make([]map[string]any, len(reply.Vectors))
	for i, vector := range reply.Vectors {
		data[i] = map[string]any{"index": reply.Indexes[i], "object": "embedding", "embedding": vector}
		if asBase64 {
			data[i]["embedding"] = encode(vector)
		}
	}
	writeJSON(c.w, map[string]any{
		"data": data, "model": req.Model, "object": "list", "usage": usageBody{PromptTokens: tokens, TotalTokens: tokens},
	})
}

// inputs decodes a string or a list of strings; like OpenAI's server it refuses empty ones.
func inputs(raw json.RawMessage) ([]string, bool) {
	var texts []string
	if json.Unmarshal(raw, &texts) != nil {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, false
		}
		texts = []string{text}
	}
	if slices.Contains(texts, "") {
		return nil, false
	}
	return texts, len(texts) > 0
}

// encode is the protocol's base64 form: little-endian float32 values.
func encode(vector []float32) string {
	raw := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// add puts a feature in its bucket; one bit of the hash is the sign, so that collisions cancel on average.
func add(sum []float64, h uint64, weight float64) {
	if h>>63 == 1 {
		weight = -weight
	}
	sum[(h>>8)%uint64(len(sum))] += weight
}

func hash(h uint64, text string) uint64 {
	for i := range len(text) {
		h ^= uint64(text[i])
		h *= fnvPrime
	}
	return h
}
