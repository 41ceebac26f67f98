package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// badOptions are values that cannot work, of the options that commands have for themselves: by "command --option", or by "--option"
// for every command that has it. An option whose type says what is wrong needs none: see wrongType. Those of "deskhand serve" are in
// badSettings.
func badOptions() map[string]string {
	return map[string]string{
		"--agent-key-file": "NONE", "--allow-network": "10.0.0.1/8", "--as": "", "--budget": "-1", "--clients": "0", "--code": "junk",
		"--conversation": "junk", "--days": "0", "--delete": "0", "--dimensions": "-1", "--due-within": "-1h", "--epochs": "-1",
		"--event": "junk", "--for": "-1h", "--from": "junk", "--head": "junk", "--in": "-1h", "--jurisdiction": "junk", "--keep": "-1h",
		"--large-amount": "BTC=-1", "--lead-override": "junk", "--limit": "-1", "--locale": "no tag", "--max-clarifications": "-1",
		"--min-confidence": "2", "--password-file": "NONE", "--public-key": "junk", "--rate": "-1", "--ref": "", "--reference": "0",
		"--repeat": "0", "--rounds": "0", "--rows": "-1", "--rule": "junk", "--seen": "-1", "--session": "junk", "--silent-intent": "junk",
		"--silent-language": "xx", "--simulate": "-1", "--since": "-1h", "--target-precision": "2", "--widget-key-file": "NONE",
		"complaint export --to": "junk", "complaint list --to": "junk", "eval review sample --to": "junk", "incident start --text": "junk",
		"stats --to": "junk",
	}
}

// anyOption are the options whose value only the database, the desk's own document, a file that is read first or another server can
// judge, each with what judges it; and those that take every text or number.
func anyOption() map[string]string {
	return map[string]string{
		"--action": "the audit log: unknown ones find nothing", "--actor": "as --action", "--subject": "as --action, or the provider",
		"--agent-key": "the replica", "--widget-key": "the replica", "--at": "the replicas", "--ask": "which section is printed",
		"--assignee": "who works here", "--baseline": "a file, or a run in the database", "--case": "the run", "--category": "the articles",
		"--cause": "free text, checked with the decision", "--channel": "the desk's document", "--cases": "the file",
		"--doc-langs": "the data set", "--query-langs": "the data set", "--draft": "the ticket", "--endpoint": "the endpoints",
		"--file": "the file", "--intent": "the intents", "--into": "the tickets", "--issuer": "the provider",
		"--language": "the languages that are used", "--model": "the models", "--name": "free text", "--note": "free text",
		"--only-failed": "the run", "--oos-label": "the data set", "--origin": "an address of a page: the key's check",
		"--out": "a folder that is made", "--svg": "a folder that is made", "--override": "the guard", "--override-reason": "free text",
		"--parallel": "below one is as many as there are processors", "--queue": "the desk's document", "--reason": "free text",
		"--regime": "the desk's document", "--resume": "the runs", "--risk": "the rules", "--seed": "every number", "--size": "the questions",
		"--suite": "the runs", "--tag": "the suite", "--text": "free text", "--to": "who works here, or the desk's document",
		"--overlap": "the key's identity", "incident start --jurisdiction": "the notice's check", "incident start --language": "as --jurisdiction",
		"incident preview --jurisdiction": "as above",
		"eval import --since":             "where it comes from the desk", "eval import --locale": "as --since", "eval import --limit": "as --since",
		"kb diff --locale": "the articles", "kb history --locale": "the articles", "kb list --locale": "the articles",
		"kb restore --locale": "the articles", "kb show --locale": "the articles",
		"key identity set --public-key": "the file", "eval review sample --size": "the questions", "embedder train --dimensions": "0 is the default",
	}
}

// wrongType is a value that is none of an option's type; false for a type that every text is one of.
func wrongType(flag *kong.Flag) (value string, ok bool) {
	switch {
	case flag.Enum != "":
		return "junk", true
	case slices.Contains([]string{"existingfile", "existingdir", "newfile"}, flag.Tag.Type):
		return "/nowhere/at/all", true
	}
	switch flag.Target.Type().String() {
	case "string", "[]string":
		return "", false
	}
	return "perhaps", true
}

func newParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := kong.New(new(cli), kong.Vars{"version": version}, kong.NamedMapper("newfile", kong.MapperFunc(newFile)))
	require.NoError(t, err)
	return parser
}

