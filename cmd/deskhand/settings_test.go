package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// nowhere is a database that nobody answers for: a setting that is found out only after it was asked for names it.
const nowhere = "--database-url=postgres://127.0.0.1:1/deskhand"

// badSettings are values of each option of "deskhand serve" that cannot work, as arguments. In them, JUNK is a file that holds
// no setting, NONE one that is not there, EMPTY an empty one, SHUT one that nobody may read,
// CANDIDATE one of a candidate that needs a model.
func badSettings() map[string][][]string {
	return map[string][][]string{
		"addr":                {{"--addr=99"}, {"--addr=localhost:http"}, {"--addr=:70000"}},
		"admin-addr":          {{"--admin-addr=6060"}, {"--admin-addr=0.0.0.0:6060"}},
		"admin-public":        {{"--admin-public=perhaps"}, {"--admin-public"}},
		"chat-model":          {{"--chat-model=", "--openai-api-key=k"}},
		"confidence":          {{"--confidence=JUNK"}, {"--confidence=NONE"}},
		"conversation-cost":   {{"--conversation-cost=much"}, {"--conversation-cost=-1"}, {"--conversation-cost=1e10"}, {"--conversation-cost=1", "--openai-api-key=k"}},
		"conversation-tokens": {{"--conversation-tokens=1.5"}, {"--conversation-tokens=-1"}},
		"daily-cost":          {{"--daily-cost=much"}, {"--daily-cost=-1"}, {"--daily-cost=NaN"}},
		"daily-tokens":        {{"--daily-tokens=many"}, {"--daily-tokens=-1"}},
		"data-dir":            {{"--data-dir=JUNK", "--database-url="}},
		"database-replica-urls": {
			{"--database-replica-urls=nonsense"},
			{"--database-replica-urls=postgres://copy/d postgres://%zz"},
			{"--database-replica-urls=postgres://copy/d", "--database-url="},
		},
		"database-replica-urls-file":  {{"--database-replica-urls-file=NONE"}, {"--database-replica-urls-file=JUNK"}},
		"database-url":                {{"--database-url=nonsense"}, {"--database-url=postgres://%zz"}},
		"database-url-file":           {{"--database-url-file=NONE", "--database-url="}, {"--database-url-file=JUNK"}},
		"decrypt":                     {{"--decrypt"}, {"--decrypt=perhaps", "--encryption-keys=KEYS"}},
		"embedder-table":              {{"--embedder-table=JUNK"}, {"--embedder-table=NONE"}},
		"embedding-dimensions":        {{"--embedding-dimensions=many"}, {"--embedding-dimensions=0"}, {"--embedding-dimensions=100000"}},
		"embedding-model":             {{"--embedding-model=bge-m3"}},
		"encryption-keys":             {{"--encryption-keys=JUNK"}, {"--encryption-keys=NONE"}, {"--encryption-keys=EMPTY"}},
		"gate-suite":                  {{"--gate-suite=JUNK"}, {"--gate-suite=NONE"}},
		"intent-model":                {{"--intent-model=JUNK"}, {"--intent-model=NONE"}},
		"key-rate":                    {{"--key-rate=fast"}, {"--key-rate=-1"}},
		"log-format":                  {{"--log-format=xml"}},
		"log-level":                   {{"--log-level=loud"}},
		"max-connections":             {{"--max-connections=many"}, {"--max-connections=0"}},
		"max-connections-per-network": {{"--max-connections-per-network=0"}},
		"max-questions":               {{"--max-questions=0"}, {"--max-questions=2000000"}},
		"oidc-client-id":              {{"--oidc-client-id=desk"}},
		"oidc-client-secret":          {{"--oidc-client-secret=s"}},
		"oidc-client-secret-file":     {{"--oidc-client-secret-file=NONE"}, {"--oidc-client-secret-file=EMPTY"}},
		"oidc-issuer":                 {{"--oidc-issuer=login", "--oidc-client-id=desk", "--public-url=https://desk.example"}, {"--oidc-issuer=https://login.example"}},
		"oidc-match":                  {{"--oidc-match=name"}},
		"openai-api-key":              {{"--openai-api-key=two words"}, {"--openai-api-key=a\nb"}},
		"openai-api-key-file":         {{"--openai-api-key-file=NONE"}, {"--openai-api-key-file=EMPTY"}, {"--openai-api-key-file=FOLDER"}, {"--openai-api-key-file=JUNK", "--openai-api-key=k"}, {"--openai-api-key-file=SHUT"}},
		"openai-base-url":             {{"--openai-base-url=localhost"}, {"--openai-base-url=ftp://models.example"}},
		"otel-service-name":           {{"--otel-service-name=", "--otlp-endpoint=http://127.0.0.1:4318"}},
		"otlp-endpoint":               {{"--otlp-endpoint=collector"}},
		"otlp-headers":                {{"--otlp-headers=key"}, {"--otlp-headers=a=%zz"}},
		"otlp-headers-file":           {{"--otlp-headers-file=NONE"}, {"--otlp-headers-file=JUNK"}},
		"providers":                   {{"--providers=JUNK"}, {"--providers=NONE"}, {"--providers=EMPTY"}},
		"public-url":                  {{"--public-url=desk.example"}, {"--public-url=https://desk.example/path"}},
		"redact-pii":                  {{"--redact-pii=perhaps"}},
		"request-deadline":            {{"--request-deadline=20"}, {"--request-deadline=1ms"}, {"--request-deadline=1h"}},
		"retention":                   {{"--retention=0d"}, {"--retention=2 years"}},
		"sample":                      {{"--sample=perhaps"}},
		"shadow":                      {{"--shadow=JUNK"}, {"--shadow=NONE"}, {"--shadow=CANDIDATE"}},
		"taxonomy":                    {{"--taxonomy=JUNK"}, {"--taxonomy=NONE"}},
		"tls-cert":                    {{"--tls-cert=JUNK"}, {"--tls-cert=JUNK", "--tls-key=JUNK"}, {"--tls-cert=NONE", "--tls-key=NONE"}, {"--tls-cert=CERT", "--tls-key=KEY", "--public-url=http://desk.example"}},
		"tls-key":                     {{"--tls-key=KEY"}, {"--tls-cert=CERT", "--tls-key=CERT"}},
		"total-rate":                  {{"--total-rate=-1"}},
		"trusted-proxy":               {{"--trusted-proxy=10.0.0.1"}, {"--trusted-proxy=proxy"}},
		"visitor-rate":                {{"--visitor-rate=1.5"}, {"--visitor-rate=-1"}},
	}
}

