package httpapi_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

var update = flag.Bool("update", false, "write docs/openapi.yaml") //nolint:gochecknoglobals // a test flag has to be one

const openAPIFile = "../../docs/openapi.yaml"

func TestCommittedOpenAPIMatchesTheCode(t *testing.T) {
	t.Parallel()

	description, err := httpapi.OpenAPI()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(openAPIFile, description, 0o600))
	}
	committed, err := os.ReadFile(openAPIFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(description), "the interface changed: run make openapi, and look at the difference")
}
