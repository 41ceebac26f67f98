package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// deskhand is the path of the program itself, as `make build` makes it: one that can be killed. It is not the test binary,
// which takes seconds of the processor for each start under the race detector.
var deskhand string

// answerWait bounds how long a test waits for something that happens in the background.
const answerWait = 3 * time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" { // a fuzz target starts no program
		os.Exit(m.Run())
	}
	folder, err := os.MkdirTemp("", "deskhand-test-")
	if err == nil {
		deskhand = filepath.Join(folder, "deskhand")
		err = buildProgram()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the program to test:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func buildProgram() error {
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", deskhand, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	return build.Run()
}

// program is a running deskhand serve.
type program struct {
	base    string
	command *exec.Cmd
	keys    map[string]string // by role, as in the printed export lines
	output  *bytes.Buffer
}

// startProgram runs deskhand serve in a process of its own and waits until it says that it is ready.
func startProgram(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), deskhand, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	command.Env = append(append(os.Environ(), "DESKHAND_REQUEST_DEADLINE=1m"), env...) // a busy machine is slow
	command.Stderr = t.Output()
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	p := &program{command: command, keys: make(map[string]string), output: &bytes.Buffer{}}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	p.read(t, stdout)
	return p
}

var (
	readyLine = regexp.MustCompile(`answers\s+POST (https?://\S+)/v1/answers`)
	keyLine   = regexp.MustCompile(`export (\w+)_KEY=(\S+)`)
)

func (p *program) read(t *testing.T, stdout io.Reader) {
	t.Helper()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p.output.WriteString(lines.Text() + "\n")
		if match := readyLine.FindStringSubmatch(lines.Text()); match != nil {
			p.base = match[1]
		}
		if match := keyLine.FindStringSubmatch(lines.Text()); match != nil {
			p.keys[match[1]] = match[2]
		}
		if lines.Text() == stopHint {
			go func() { _, _ = io.Copy(io.Discard, stdout) }() // so that the program never waits for a reader
			return
		}
	}
	require.Fail(t, "the program ended before it was ready", p.output.String())
}

// reply is what the tests read of an answer or a ticket.
type reply struct {
	ConversationID string `json:"conversation_id"`
	MessageID      string `json:"message_id"`
	Outcome        string `json:"outcome"`
	Reply          struct {
		Body      string `json:"body"`
		Citations []struct {
			Slug string `json:"slug"`
		} `json:"citations"`
		Language string `json:"language"`
	} `json:"reply"`
	Ticket *struct {
		Number    string    `json:"number"`
		RespondBy time.Time `json:"respond_by"`
	} `json:"ticket"`
}

// call sends a request with the key of a role and decodes the answer into out.
func (p *program) call(t *testing.T, role, method, path string, body, out any) int {
	t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, p.base+path, reader)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.keys[role])
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if out != nil {
		require.NoError(t, json.Unmarshal(content, out), string(content))
	}
	return response.StatusCode
}

func (p *program) ask(t *testing.T, question string) reply {
	t.Helper()
	var answer reply
	status := p.call(t, "WIDGET", http.MethodPost, "/v1/answers", map[string]any{"message": map[string]any{"body": question}}, &answer)
	require.Equal(t, http.StatusOK, status)
	return answer
}

