package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sashabaranov/go-openai"
	"github.com/stretchr/testify/require"
)

func TestChatWorksWithGoOpenAI(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	config := openai.DefaultConfig(s.widget)
	config.BaseURL = "http://" + s.listen(t) + "/v1"
	client := openai.NewClientWithConfig(config)
	want := s.chat(t, pendingZh, nil).Choices[0].Message.Content
	request := openai.ChatCompletionRequest{
		Messages: []openai.ChatCompletionMessage{{Content: pendingZh, Role: openai.ChatMessageRoleUser}}, Model: "deskhand",
	}

	list, err := client.ListModels(t.Context())
	require.NoError(t, err)
	require.Equal(t, "deskhand", list.Models[0].ID)

	answer, err := client.CreateChatCompletion(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, want, answer.Choices[0].Message.Content)
	require.Equal(t, openai.FinishReasonStop, answer.Choices[0].FinishReason)
	require.Positive(t, answer.Usage.TotalTokens)

	request.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	stream, err := client.CreateChatCompletionStream(t.Context(), request)
	require.NoError(t, err)
	defer stream.Close()
	var text strings.Builder
	var usage *openai.Usage
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, choice := range part.Choices {
			text.WriteString(choice.Delta.Content)
		}
		if part.Usage != nil {
			usage = part.Usage
		}
	}
	require.Equal(t, want, text.String())
	require.Positive(t, usage.TotalTokens)

	request.N, request.StreamOptions = 2, nil
	_, err = client.CreateChatCompletion(t.Context(), request)
	var refused *openai.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 400, refused.HTTPStatusCode)
	require.Equal(t, "n", *refused.Param)
}

// clientReport is what client.mjs prints.
type clientReport struct {
	Answer          string   `json:"answer"`
	Continued       bool     `json:"continued"`
	Errors          []string `json:"errors"`
	Finish          string   `json:"finish"`
	Helper          string   `json:"helper"`
	Model           string   `json:"model"`
	Models          []string `json:"models"`
	Outcome         string   `json:"outcome"`
	Streamed        string   `json:"streamed"`
	StreamedOutcome string   `json:"streamedOutcome"`
	StreamedTokens  int      `json:"streamedTokens"`
	Tokens          int      `json:"tokens"`
}

// TestChatWorksWithTheOfficialClient runs a program on OpenAI's own JavaScript client, in the version that the lock file
// names, installed into a folder of the test.
func TestChatWorksWithTheOfficialClient(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("this machine has no %s, so OpenAI's JavaScript client is not tried. Install Node.js 20 or later.", tool)
		}
	}
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "openai-client"))))
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = folder
	if output, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install OpenAI's JavaScript client, so it is not tried: let it reach a registry of npm packages: %v\n%s", err, output)
	}

	s := newSystem(t, options{})
	want := s.chat(t, pending, nil).Choices[0].Message.Content
	program := exec.CommandContext(t.Context(), "node", "client.mjs")
	program.Dir = folder
	program.Env = append(os.Environ(), "BASE_URL=http://"+s.listen(t)+"/v1", "KEY="+s.widget, "QUESTION="+pending)
	var stderr bytes.Buffer
	program.Stderr = &stderr
	output, err := program.Output()
	require.NoError(t, err, stderr.String())
	var got clientReport
	require.NoError(t, json.Unmarshal(output, &got), string(output))
	require.Equal(t, []string{"deskhand"}, got.Models)
	require.Equal(t, "deskhand", got.Model)
	require.Equal(t, want, got.Answer)
	require.Equal(t, want, got.Streamed)
	require.Equal(t, want, got.Helper)
	require.Equal(t, "answered", got.Outcome)
	require.Equal(t, "answered", got.StreamedOutcome)
	require.Equal(t, "stop", got.Finish)
	require.True(t, got.Continued)
	require.Positive(t, got.Tokens)
	require.Equal(t, got.Tokens, got.StreamedTokens)
	require.Equal(t, []string{
		"BadRequestError 400 tools", "NotFoundError 404 model", "BadRequestError 400 n", "AuthenticationError 401",
	}, got.Errors)
}
