package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"
)

// errConfig marks a setting that cannot work.
var errConfig = errors.New("configuration")

// cli is the command line.
type cli struct {
	config `embed:""`

	Version kong.VersionFlag `help:"Print the version and exit."`

	Agent    agentCmd     `cmd:"" help:"Give people access, list them, change roles, reset what they lost."`
	Ask      askCmd       `cmd:"" help:"Ask a question as a customer would, without leaving a trace."`
	Audit    auditCmd     `cmd:"" help:"Read the record of who did what, and prove that it is whole."`
	Backup   backupCmd    `cmd:"" help:"Write all that the desk has into one file, while it runs."`
	Budget   budgetCmd    `cmd:"" help:"Show what models cost today, and what they may."`
	Channel  channelCmd   `cmd:"" help:"Keep the registry of official channels."`
	Complain complaintCmd `cmd:"" name:"complaint" help:"List, decide and export complaints, and tell their customers of progress."`
	Customer customerCmd  `cmd:"" help:"Give a customer all that is kept of them, erase it, and erase what is old."`
	Desk     deskCmd      `cmd:"" help:"Show and set how the desk works: queues, hours, promises, skills."`
	Doctor   doctorCmd    `cmd:"" help:"Check the database, pgvector, the model, the disk and the token encodings."`
	Encrypt  encryptCmd   `cmd:"" name:"encryption" help:"Encrypt what customers and agents write in the database: keys, progress, rotation."`
	Embed    embedderCmd  `cmd:"" name:"embedder" help:"Train the built-in embedder and look at its table."`
	Eval     evalCmd      `cmd:"" help:"Run eval suites and calibrate the confidence."`
	Inform   incidentCmd  `cmd:"" name:"incident" help:"Put incident notices in force and end them."`
	KB       kbCmd        `cmd:"" name:"kb" help:"Import and look at the knowledge base."`
	Key      keyCmd       `cmd:"" help:"Create, list and revoke API keys; set how customers' tokens are signed."`
	Lang     langCmd      `cmd:"" help:"Train the language model."`
	Migrate  migrateCmd   `cmd:"" help:"Bring the database to the schema of this build."`
	OpenAPI  openAPICmd   `cmd:"" name:"openapi" help:"Print the OpenAPI description of the HTTP interface."`
	Policy   policyCmd    `cmd:"" help:"Show and change what the assistant may answer by itself."`
	Restore  restoreCmd   `cmd:"" help:"Fill an empty database from a backup, and prove that it is whole."`
	Search   searchCmd    `cmd:"" help:"Search the knowledge base, with the reasons for what is found."`
	Serve    serveCmd     `cmd:"" help:"Run the service."`
	Stats    statsCmd     `cmd:"" help:"Print figures: response times, promises kept, automatic answers, what articles lack."`
	Ticket   ticketCmd    `cmd:"" help:"Work on tickets: the queue, replies, drafts, notes."`
	Triage   triageCmd    `cmd:"" help:"Look at the intents, try the triage on a text, train the intent model."`
	Watch    watchCmd     `cmd:"" help:"Measure on running replicas how soon open consoles learn of a case."`
	Webhook  webhookCmd   `cmd:"" help:"Tell other systems what happens at the desk: endpoints, deliveries, replays."`
}

