package main

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// secretFiles are the secrets that may stand in files instead, such as mounted ones: neither the list of processes nor the
// environment shows them.
type secretFiles struct {
	EncryptionKeys       string `env:"DESKHAND_ENCRYPTION_KEYS" group:"Database" help:"File of keys: what customers and agents write is encrypted in the database by the first of them. \"deskhand encryption key\" makes one. Default: no encryption." placeholder:"FILE" type:"path"`
	DatabaseURLFile      string `env:"DATABASE_URL_FILE" group:"Database" help:"File that holds the database URL. A password may also stand in a PGPASSFILE." name:"database-url-file" placeholder:"FILE" type:"path"`
	ReplicaURLsFile      string `env:"DATABASE_REPLICA_URLS_FILE" group:"Database" help:"File that holds the URLs of the copies, in one line." name:"database-replica-urls-file" placeholder:"FILE" type:"path"`
	OIDCClientSecretFile string `env:"DESKHAND_OIDC_CLIENT_SECRET_FILE" group:"Log-in" help:"File that holds the client secret." name:"oidc-client-secret-file" placeholder:"FILE" type:"path"`
	OpenAIAPIKeyFile     string `env:"OPENAI_API_KEY_FILE" group:"Model" help:"File that holds the key of the OpenAI-compatible server." name:"openai-api-key-file" placeholder:"FILE" type:"path"`
	OTLPHeadersFile      string `env:"OTEL_EXPORTER_OTLP_HEADERS_FILE" group:"Traces" help:"File that holds the headers for the collector." name:"otlp-headers-file" placeholder:"FILE" type:"path"`
}

// secretFile is a file whose content becomes a setting.
type secretFile struct {
	flag string // of the setting itself, without -file
	path string // empty: none
	into *string
}

func (c *config) secretFiles() []secretFile {
	return []secretFile{
		{"database-url", c.Files.DatabaseURLFile, &c.DatabaseURL},
		{"database-replica-urls", c.Files.ReplicaURLsFile, &c.ReplicaURLs},
		{"oidc-client-secret", c.Files.OIDCClientSecretFile, &c.Login.OIDCClientSecret},
		{"openai-api-key", c.Files.OpenAIAPIKeyFile, &c.OpenAIAPIKey},
		{"otlp-headers", c.Files.OTLPHeadersFile, &c.OTLPHeaders},
	}
}

// readSecrets sets what stands in files. To read the same files again changes nothing.
func readSecrets(files []secretFile) error {
	for _, file := range files {
		if file.path == "" {
			continue
		}
		content, err := readSecret(file.path)
		if err != nil {
			return fmt.Errorf("%w: --%s-file: %w", errConfig, file.flag, err)
		}
		secret := strings.TrimSpace(content)
		switch {
		case secret == "" || strings.ContainsAny(secret, "\r\n\x00"):
			return fmt.Errorf("%w: --%s-file: %s must hold one line", errConfig, file.flag, file.path)
		case *file.into != "" && *file.into != secret:
			return fmt.Errorf("%w: --%s and --%[2]s-file are both set, and differ: unset one", errConfig, file.flag)
		}
		*file.into = secret
	}
	return nil
}

// maxSecretFile is more than any secret, in bytes.
const maxSecretFile = 16 << 10

// readSecret returns a file with a secret, such as a mounted one. An error never holds what stands in it.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxSecretFile {
		return "", fmt.Errorf("%s is not a file with a secret: it must hold 1 to %d bytes", path, maxSecretFile)
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	return string(content), err
}

// othersMayRead is in the mode of a file that other users of the machine can read.
const othersMayRead fs.FileMode = 0o044

// warnOfOpenSecrets says which files with secrets other users of the machine can read. It warns and does not refuse: in a
// container, where secrets are mounted like that, there are no others.
func warnOfOpenSecrets(logger *slog.Logger, files []secretFile) {
	for _, file := range files {
		if file.path == "" {
			continue
		}
		if info, err := os.Stat(file.path); err == nil && info.Mode().Perm()&othersMayRead != 0 {
			logger.Warn("other users can read a file with a secret: chmod 600", slog.String("setting", "--"+file.flag),
				slog.String("file", file.path), slog.String("mode", info.Mode().Perm().String()))
		}
	}
}
