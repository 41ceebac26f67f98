package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestRun(t *testing.T) {
	t.Parallel()

	const unreachable = "--database-url=postgres://127.0.0.1:1/deskhand"
	badSuite := filepath.Join(t.TempDir(), "suite.yaml")
	require.NoError(t, os.WriteFile(badSuite, []byte("name: x\ncases:\n  - id: a\n    question: hello\n"), 0o600))
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"HelpListsTheCommands", []string{"--help"}, exitOK, "Run the service.", ""},
		{"HelpOfACommandHasExamples", []string{"ask", "--help"}, exitOK, "Examples:", ""},
		{"VersionIsPrinted", []string{"--version"}, exitOK, version, ""},
		{"UnknownCommand", []string{"fly"}, exitUsage, "", "unexpected argument fly"},
		{"UnknownFlag", []string{"serve", "--fast"}, exitUsage, "", "unknown flag --fast"},
		{"ServerThatDoesNotAnswer", []string{"migrate", unreachable}, exitUsage, "", "127.0.0.1:1"},
		{"AddressThatIsNone", []string{"migrate", "--database-url=nonsense"}, exitUsage, "", "DATABASE_URL"},
		{"DeadlineThatCannotWork", []string{"doctor", "--request-deadline=1ms"}, exitUsage, "", "--request-deadline"},
		{"EmbeddingModelWithoutAServer", []string{"doctor", "--embedding-model=bge-m3"}, exitUsage, "", "OPENAI_API_KEY"},
		{"NothingToImport", []string{"kb", "import", unreachable}, exitUsage, "", "--sample"},
		{"FileThatIsNotThere", []string{"kb", "import", "/nowhere.md", unreachable}, exitUsage, "", "/nowhere.md"},
		{"SuiteWithAnUnknownField", []string{"eval", "run", badSuite, unreachable}, exitUsage, "", "question"},
		{"RoleThatIsNone", []string{"key", "create", "--role", "king"}, exitUsage, "", "widget"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			var stdout, stderr bytes.Buffer
			code := run(t.Context(), test.args, streams{err: &stderr, in: strings.NewReader(""), out: &stdout})

			require.Equal(t, test.code, code, stderr.String())
			require.Contains(t, stdout.String(), test.stdout)
			require.Contains(t, stderr.String(), test.stderr)
		})
	}
}

func TestDoctorFindsAnEmptyKnowledgeBase(t *testing.T) {
	t.Parallel()

	printed := command(t, exitFailed, "doctor", "--database-url="+pgtest.EmptyURL(t), "--log-level=error")
	require.Contains(t, printed.out, "ok    database")
	require.Contains(t, printed.out, "FAIL  knowledge base")
}

// Searches go on without the copies, so nobody else says that one is no use.
func TestDoctorLooksAtEachCopyOfTheDatabase(t *testing.T) {
	t.Parallel()

	url := pgtest.EmptyURL(t)
	printed := command(t, exitFailed, "doctor", "--database-url="+url, "--log-level=error", "--no-model",
		"--database-replica-urls=postgres://nobody:hush@127.0.0.1:1/deskhand "+url)
	require.Contains(t, printed.out, "ok    encryption       off")
	require.Contains(t, printed.out, "FAIL  copy 1")
	require.Regexp(t, `FAIL  copy 2 .*it takes changes of its own`, printed.out)
	require.NotContains(t, printed.out, "hush")
}