// config is what every command shares: each setting is a flag and an environment variable.
type config struct { //nolint:recvcheck // Validate sets what stands in files, all else reads
	DatabaseURL string `env:"DATABASE_URL" group:"Database" help:"PostgreSQL with pgvector. Without it, a private cluster in the data folder is used." placeholder:"postgres://…"`
	ReplicaURLs string `env:"DATABASE_REPLICA_URLS" group:"Database" help:"Read-only copies of that PostgreSQL, apart by spaces. The service searches in one that has the newest articles, and in the database itself while none has." name:"database-replica-urls" placeholder:"postgres://…"`
	DataDir     string `env:"DESKHAND_DATA_DIR" group:"Database" help:"Folder of the private cluster. Default: /var/lib/deskhand for root, else ~/.local/share/deskhand." placeholder:"DIR" type:"path"`
	Decrypt     bool   `env:"DESKHAND_DECRYPT" group:"Database" help:"With --encryption-keys: read what is encrypted, and encrypt nothing more. \"deskhand encryption off --help\" says what for."`

	ChatModel           string `default:"gpt-4.1-mini" env:"DESKHAND_CHAT_MODEL" group:"Model" help:"Chat model that drafts (${default})." placeholder:"NAME"`
	EmbedderTable       string `env:"DESKHAND_EMBEDDER_TABLE" group:"Model" help:"Table of the built-in embedder that \"deskhand embedder train\" wrote. Default: the built-in one." placeholder:"FILE" type:"existingfile"`
	EmbeddingDimensions int    `default:"1536" env:"DESKHAND_EMBEDDING_DIMENSIONS" group:"Model" help:"Length of the embedding model's vectors (${default})." placeholder:"N"`
	EmbeddingModel      string `env:"DESKHAND_EMBEDDING_MODEL" group:"Model" help:"Embedding model. Without it, the built-in embedder is used." placeholder:"NAME"`
	OpenAIAPIKey        string `env:"OPENAI_API_KEY" group:"Model" help:"Key of an OpenAI-compatible server. Without key and address, deskhand works offline." name:"openai-api-key" placeholder:"KEY"`
	OpenAIBaseURL       string `env:"OPENAI_BASE_URL" group:"Model" help:"Address of an OpenAI-compatible server, up to /v1." name:"openai-base-url" placeholder:"URL"`

	Providers string `env:"DESKHAND_PROVIDERS" group:"Model" help:"YAML file with a list of OpenAI-compatible servers, asked in their order: addresses, where the keys are, models, prices, limits. It replaces the flags of the one server." placeholder:"FILE" type:"existingfile"`

	Confidence string `env:"DESKHAND_CONFIDENCE" group:"Model" help:"Fit of the confidence that \"deskhand eval calibrate --out\" wrote. Default: the built-in one, which holds for the built-in embedder, intents and intent model." placeholder:"FILE" type:"existingfile"`

	ConversationCost   float64 `env:"DESKHAND_CONVERSATION_COST" group:"Budget" help:"US dollars that models may cost in one conversation. Beyond it, drafts are made without a model. Default: no limit." placeholder:"USD"`
	ConversationTokens int64   `env:"DESKHAND_CONVERSATION_TOKENS" group:"Budget" help:"Tokens that models may use in one conversation. Default: no limit." placeholder:"N"`
	DailyCost          float64 `env:"DESKHAND_DAILY_COST" group:"Budget" help:"US dollars that models may cost on one day (UTC), on all replicas together. Default: no limit." placeholder:"USD"`
	DailyTokens        int64   `env:"DESKHAND_DAILY_TOKENS" group:"Budget" help:"Tokens that models may use on one day. Default: no limit." placeholder:"N"`

	IntentModel string `env:"DESKHAND_INTENT_MODEL" group:"Triage" help:"Intent model that \"deskhand triage train\" wrote. Default: the built-in one." placeholder:"FILE" type:"existingfile"`
	Taxonomy    string `env:"DESKHAND_TAXONOMY" group:"Triage" help:"The desk's intents; \"deskhand triage taxonomy\" prints a file to start from. Default: the built-in ones." placeholder:"FILE" type:"existingfile"`

	Files secretFiles   `embed:""`
	Login loginSettings `embed:""`

	LogFormat string `default:"text" enum:"text,json" env:"DESKHAND_LOG_FORMAT" group:"Log" help:"text or json (${default})." placeholder:"FORMAT"`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"DESKHAND_LOG_LEVEL" group:"Log" help:"debug, info, warn or error (${default})." placeholder:"LEVEL"`

	OTLPEndpoint    string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" group:"Traces" help:"OpenTelemetry collector that takes OTLP over HTTP, such as http://localhost:4318. Without it, no traces are made." name:"otlp-endpoint" placeholder:"URL"`
	OTLPHeaders     string `env:"OTEL_EXPORTER_OTLP_HEADERS" group:"Traces" help:"Headers sent to it, such as its key: name=value,name=value, with values percent-encoded." name:"otlp-headers" placeholder:"LIST"`
	OTelServiceName string `default:"deskhand" env:"OTEL_SERVICE_NAME" group:"Traces" help:"Name of this service in traces (${default})." name:"otel-service-name" placeholder:"NAME"`

	RedactPII bool `env:"DESKHAND_REDACT_PII" group:"Service" help:"Also remove e-mail addresses, telephone numbers, IBANs and identity numbers from what customers write, before it is stored. Then the assistant cannot tell whether such a contact is the desk's." name:"redact-pii"`

	Retention days `env:"DESKHAND_RETENTION" group:"Service" help:"How long conversations keep their words after the last one, such as 730d. The service erases older ones each day. Default: for ever." placeholder:"DAYS"`

	RequestDeadline time.Duration `default:"20s" env:"DESKHAND_REQUEST_DEADLINE" group:"Service" help:"How long a customer waits at most before a person takes over (${default})." placeholder:"TIME"`
}

// Validate reads the secrets that stand in files and reports the first setting that cannot work, before anything starts.
func (c *config) Validate() error {
	if err := readSecrets(c.secretFiles()); err != nil {
		return err
	}
	if c.ReplicaURLs != "" && c.DatabaseURL == "" {
		return fmt.Errorf("%w: --database-replica-urls needs --database-url: the private cluster has no copies", errConfig)
	}
	if _, err := c.replicaURLs(); err != nil {
		return err
	}
	if c.RequestDeadline < 100*time.Millisecond || c.RequestDeadline > 5*time.Minute {
		return fmt.Errorf("%w: --request-deadline must lie between 100ms and 5m, it is %s", errConfig, c.RequestDeadline)
	}
	if err := c.Login.check(); err != nil {
		return err
	}
	if _, err := c.keyring(); err != nil {
		return err
	}
	if err := c.validateTraces(); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	if err := c.validateModels(); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return nil
}

func (c config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // kong has checked the value
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