func TestServe(t *testing.T) { //nolint:tparallel // its subtests are steps of one story
	t.Parallel()

	url := pgtest.EmptyURL(t)
	p := startProgram(t, []string{"DATABASE_URL=" + url}, "--sample")

	t.Run("AnswersInTheCustomersLanguageWithCitations", func(t *testing.T) {
		answer := p.ask(t, "提币两个小时了还没到账,怎么办?")
		require.Equal(t, "answered", answer.Outcome)
		require.Equal(t, "zh-Hans", answer.Reply.Language)
		require.Equal(t, "withdrawal-pending", answer.Reply.Citations[0].Slug)
		require.Nil(t, answer.Ticket)
	})

	t.Run("HackedAccountBecomesAnUrgentTicketWithContainment", func(t *testing.T) {
		answer := p.ask(t, "Someone logged into my account and withdrew my BTC")
		require.Equal(t, "handed_off", answer.Outcome)
		require.Contains(t, answer.Reply.Body, "Freeze account")
		require.NotNil(t, answer.Ticket)
		require.WithinDuration(t, time.Now().Add(15*time.Minute), answer.Ticket.RespondBy, time.Minute)
	})

	t.Run("AgentAcceptsTheDraftAndTheCustomerReadsIt", func(t *testing.T) { agentAccepts(t, p) })

	t.Run("KillSwitchHandsOverAtOnce", func(t *testing.T) {
		require.Equal(t, "answered", p.ask(t, "whats the taker fee for spot").Outcome)
		runProgram(t, []string{"DATABASE_URL=" + url}, "policy", "auto-reply", "off")
		require.Equal(t, "handed_off", p.ask(t, "whats the taker fee for spot").Outcome)
	})

	t.Run("StopsCleanlyOnSIGTERM", func(t *testing.T) {
		require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
		require.NoError(t, p.command.Wait())
	})
}

// agentAccepts plays the desk: a case that got no automatic answer, its draft, and what the customer then sees.
func agentAccepts(t *testing.T, p *program) {
	t.Helper()
	answer := p.ask(t, "lost my phone with google authenticator cant log in anymore")
	require.Equal(t, "handed_off", answer.Outcome)

	type ticket struct {
		Drafts []struct {
			Body string `json:"body"`
			ID   string `json:"id"`
		} `json:"drafts"`
		Ticket struct {
			ConversationID string `json:"conversation_id"`
			ID             string `json:"id"`
			Version        int    `json:"version"`
		} `json:"ticket"`
	}
	var list struct {
		Tickets []struct {
			ConversationID string `json:"conversation_id"`
			ID             string `json:"id"`
			Version        int    `json:"version"`
		} `json:"tickets"`
	}
	require.Equal(t, http.StatusOK, p.call(t, "AGENT", http.MethodGet, "/v1/tickets", nil, &list))
	id, version := "", 0
	for _, row := range list.Tickets {
		if row.ConversationID == answer.ConversationID {
			id, version = row.ID, row.Version
		}
	}
	require.NotEmpty(t, id, "the ticket is in the queue")
	require.Equal(t, http.StatusOK, p.call(t, "AGENT", http.MethodPost, "/v1/tickets/"+id+"/claim", map[string]any{"version": version}, nil))

	var detail ticket
	require.Eventually(t, func() bool {
		return p.call(t, "AGENT", http.MethodGet, "/v1/tickets/"+id, nil, &detail) == http.StatusOK && len(detail.Drafts) > 0
	}, answerWait, 100*time.Millisecond, "the job makes a draft")
	status := p.call(t, "AGENT", http.MethodPost, "/v1/tickets/"+id+"/reply",
		map[string]any{"action": "accept", "draft_id": detail.Drafts[0].ID, "version": detail.Ticket.Version}, nil)
	require.Equal(t, http.StatusOK, status)

	var conversation struct {
		Messages []struct {
			Author string `json:"author"`
			Body   string `json:"body"`
		} `json:"messages"`
	}
	require.Equal(t, http.StatusOK, p.call(t, "WIDGET", http.MethodGet, "/v1/conversations/"+answer.ConversationID, nil, &conversation))
	last := conversation.Messages[len(conversation.Messages)-1]
	require.Equal(t, "agent", last.Author)
	require.Equal(t, detail.Drafts[0].Body, last.Body)
}

