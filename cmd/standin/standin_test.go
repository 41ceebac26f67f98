package main

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACommandRunsAgainstTheStandIn(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	// The shell asks as a client does: connecting to an address where nobody listens fails.
	script := `echo "$OPENAI_BASE_URL $DESKHAND_CHAT_MODEL"; host=${OPENAI_BASE_URL#http://}; host=${host%/v1}; : < /dev/tcp/${host%:*}/${host#*:}`
	require.NoError(t, cli{Command: []string{"--", "bash", "-c", script}}.run(t.Context(), &out))
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/v1 stand-in\n$`, out.String())
}

func TestTheExitCodeIsThatOfTheCommand(t *testing.T) {
	t.Parallel()

	var ended *exec.ExitError
	require.ErrorAs(t, cli{Command: []string{"sh", "-c", "exit 7"}}.run(t.Context(), &bytes.Buffer{}), &ended)
	require.Equal(t, 7, ended.ExitCode())
	require.ErrorIs(t, cli{Command: []string{"no-such-command-anywhere"}}.run(t.Context(), &bytes.Buffer{}), exec.ErrNotFound)
}

func TestWithoutACommandItServesUntilItIsStopped(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	require.NoError(t, cli{}.run(ctx, &out))
	require.Regexp(t, `^export OPENAI_BASE_URL=http://127\.0\.0\.1:\d+/v1\n$`, out.String())
}

func TestTheCommandKnowsNoOtherModel(t *testing.T) {
	t.Parallel()

	inherited := []string{"OPENAI_API_KEY=k", "HOME=/root", "DESKHAND_PROVIDERS=p.yaml", "OPENAI_BASE_URL=http://elsewhere", "OPENAI_API_KEY_FILE=f"}
	require.Equal(t, []string{"HOME=/root", "DESKHAND_CHAT_MODEL=stand-in", "OPENAI_BASE_URL=http://here/v1"}, environment(inherited, "http://here/v1"))
	require.Len(t, inherited, 5)
	require.Equal(t, "OPENAI_API_KEY=k", inherited[0], "the caller's list is untouched")
}