// ownFlags are the options that a command has for itself, beside those that it shares.
func ownFlags(leaf *kong.Node, shared map[string]bool) []*kong.Flag {
	var own []*kong.Flag
	for _, group := range leaf.AllFlags(false) {
		for _, flag := range group {
			if !shared[flag.Name] {
				own = append(own, flag)
			}
		}
	}
	return own
}

// sound is a value of which the parser has nothing to complain about.
func sound(value *kong.Value, folder string) string {
	switch {
	case value.Tag.Type == "existingdir":
		return folder
	case value.Tag.Type != "" || value.Name == "file":
		return filepath.Join(folder, "file")
	case value.Enum != "":
		return strings.Split(strings.TrimPrefix(value.Enum, ","), ",")[0]
	}
	switch value.Target.Type().String() {
	case "uuid.UUID":
		return "01a200a5-9b0a-7120-bbd8-3d96fa25079b"
	case "map[string]string":
		return "en=x"
	case "int", "int32", "int64":
		return "1"
	}
	return "x"
}

// invocation is a command with all that it needs but one option, which comes last.
func invocation(leaf *kong.Node, own []*kong.Flag, flag *kong.Flag, folder string) []string {
	args := slices.Concat(strings.Fields(leaf.FullPath())[1:], []string{nowhere})
	for _, value := range leaf.Positional {
		args = append(args, sound(value, folder))
	}
	for _, other := range own {
		excludes := slices.ContainsFunc(other.Xor, func(group string) bool { return slices.Contains(flag.Xor, group) })
		needed := other.Required || slices.Contains([]string{"as", "agent-key", "widget-key"}, other.Name) ||
			strings.HasPrefix(other.Tag.Type, "existing") || other.Tag.Type == "newfile" // its default is in the source folder
		if other != flag && !excludes && needed {
			args = append(args, "--"+other.Name+"="+sound(other.Value, folder))
		}
	}
	return args
}

func TestEachOptionOfACommandThatCannotWorkEndsInOneLineBeforeAnythingStarts(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), []byte("junk\n"), 0o600))
	bad, free := badOptions(), anyOption()
	unused := make(map[string]bool)
	for key := range maps.Keys(bad) {
		unused[key] = true
	}
	tried := make(map[string]bool) // options that many commands share by one struct
	shared := make(map[string]bool)
	for _, flag := range serveFlags(t) {
		shared[flag.Name] = true
	}
	parser := newParser(t)
	for _, leaf := range parser.Model.Leaves(true) {
		command := strings.Join(strings.Fields(leaf.FullPath())[1:], " ")
		own := ownFlags(leaf, shared)
		for _, flag := range own {
			args := invocation(leaf, own, flag, folder)
			value, typed := wrongType(flag)
			if typed {
				fresh := parser
				if flag.Tag.Type != "" {
					fresh = newParser(t) // the parser looks at a file once
				}
				_, err := fresh.Parse(append(slices.Clone(args), "--"+flag.Name+"="+value))
				require.ErrorContains(t, err, "--"+flag.Name, "deskhand %s --%s=%s", command, flag.Name, value)
			}
			key := command + " --" + flag.Name
			if _, ok := bad[key]; !ok && free[key] == "" {
				key = "--" + flag.Name
			}
			value, ok := bad[key]
			if !ok {
				enough := typed && (flag.IsBool() || flag.Enum != "" || flag.Tag.Type != "" || flag.Target.Type().String() == "time.Time")
				require.True(t, enough || free[key] != "", "deskhand %s --%s is new: which values of it cannot work?", command, flag.Name)
				continue
			}
			delete(unused, key)
			if tried[key] && (flag.Name == "as" || flag.Name == "seen") || flag.Tag.Type == "newfile" {
				continue
			}
			value = strings.ReplaceAll(value, "NONE", filepath.Join(folder, "none"))
			args = append(args, "--"+flag.Name+"="+value)
			says := "--" + flag.Name + "|" + strings.ReplaceAll(flag.Name, "-", "[ _]")
			if _, err := parser.Parse(args); err != nil { // most end there, and starting the program for each would take long
				require.Regexp(t, says, err.Error())
				continue
			}
			tried[key] = true
			t.Run(command+" --"+flag.Name, func(t *testing.T) {
				t.Parallel()

				require.Regexp(t, says, refusedAtOnce(t, args))
			})
		}
	}
	require.Empty(t, unused, "there are no such options")
}