// TestPrivateCluster is the embedded default: no DATABASE_URL, a command beside the running service, a kill, a new start.
func TestPrivateCluster(t *testing.T) {
	t.Parallel()

	// Not t.TempDir: under root, PostgreSQL's own user must be able to pass through the folders above.
	dir, err := os.MkdirTemp("", "deskhand-run-") //nolint:usetesting // see above
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	env := []string{"DATABASE_URL=", "DESKHAND_DATA_DIR=" + dir}
	p := startProgram(t, env, "--sample")
	require.Equal(t, "answered", p.ask(t, "whats the taker fee for spot").Outcome)

	p.keys["WIDGET"] = strings.TrimSpace(runProgram(t, env, "key", "create", "--role", "widget", "-q"))
	require.Equal(t, "answered", p.ask(t, "whats the taker fee for spot").Outcome, "a key made beside the service works at once")

	require.NoError(t, p.command.Process.Kill())
	_ = p.command.Wait()
	again := startProgram(t, env)
	again.keys = p.keys
	require.Equal(t, "answered", again.ask(t, "whats the taker fee for spot").Outcome)
	require.NoError(t, again.command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, again.command.Wait())
}

// runProgram runs a command of the program to its end and returns what it printed.
func runProgram(t *testing.T, env []string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), deskhand, args...)
	command.Env = append(os.Environ(), env...)
	command.Stderr = t.Output()
	output, err := command.Output()
	require.NoError(t, err)
	return string(output)
}

// TestServeSurvivesSIGKILL is promise P1: whatever was accepted before the process died ends as one answer or one ticket.
func TestServeSurvivesSIGKILL(t *testing.T) {
	t.Parallel()

	const questions = 50
	model := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	model.Always(llmtest.Chat, llmtest.Hang())
	url := pgtest.EmptyURL(t)
	env := []string{
		"DATABASE_URL=" + url, "OPENAI_BASE_URL=" + model.BaseURL(), "DESKHAND_CHAT_MODEL=stand-in", "DESKHAND_REQUEST_DEADLINE=10s",
	}
	p := startProgram(t, env, "--sample")
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	var asking sync.WaitGroup
	for i := range questions {
		asking.Go(func() { askAndForget(t.Context(), p, i) })
	}
	require.Eventually(t, func() bool { return count(t, pool, `SELECT count(*) FROM runs`) == questions }, answerWait, 5*time.Millisecond)
	inFlight := count(t, pool, `SELECT count(*) FROM runs WHERE status = 'running'`)
	require.NoError(t, p.command.Process.Kill())
	asking.Wait()
	require.Positive(t, inFlight, "the process was killed in the middle of its work")

	model.Heal(llmtest.Chat)
	startProgram(t, env)
	require.Eventually(t, func() bool {
		return count(t, pool, `SELECT count(*) FROM runs WHERE status = 'concluded'`) == questions
	}, answerWait, 50*time.Millisecond, "every question ends")
	t.Logf("%d of %d questions were in flight when the process was killed", inFlight, questions)

	require.Equal(t, questions, count(t, pool, `SELECT count(*) FROM messages WHERE author = 'customer'`))
	require.Equal(t, questions, count(t, pool, `SELECT count(*) FROM messages WHERE author = 'assistant'`), "one reply each")
	require.Equal(t, 0, count(t, pool, `SELECT count(*) FROM runs WHERE outcome = 'handed_off' AND ticket_id IS NULL`))
	require.Equal(t, count(t, pool, `SELECT count(*) FROM runs WHERE outcome = 'handed_off'`), count(t, pool, `SELECT count(*) FROM tickets`),
		"one ticket for each hand-off")
}

// askAndForget asks in a way that may fail: the server is about to be killed.
func askAndForget(ctx context.Context, p *program, i int) {
	question := []string{"whats the taker fee for spot", "提币两个小时了还没到账,怎么办?", "my account was hacked", "السحب معلق من ساعتين"}[i%4]
	body, err := json.Marshal(map[string]any{"message": map[string]any{"body": question}})
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+"/v1/answers", bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.keys["WIDGET"])
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
}

func count(t *testing.T, pool *pgxpool.Pool, query string) int {
	t.Helper()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&n))
	return n
}
