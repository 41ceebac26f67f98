package llm

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// maxProvidersFile is far more than a list of servers needs, in bytes.
const maxProvidersFile = 64 << 10

// Provider is one server: what it is asked for, how much of it at once, and what that costs.
type Provider struct {
	Config

	Name   string           // in metrics and errors
	Prices map[string]Price // by model
	Queue  QueueConfig
}

// Price is what a model of this provider costs; zero when nobody said.
func (p Provider) Price(model string) Price { return p.Prices[model] }

// Secrets looks up the keys that a list of providers names. Both return an error that does not hold the secret.
type Secrets struct {
	Env  func(name string) (string, error)
	File func(path string) (string, error)
}

// providerEntry is one item of the file.
type providerEntry struct {
	APIKey              string                `yaml:"api_key"` // refused: see provider
	APIKeyEnv           string                `yaml:"api_key_env"`
	APIKeyFile          string                `yaml:"api_key_file"`
	AzureAPIVersion     string                `yaml:"azure_api_version"`
	BaseURL             string                `yaml:"base_url"`
	ChatModel           string                `yaml:"chat_model"`
	EmbeddingDimensions int                   `yaml:"embedding_dimensions"`
	EmbeddingModel      string                `yaml:"embedding_model"`
	MaxConcurrent       int                   `yaml:"max_concurrent"`
	MaxWaiting          int                   `yaml:"max_waiting"`
	Name                string                `yaml:"name"`
	Prices              map[string]priceEntry `yaml:"prices"`
	StructuredOutput    StructuredOutput      `yaml:"structured_output"`
}

type priceEntry struct {
	Completion float64 `yaml:"completion"`
	Prompt     float64 `yaml:"prompt"`
}

// ParseProviders reads a list of providers in the order in which they are asked: YAML with the list "providers". Keys are
// not in it, but where they are found. Errors name the provider and the field, or the line, and hold no value of a key.
func ParseProviders(r io.Reader, secrets Secrets) ([]Provider, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxProvidersFile+1))
	if err != nil {
		return nil, fmt.Errorf("read providers: %w", err)
	}
	if len(content) > maxProvidersFile {
		return nil, fmt.Errorf("read providers: longer than %d bytes", maxProvidersFile)
	}
	var file struct {
		Providers []providerEntry `yaml:"providers"`
	}
	if err := yaml.UnmarshalWithOptions(content, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("parse providers: %w", withoutSource(err))
	}
	if len(file.Providers) == 0 {
		return nil, errors.New("check providers: the list \"providers\" is empty")
	}
	var problems []error
	providers := make([]Provider, len(file.Providers))
	for i, entry := range file.Providers {
		if providers[i], err = entry.provider(secrets); err != nil {
			problems = append(problems, fmt.Errorf("provider %d (%s): %w", i+1, entry.Name, err))
		}
		if slices.ContainsFunc(providers[:i], func(p Provider) bool { return p.Name == entry.Name }) {
			problems = append(problems, fmt.Errorf("provider %d (%s): the name is used twice", i+1, entry.Name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return providers, oneEmbeddingSpace(providers)
}

// provider checks an entry and finds its key.
func (e providerEntry) provider(secrets Secrets) (Provider, error) {
	switch {
	case !modelName.MatchString(e.Name):
		return Provider{}, errors.New("name must be of letters, digits, - and _")
	case e.APIKey != "":
		return Provider{}, errors.New("api_key: a key does not belong in this file: use api_key_env or api_key_file")
	case e.APIKeyEnv != "" && e.APIKeyFile != "":
		return Provider{}, errors.New("api_key_env and api_key_file are both set: use one")
	case e.MaxConcurrent < 0 || e.MaxConcurrent > maxAtOnce:
		return Provider{}, fmt.Errorf("max_concurrent must be 1 to %d", maxAtOnce)
	case e.MaxWaiting < 0 || e.MaxWaiting > maxAtOnce:
		return Provider{}, fmt.Errorf("max_waiting must be 1 to %d", maxAtOnce)
	}
	p := Provider{
		Config: Config{
			AzureAPIVersion: e.AzureAPIVersion, BaseURL: e.BaseURL, ChatModel: e.ChatModel, EmbeddingDimensions: e.EmbeddingDimensions,
			EmbeddingModel: e.EmbeddingModel, StructuredOutput: e.StructuredOutput,
		},
		Name:   e.Name,
		Prices: make(map[string]Price, len(e.Prices)),
		Queue:  QueueConfig{MaxConcurrent: e.MaxConcurrent, MaxWaiting: e.MaxWaiting},
	}
	for model, price := range e.Prices {
		if !validPrice(price.Prompt) || !validPrice(price.Completion) {
			return Provider{}, errors.New("prices: they are US dollars per million tokens, from 0 to 1,000,000")
		}
		p.Prices[model] = Price(price)
	}
	var err error
	switch {
	case e.APIKeyEnv != "":
		p.APIKey, err = secrets.Env(e.APIKeyEnv)
	case e.APIKeyFile != "":
		p.APIKey, err = secrets.File(e.APIKeyFile)
	}
	if err != nil {
		return Provider{}, err
	}
	if p.APIKey = strings.TrimSpace(p.APIKey); strings.ContainsAny(p.APIKey, "\r\n\x00") {
		return Provider{}, errors.New("the key is more than one line")
	}
	return p, p.Validate()
}

// maxAtOnce is more than one process should ask of a server at once.
const maxAtOnce = 100_000

func validPrice(price float64) bool { return price >= 0 && price <= 1e6 && !math.IsNaN(price) }

// oneEmbeddingSpace reports embedding models that cannot stand in for each other.
func oneEmbeddingSpace(providers []Provider) error {
	var first *Provider
	for i, p := range providers {
		switch {
		case p.EmbeddingModel == "":
		case first == nil:
			first = &providers[i]
		case p.EmbeddingModel != first.EmbeddingModel || p.EmbeddingDimensions != first.EmbeddingDimensions:
			return fmt.Errorf("providers %s and %s: embedding_model and embedding_dimensions must be equal, because vectors of different "+
				"models cannot be compared", first.Name, p.Name)
		}
	}
	return nil
}

// withoutSource drops the lines of the file that the parser quotes: somebody may have written a key there.
func withoutSource(err error) error {
	var located yaml.Error
	if !errors.As(err, &located) {
		return errors.New("not valid YAML")
	}
	line := 0
	if token := located.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	message := located.GetMessage()
	speaksOfTypes := func(prefix string) bool { return strings.HasPrefix(message, prefix) }
	if !slices.ContainsFunc([]string{"unknown field ", "cannot unmarshal ", "duplicate key "}, speaksOfTypes) {
		message = "not valid YAML"
	}
	return fmt.Errorf("line %d: %s", line, message)
}
