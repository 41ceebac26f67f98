package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNothingIsLostOrDoubledWhateverFails is the short part of `make faults`: promise P1, on the real program. It waits for what
// must happen, and asks for no speed.
func TestNothingIsLostOrDoubledWhateverFails(t *testing.T) {
	t.Parallel()

	o := options{
		Agents: 1, Customers: 6, Deadline: 3 * time.Second, DiskMB: 512, Encrypted: true, Faults: 8, Hasty: true, Longest: time.Second,
		Log: filepath.Join(t.TempDir(), "log"), Questions: 200, Replicas: 2, Seed: 1,
		Kind: []string{
			"clock behind", "connections cut", "database killed (SIGKILL)", "disk full", "model hangs", "network stalled", "replica killed",
			"replica stopped (SIGTERM)",
		},
	}
	require.NoError(t, o.check())
	result, err := runFaults(t.Context(), o, t.Output())
	require.NoError(t, err)
	require.NoError(t, result.print(t.Output()))

	require.Empty(t, result.Failures)
	require.Equal(t, o.Faults, result.Injected)
	require.Equal(t, o.Questions, result.Ledger.Questions)
	require.Positive(t, result.Ledger.Accepted)
	require.Zero(t, result.Ledger.Lost, "accepted, and neither answered nor with a person")
	require.Zero(t, result.Ledger.Doubled)
	require.Zero(t, result.Ledger.Different)
	require.Positive(t, result.Ledger.TextsSealed)
	require.Zero(t, result.Ledger.TextsPlain)
	require.True(t, result.Ledger.sound(), "%+v", result.Ledger)
}

// A ledger that could not find a loss would prove nothing.
func TestLedgerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()

	kept := place{ConversationID: "c", MessageID: "m"}
	read := ending{place: kept, Outcome: "answered"}
	read.Reply.Body, read.Reply.MessageID = "body", "r"
	stored := entry{Conversation: "c", Message: "m", Outcome: "answered", Reply: "r", ReplyBody: "body"}
	handedOff := entry{Conversation: "c", Message: "m", Outcome: "handed_off", Reply: "r", ReplyBody: "body"}
	other := stored
	other.Reply = "r2"
	for _, test := range []struct {
		name  string
		asked question
		entry *entry
		want  ledger
	}{
		{"Answered", question{accepted: true, kept: kept, ends: []ending{read}}, &stored, ledger{Accepted: 1, Read: 1, Answered: 1}},
		{"NeverAccepted", question{}, nil, ledger{GaveUp: 1}},
		{"Gone", question{accepted: true, kept: kept}, nil, ledger{Accepted: 1, GaveUp: 1, Lost: 1}},
		{"StoredAndNeverEnded", question{}, &entry{Message: "m"}, ledger{GaveUp: 1, Lost: 1}},
		{"HandedToNobody", question{accepted: true, kept: kept}, &handedOff, ledger{Accepted: 1, GaveUp: 1, Lost: 1}},
		{"AnotherReply", question{accepted: true, kept: kept, ends: []ending{read}}, &other, ledger{Accepted: 1, Read: 1, Answered: 1, Different: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			var got ledger
			got.count(&test.asked, test.entry)
			test.want.Questions = 1
			require.Equal(t, test.want, got)
			got.AuditIntact = true
			require.Equal(t, got.Lost+got.Different == 0, got.sound())
		})
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()

	require.ErrorContains(t, options{}.check(), "--questions")
	require.ErrorContains(t, options{Questions: 1, Customers: 1, Replicas: 1, Kind: []string{"flood"}}.check(), "replica killed")
}

// TestUnderOverloadQuestionsAreTakenOrRefusedAndCasesForAPersonAlwaysTaken is the short part of `make overload`. How fast it all is,
// and in how much memory, is for the long one.
func TestUnderOverloadQuestionsAreTakenOrRefusedAndCasesForAPersonAlwaysTaken(t *testing.T) {
	t.Parallel()

	o := overloadOptions{
		Customers: 4, Deadline: 20 * time.Second, Factor: 4, Flags: []string{"--max-questions", "4"}, For: 3 * time.Second,
		Log: filepath.Join(t.TempDir(), "log"), ModelLatency: 300 * time.Millisecond, Seed: 1, Warm: time.Second,
	}
	result, err := runOverload(t.Context(), o, t.Output())
	require.NoError(t, err)
	require.NoError(t, result.print(t.Output()))

	always, _ := result.broken()
	require.Empty(t, always)
	require.Positive(t, result.Accepted)
	require.Positive(t, result.Refused, "there was more than it could take")
	require.Positive(t, result.Urgent)
}