// serveFlags are the options of "deskhand serve", those that all commands share among them.
func serveFlags(t *testing.T) []*kong.Flag {
	t.Helper()
	var commands cli
	parser, err := kong.New(&commands, kong.Vars{"version": version})
	require.NoError(t, err)
	for _, node := range parser.Model.Children {
		if node.Name == "serve" {
			var flags []*kong.Flag
			for _, group := range node.AllFlags(false) {
				flags = append(flags, group...)
			}
			return flags
		}
	}
	require.Fail(t, "there is no serve")
	return nil
}

func TestEachSettingThatCannotWorkEndsInOneLineBeforeAnythingStarts(t *testing.T) {
	t.Parallel()

	places := strings.NewReplacer(settingFiles(t)...)
	cases := badSettings()
	for _, flag := range serveFlags(t) {
		if flag.Name == "help" || flag.Name == "version" {
			continue
		}
		require.NotEmpty(t, cases[flag.Name], "--%s is new: which values of it cannot work?", flag.Name)
		for _, arguments := range cases[flag.Name] {
			if os.Geteuid() == 0 && strings.Contains(strings.Join(arguments, " "), "SHUT") {
				continue // root may read everything
			}
			args := []string{"serve", nowhere, "--addr=127.0.0.1:0"}
			for _, argument := range arguments {
				args = append(args, places.Replace(argument))
			}
			t.Run(strings.Join(arguments, " "), func(t *testing.T) {
				t.Parallel()

				said := refusedAtOnce(t, args)
				require.Regexp(t, names(flag), said)
				require.NotContains(t, said, "two words", "a secret is not repeated")
			})
		}
		delete(cases, flag.Name)
	}
	require.Empty(t, cases, "there are no such options")
}

// names matches what an error calls a setting: its flag, its variable, or what they name. What stands in a file is checked as the setting itself.
func names(flag *kong.Flag) string {
	return strings.TrimSuffix(flag.Name, "-file") + "|" + strings.Join(flag.Envs, "|") + "|" + strings.ReplaceAll(flag.Name, "-", " ") + "|data folder"
}

