package llm

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// DefaultBaseURL is OpenAI's own server.
const DefaultBaseURL = "https://api.openai.com/v1"

// StructuredOutput is how a server is brought to answer in JSON, from the strictest way to the weakest.
type StructuredOutput string

// The ways. The weaker two put the schema into the prompt; every answer is checked against it in any case.
const (
	StructuredJSONSchema StructuredOutput = "json_schema"
	StructuredJSONObject StructuredOutput = "json_object"
	StructuredPrompt     StructuredOutput = "prompt"
)

// Config describes one OpenAI-compatible server. Printing it hides the key.
type Config struct {
	// APIKey is sent as bearer token, or as Azure's api-key. Local servers need none.
	APIKey string `json:"-"`

	// AzureAPIVersion, when set, selects Azure's URL layout and header; BaseURL is then the resource's root and the
	// model names are deployment names.
	AzureAPIVersion string

	// BaseURL ends before /chat/completions. Default: DefaultBaseURL.
	BaseURL string

	// ChatModel is needed for Chat.
	ChatModel string

	// EmbeddingDimensions is the length of the vectors; needed with EmbeddingModel. Servers that can shorten vectors
	// are asked to; a vector of another length is an error.
	EmbeddingDimensions int

	// EmbeddingModel is needed for Embeddings.
	EmbeddingModel string

	// HTTPClient replaces the tuned default, for a private certificate authority or a proxy. Redirects are never followed.
	HTTPClient *http.Client `json:"-"`

	// StructuredOutput is what the server is asked for first; it is weakened when the server refuses. Default:
	// StructuredJSONSchema. Set it for a server that ignores the request silently.
	StructuredOutput StructuredOutput
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	u, err := url.Parse(c.baseURL())
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return errors.New("model base URL must be an http or https address") // not err: it quotes the value
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("model base URL must not contain credentials, a query or a fragment")
	case c.ChatModel == "" && c.EmbeddingModel == "":
		return errors.New("neither a chat model nor an embedding model is named")
	case c.EmbeddingModel != "" && c.EmbeddingDimensions <= 0:
		return errors.New("an embedding model needs its number of dimensions")
	}
	switch c.StructuredOutput {
	case "", StructuredJSONObject, StructuredJSONSchema, StructuredPrompt:
		return nil
	default:
		return fmt.Errorf("structured output must be %s, %s or %s", StructuredJSONSchema, StructuredJSONObject, StructuredPrompt)
	}
}

// GoString hides the key from %#v.
func (c Config) GoString() string { return c.String() }

// String names the server and the models.
func (c Config) String() string {
	return fmt.Sprintf("llm.Config{BaseURL: %q, ChatModel: %q, EmbeddingModel: %q}", c.baseURL(), c.ChatModel, c.EmbeddingModel)
}

func (c Config) baseURL() string {
	if c.BaseURL == "" {
		return DefaultBaseURL
	}
	return c.BaseURL
}