// TestThreeReplicasOnTwoDatabasesAgree is the short part of `make faults ARGS=machines`: real servers, one of which follows the other. How
// soon replicas know of a change is for the long one; that they do, and that nothing is lost, is asked here.
func TestThreeReplicasOnTwoDatabasesAgree(t *testing.T) {
	t.Parallel()

	result, err := runMachines(t.Context(), machinesOptions{
		Agents: 1, Customers: 3, Hasty: true, Log: filepath.Join(t.TempDir(), "log"), Rounds: 3, Seed: 1,
	}, t.Output())
	require.NoError(t, err)
	require.NoError(t, result.print(t.Output()))

	always, _ := result.broken()
	require.Empty(t, always)
	require.Positive(t, result.Ledger.Accepted)
	require.Positive(t, result.Copies.Answered)
	require.Positive(t, result.Tickets)
}

// TestReplicasAreReplacedWhileCustomersAsk is the short part of `go run ./cmd/faults upgrade`, with one build in both places: what changes
// between two versions is what migrations' own test and the long run are for.
func TestReplicasAreReplacedWhileCustomersAsk(t *testing.T) {
	t.Parallel()

	binary := filepath.Join(t.TempDir(), "deskhand")
	require.NoError(t, build(t.Context(), binary))
	result, err := runUpgrade(t.Context(), upgradeOptions{
		Agents: 1, Before: binary, Binary: binary, Customers: 3, Hasty: true, Log: filepath.Join(t.TempDir(), "log"), Replicas: 2, Seed: 1,
	}, t.Output())
	require.NoError(t, err)
	require.NoError(t, result.print(t.Output()))

	require.Len(t, result.Steps, 4)
	require.Positive(t, result.Ledger.Accepted)
	require.Zero(t, result.Ledger.GaveUp)
	require.True(t, result.Ledger.sound(), "%+v", result.Ledger)
}

// TestAnOlderDeskHasWhatItsRowsNeed is the short part of `go run ./cmd/faults growth`: conversations that are told again are whole.
func TestAnOlderDeskHasWhatItsRowsNeed(t *testing.T) {
	t.Parallel()

	result, err := runGrowth(t.Context(), growthOptions{
		Conversations: 10 * models, DiskMB: 1024, Log: filepath.Join(t.TempDir(), "log"), Rounds: 1, Turn: 100 * time.Millisecond,
	}, t.Output())
	require.NoError(t, err)
	require.NoError(t, result.print(t.Output()))

	require.Equal(t, int64(11*models), result.Conversations)
	require.Len(t, result.Lines, 2)
}

func TestProcessorTimeOfAProcessIsItsOwn(t *testing.T) {
	t.Parallel()

	own := statOf(os.Getpid())
	require.Equal(t, os.Getppid(), own.parent)
	for statOf(os.Getpid()).used <= own.used { // this computes, so it ends
	}
	p := processorOf(os.Getpid(), os.Getppid())
	require.Greater(t, p.program, own.used)
	require.GreaterOrEqual(t, p.database, p.program, "a child's time is among that of the server's processes")
	require.Zero(t, statOf(-1))
}

func TestAQuestionsShareOfTheProcessorTime(t *testing.T) {
	t.Parallel()

	own := turn{latencies: make([]time.Duration, 4), processor: processorTime{database: 40 * time.Millisecond, program: 8 * time.Millisecond}}
	line := newSpeedLine(setting{}, nameModel, []turn{own}, []turn{own})
	require.InDelta(t, 2, line.ProgramMs.Median, 1e-9)
	require.InDelta(t, 10, line.DatabaseMs.Median, 1e-9)
}