// settingFiles makes the files that bad settings name, as arguments of strings.NewReplacer.
func settingFiles(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	cert, key := makeCertificate(t, folder, "one")
	return []string{
		"JUNK", file("junk", "junk\n", 0o600), "EMPTY", file("empty", "", 0o600), "SHUT", file("shut", "s\n", 0o000), "FOLDER", folder,
		"CANDIDATE", file("candidate.yaml", "name: a\nshare: 1\nchat_model: m\n", 0o600), "NONE", filepath.Join(folder, "none"), "CERT", cert, "KEY", key,
	}
}

// makeCertificate writes a certificate for localhost with its key, under the organisation of a name.
func makeCertificate(t *testing.T, folder, name string) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), NotBefore: time.Now().Add(-time.Hour), SerialNumber: big.NewInt(1),
	}
	template.Subject.Organization = []string{name}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(secret)
	require.NoError(t, err)
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Bytes: der, Type: "CERTIFICATE"}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Bytes: encoded, Type: "PRIVATE KEY"}), 0o600))
	return cert, key
}

func TestEverySecretMayStandInAFile(t *testing.T) {
	t.Parallel()

	var commands cli
	parser, err := kong.New(&commands, kong.Vars{"version": version})
	require.NoError(t, err)
	flags := make(map[string]*kong.Flag)
	for _, node := range append(parser.Model.Leaves(true), parser.Model.Node) {
		for _, group := range node.AllFlags(false) {
			for _, flag := range group {
				flags[flag.Name] = flag
			}
		}
	}
	secret := regexp.MustCompile(`^(database-url|.*-(key|secret|headers|password|token))$`)
	publicPaths := map[string]string{"tls-key": "a file already"}
	found := 0
	for name, flag := range flags {
		if !secret.MatchString(name) || len(flag.Envs) == 0 || publicPaths[name] != "" {
			continue
		}
		found++
		require.Contains(t, flags, name+"-file", "--%s is a secret: it may stand in a file too", name)
		require.Equal(t, []string{flag.Envs[0] + "_FILE"}, flags[name+"-file"].Envs)
	}
	require.GreaterOrEqual(t, found, 6)
}

func TestSecretsAreReadFromFiles(t *testing.T) {
	t.Parallel()

	write := func(t *testing.T, content string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	t.Run("AsTheyAre", func(t *testing.T) {
		t.Parallel()

		c := config{Files: secretFiles{
			DatabaseURLFile: write(t, "postgres://x:s3cret@db/desk\n", 0o600), OIDCClientSecretFile: write(t, "oidc", 0o600),
			OpenAIAPIKeyFile: write(t, "  sk-1\r\n", 0o600), OTLPHeadersFile: write(t, "a=b", 0o600),
		}}
		for range 2 { // again changes nothing
			require.NoError(t, readSecrets(c.secretFiles()))
		}
		require.Equal(t, "postgres://x:s3cret@db/desk", c.DatabaseURL)
		require.Equal(t, "oidc", c.Login.OIDCClientSecret)
		require.Equal(t, "sk-1", c.OpenAIAPIKey)
		require.Equal(t, "a=b", c.OTLPHeaders)
	})

	t.Run("WithAWarningWhereOthersCanReadThem", func(t *testing.T) {
		t.Parallel()

		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		warnOfOpenSecrets(logger, []secretFile{{flag: "a", path: write(t, "s", 0o600)}, {flag: "b"}})
		require.Empty(t, log.String())
		warnOfOpenSecrets(logger, []secretFile{{flag: "c", path: write(t, "hush", 0o640)}})
		require.Contains(t, log.String(), "--c ")
		require.NotContains(t, log.String(), "hush")
	})

	t.Run("ByACommand", func(t *testing.T) {
		t.Parallel()

		command(t, exitOK, "migrate", "--database-url-file="+write(t, pgtest.EmptyURL(t)+"\n", 0o600))
	})
}

// refusedAtOnce runs the program with arguments that cannot work, and returns the one line that says so.
func refusedAtOnce(t *testing.T, args []string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, streams{err: &stderr, in: strings.NewReader(""), out: &stdout})
	require.Equal(t, exitUsage, code, stderr.String())
	require.Empty(t, stdout.String())
	require.Regexp(t, `\Adeskhand: [^\n]+\n\z`, stderr.String())
	require.NotContains(t, stderr.String(), "127.0.0.1:1", "it is found before the database is asked for")
	return stderr.String()
}
