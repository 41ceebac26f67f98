package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage/intent"
)

// TestTriageWithTheDesksOwnTaxonomy walks the way of a desk that edits its intents: print the file, change it, teach the new
// intent, use both. It learns from its own examples alone, which is the same way in a second instead of a minute.
func TestTriageWithTheDesksOwnTaxonomy(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	taxonomy := filepath.Join(folder, "desk.yaml")
	text := command(t, exitOK, "triage", "taxonomy").out
	text = strings.Replace(text, "  - id: trading.fees\n", `  - id: trading.copy_leader
    definition: "How to follow another trader"
    priority: P4
    auto_answer: never
    why: "The desk sells this by telephone"
    collect: []
  - id: trading.fees
`, 1)
	require.NoError(t, os.WriteFile(taxonomy, []byte(text), 0o600))

	checked := command(t, exitOK, "--taxonomy", taxonomy, "triage", "taxonomy")
	require.Equal(t, text, checked.out)
	require.Contains(t, checked.err, "no examples of trading.copy_leader")

	examples := filepath.Join(folder, "examples")
	require.NoError(t, os.Mkdir(examples, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(examples, "copy.yaml"), []byte(`trading.copy_leader:
  en: |
    how do i become a copy leader
    i want to follow a lead trader and copy his positions
    copy trading leader settings
    where can i see the copy leaders
  zh-Hans: |
    怎么跟单带单员
    我想跟单
    跟单交易在哪里设置
    如何成为带单员
general.feedback_feature:
  en: |
    please add a dark mode
    i like the new app
    the old design was better
    a suggestion for the chart
  zh-Hans: |
    建议增加夜间模式
    新版很好用
    提个建议
    希望支持更多语言
`), 0o600))
	model := filepath.Join(folder, "desk.bin")
	command(t, exitOK, "--taxonomy", taxonomy, "triage", "train", "--examples", examples, "--only-own", "--out", model)

	for _, question := range []string{"how can i follow a copy leader", "跟单带单员怎么设置"} {
		var found triageJSON
		out := command(t, exitOK, "--taxonomy", taxonomy, "--intent-model", model, "triage", "try", question).out
		require.NoError(t, json.Unmarshal([]byte(out), &found))
		require.Equal(t, "trading.copy_leader", found.Intent)
		require.NotEmpty(t, found.HandOff, "the desk said never")
	}
}

func TestTriageNamesTheLineOfABrokenTaxonomy(t *testing.T) {
	t.Parallel()

	broken := filepath.Join(t.TempDir(), "desk.yaml")
	text := strings.Replace(intent.DefaultText(), "auto_answer: never", "auto_answer: seldom", 1)
	require.NoError(t, os.WriteFile(broken, []byte(text), 0o600))

	result := command(t, exitUsage, "--taxonomy", broken, "triage", "try", "hello")
	require.Regexp(t, `desk\.yaml:\d+: auto_answer "seldom" is not one of`, result.err)
}

func TestTriageTrainRefusesWhatItCannotLearn(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.yaml"), []byte("made.up:\n  en: |\n    a text\n"), 0o600))
	out := filepath.Join(folder, "model.bin")

	require.Contains(t, command(t, exitUsage, "triage", "train", "--examples", folder).err, "--out is missing")
	require.Contains(t, command(t, exitUsage, "triage", "train", "--examples", folder, "--out", out).err, `no intent "made.up"`)
	require.Contains(t, command(t, exitUsage, "triage", "train", "--examples", t.TempDir(), "--out", out).err, "no *.yaml file")
	require.NoFileExists(t, out)
	require.NoError(t, os.WriteFile(out, []byte("no model"), 0o600))
	require.Contains(t, command(t, exitUsage, "--intent-model", out, "triage", "try", "hello").err, "not an intent model")
}

func TestTriageTryRemovesSecretsFirst(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"my password is Sunset9!Qw", "我的密码是Sunset9!Qw", "كلمة المرور هي Sunset9!Qw"} {
		result := command(t, exitOK, "triage", "try", text)
		require.NotContains(t, result.out, "Sunset9")
		require.Contains(t, result.out, `"secret_shared"`)
	}
}

// output is what a command printed.
type output struct{ err, out string }

// command runs the program to its end, which must be this code.
func command(t *testing.T, code int, args ...string) output {
	t.Helper()
	got, stdout, stderr := execute(t, args...)
	require.Equal(t, code, got, "%s%s", stdout, stderr)
	return output{err: stderr, out: stdout}
}

// execute runs the program and returns its exit code and what it said.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	program := exec.CommandContext(t.Context(), deskhand, args...)
	program.Stdout, program.Stderr = &out, &said
	if err := program.Run(); program.ProcessState == nil {
		require.NoError(t, err)
	}
	return program.ProcessState.ExitCode(), out.String(), said.String()
}
