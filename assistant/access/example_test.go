package access_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

// The programs in docs/identity.md make tokens that are accepted. A language that the machine lacks is skipped.
func TestDocumentedProgramsMakeGoodTokens(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/identity.md")
	require.NoError(t, err)
	secret := access.NewIdentitySecret()
	for _, program := range []struct{ language, file, run, install string }{
		{"js", "token.mjs", "node", "apt-get install nodejs"},
		{"go", "token.go", "go run", "see https://go.dev/dl"},
		{"php", "token.php", "php", "apt-get install php-cli"},
	} {
		t.Run(program.language, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(program.run)
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("%s is not installed, so the example of docs/identity.md is not run: %s", words[0], program.install)
			}
			block := regexp.MustCompile("(?s)```" + program.language + "\n(.*?)```").FindSubmatch(document)
			require.NotNil(t, block, "docs/identity.md has an example in %s", program.language)
			path := filepath.Join(t.TempDir(), program.file)
			require.NoError(t, os.WriteFile(path, block[1], 0o600))
			command := exec.CommandContext(t.Context(), words[0], append(words[1:], path)...)
			command.Env = append(os.Environ(), "WIDGET_KEY_ID="+audience, "IDENTITY_SECRET="+secret)
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))

			key := access.IdentityKey{Algorithm: access.HS256, Material: []byte(secret)}
			customer, err := access.CheckToken(strings.TrimSpace(string(output)), []access.IdentityKey{key}, audience, time.Now())
			require.NoError(t, err)
			require.Equal(t, []string{"customer-42", "vip"}, []string{customer.Ref, customer.Tier})
		})
	}
}
