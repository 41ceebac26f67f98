package llm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
)

const twoProviders = `
providers:
  - name: openai
    api_key_env: OPENAI_API_KEY
    chat_model: gpt-4.1-mini
    embedding_model: text-embedding-3-small
    embedding_dimensions: 1536
    max_concurrent: 32
    max_waiting: 100
    prices:
      gpt-4.1-mini: {prompt: 0.40, completion: 1.60}
      text-embedding-3-small: {prompt: 0.02}
  - name: at-home
    api_key_file: /run/secrets/home
    base_url: http://llama.internal:8000/v1
    chat_model: qwen3
    structured_output: json_object
`

func secrets() llm.Secrets {
	return llm.Secrets{
		Env: func(name string) (string, error) {
			if name != "OPENAI_API_KEY" {
				return "", errors.New("api_key_env: " + name + " is not set")
			}
			return secretKey, nil
		},
		File: func(string) (string, error) { return secretKey + "\n", nil },
	}
}

func TestProvidersAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	providers, err := llm.ParseProviders(strings.NewReader(twoProviders), secrets())
	require.NoError(t, err)
	require.Equal(t, []llm.Provider{
		{
			Config: llm.Config{APIKey: secretKey, ChatModel: "gpt-4.1-mini", EmbeddingDimensions: 1536, EmbeddingModel: "text-embedding-3-small"},
			Name:   "openai",
			Prices: map[string]llm.Price{"gpt-4.1-mini": {Completion: 1.6, Prompt: 0.4}, "text-embedding-3-small": {Prompt: 0.02}},
			Queue:  llm.QueueConfig{MaxConcurrent: 32, MaxWaiting: 100},
		},
		{
			Config: llm.Config{
				APIKey: secretKey, BaseURL: "http://llama.internal:8000/v1", ChatModel: "qwen3", StructuredOutput: llm.StructuredJSONObject,
			},
			Name:   "at-home",
			Prices: map[string]llm.Price{},
		},
	}, providers)
	require.InDelta(t, 1.6, providers[0].Price("gpt-4.1-mini").Completion, 0)
	require.Zero(t, providers[1].Price("qwen3"))
}

func TestAMistakeInTheProvidersIsNamedAndNoKeyIsRepeated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, new, want string }{
		"not YAML":            {"providers:", "providers: [" + secretKey, "line"},
		"unknown field":       {"api_key_env: OPENAI_API_KEY", "apikey: " + secretKey, `line 4: unknown field "apikey"`},
		"wrong type":          {"max_concurrent: 32", "max_concurrent: " + secretKey, "line 8"},
		"key in the file":     {"api_key_env: OPENAI_API_KEY", "api_key: " + secretKey, "provider 1 (openai): api_key: a key does not belong"},
		"two keys":            {"api_key_env:", "api_key_file: /x\n    api_key_env:", "provider 1 (openai): api_key_env and api_key_file"},
		"variable not set":    {"OPENAI_API_KEY", "NO_KEY", "provider 1 (openai): api_key_env: NO_KEY is not set"},
		"no name":             {"name: openai", "name: ''", "provider 1 (): name"},
		"a name twice":        {"name: at-home", "name: openai", "provider 2 (openai): the name is used twice"},
		"no model":            {"chat_model: qwen3", "", "provider 2 (at-home): neither"},
		"no dimensions":       {"embedding_dimensions: 1536", "", "provider 1 (openai): an embedding model needs"},
		"bad address":         {"http://llama.internal:8000/v1", "llama", "provider 2 (at-home): model base URL"},
		"bad structured":      {"json_object", "xml", "provider 2 (at-home): structured output must be"},
		"negative price":      {"prompt: 0.40", "prompt: -1", "provider 1 (openai): prices"},
		"too much at once":    {"max_concurrent: 32", "max_concurrent: 1000000", "max_concurrent must be"},
		"negative queue":      {"max_waiting: 100", "max_waiting: -1", "max_waiting must be"},
		"other vectors":       {"chat_model: qwen3", "chat_model: qwen3\n    embedding_model: bge\n    embedding_dimensions: 3", "cannot be compared"},
		"empty":               {twoProviders, "providers: []", "is empty"},
		"nothing":             {twoProviders, "", "is empty"},
		"longer than a list":  {"providers:", strings.Repeat("# more\n", 10_000) + "providers:", "longer than"},
		"more than one value": {"name: openai", "name: openai\n    name: openai", "line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(twoProviders, tt.old, tt.new, 1)
			require.NotEqual(t, twoProviders, text)
			_, err := llm.ParseProviders(strings.NewReader(text), secrets())
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), secretKey)
		})
	}
}

func FuzzParseProviders(f *testing.F) {
	f.Add(twoProviders)
	f.Add("providers:\n  - name: a\n    chat_model: b\n")
	f.Add("providers: [{name: a, prices: {x: {prompt: .nan}}}]")
	f.Fuzz(func(t *testing.T, text string) {
		providers, err := llm.ParseProviders(strings.NewReader(text), secrets())
		if err != nil {
			require.NotContains(t, err.Error(), secretKey)
			return
		}
		require.NotEmpty(t, providers)
		for _, p := range providers {
			require.NoError(t, p.Validate())
			require.NotEmpty(t, p.Name)
		}
	})
}
