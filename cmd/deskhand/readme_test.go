package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// root is the repository, seen from this package.
const root = "../.."

// blockTimeout bounds one block of a document: the slowest waits for a background job.
const blockTimeout = 2 * time.Minute

// Each block that a document marks as sh is run as it stands, from the first to the last, against a service with the sample
// knowledge base, unless the line above it is <!-- not run: reason -->. A line <!-- prints: TEXT --> there promises output,
// and the replies in a block of JSON below must be those that it printed.
//
//nolint:tparallel // the blocks of a document build on each other
func TestDocumentedCommandsWork(t *testing.T) {
	t.Parallel()

	for _, tool := range []string{"bash", "curl"} {
		_, err := exec.LookPath(tool)
		require.NoError(t, err, "the documents use %s: install it", tool)
	}
	// Without a model, whatever the machine's own settings are.
	env := []string{"DATABASE_URL=" + pgtest.EmptyURL(t), "OPENAI_API_KEY=", "OPENAI_BASE_URL="}
	reader := newReader(t, startProgram(t, env, "--sample"), env)
	ran := 0
	for _, document := range documents(t) {
		for _, block := range shellBlocks(t, document) {
			if block.notRun != "" {
				continue
			}
			t.Run(fmt.Sprintf("%s:%d", block.document, block.line), func(t *testing.T) { reader.run(t, block) })
			ran++
		}
	}
	require.GreaterOrEqual(t, ran, 10, "the blocks of the documents were found")
}

// reader is somebody who types what the documents say.
type reader struct {
	env     []string
	folder  string
	program *program
}

// newReader prepares a folder with bin/deskhand, the program.
func newReader(t *testing.T, p *program, env []string) *reader {
	t.Helper()
	folder := t.TempDir()
	bin := filepath.Join(folder, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.Symlink(deskhand, filepath.Join(bin, "deskhand")))
	env = append(append(os.Environ(), env...), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for role, key := range p.keys {
		env = append(env, role+"_KEY="+key)
	}
	return &reader{env: env, folder: folder, program: p}
}

func (r *reader) run(t *testing.T, block shellBlock) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), blockTimeout)
	defer cancel()
	host := strings.TrimPrefix(r.program.base, "http://")
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(block.script, "localhost:8080", host))
	command.Dir, command.Env = r.folder, r.env
	command.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	require.NoError(t, err, "%s\n%s", stdout.String(), stderr.String())
	for _, text := range block.prints {
		require.Contains(t, stdout.String(), text, stderr.String())
	}
	for _, reply := range block.replies {
		require.Contains(t, stdout.String(), reply, "what the document shows is out of date: paste the output of a run again")
	}
}

// shellBlock is a fenced block of commands.
type shellBlock struct {
	document string
	line     int    // of its fence
	notRun   string // why it is not run
	prints   []string
	replies  []string // bodies of the replies that the document shows below it
	script   string
}

// documents are the project's documents, as paths below root, in the order in which somebody reads them.
func documents(t *testing.T) []string {
	t.Helper()
	paths := []string{"README.md", "docs/operating.md", "CONTRIBUTING.md", "SECURITY.md"}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, path := range more {
		if document := filepath.Join("docs", filepath.Base(path)); !slices.Contains(paths, document) {
			paths = append(paths, document)
		}
	}
	return paths
}

func readDocument(t *testing.T, document string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, document))
	require.NoError(t, err)
	return string(content)
}

var (
	marker     = regexp.MustCompile(`^<!-- (not run|prints): (.+) -->$`)
	shownReply = regexp.MustCompile(`"body": ("(?:[^"\\]|\\.)*")`)
)

// shellBlocks finds the blocks of a document, each with the markers in the lines above it.
func shellBlocks(t *testing.T, document string) []shellBlock {
	t.Helper()
	var blocks []shellBlock
	var next shellBlock
	var script strings.Builder
	fence := "" // of the block that we are in
	for i, line := range strings.Split(readDocument(t, document), "\n") {
		match := marker.FindStringSubmatch(line)
		switch {
		case fence != "" && line == "```":
			switch {
			case fence == "```sh":
				next.document, next.script = document, script.String()
				blocks = append(blocks, next)
			case fence == "```json" && len(blocks) > 0:
				last := &blocks[len(blocks)-1]
				for _, match := range shownReply.FindAllStringSubmatch(script.String(), -1) {
					last.replies = append(last.replies, match[1])
				}
			}
			next, fence = shellBlock{}, ""
		case fence != "":
			script.WriteString(line + "\n")
		case strings.HasPrefix(line, "```"):
			fence, next.line = line, i+1
			script.Reset()
		case match == nil && strings.Contains(line, "eval summary"): // the ends of what "deskhand eval all --readme" writes
		case match == nil:
			require.NotContains(t, line, "<!--", "%s:%d is no marker that the test knows", document, i+1)
			require.Empty(t, next.notRun+strings.Join(next.prints, ""), "%s:%d: the marker above belongs to no block", document, i+1)
		case match[1] == "not run":
			next.notRun = match[2]
		default:
			next.prints = append(next.prints, match[2])
		}
	}
	require.Empty(t, fence, "%s: a block does not end", document)
	return blocks
}

// settingRow is a row of the table of settings: flag, variable, default, meaning.
var settingRow = regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| `([A-Z_]+)` \\| (.+?) \\| .+ \\|$")

func TestReadmeListsEverySetting(t *testing.T) {
	t.Parallel()

	parser, err := kong.New(new(cli), kong.Vars{"version": "test"})
	require.NoError(t, err)
	flags := make(map[string]*kong.Flag) // by variable
	require.NoError(t, kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, variable := range flag.Envs {
				flags[variable] = flag
			}
		}
		return next(nil)
	}))
	require.NotEmpty(t, flags)

	readme := readDocument(t, "README.md")
	listed := make(map[string]bool)
	for _, row := range settingRow.FindAllStringSubmatch(readme, -1) {
		name, variable, value := row[1], row[2], row[3]
		listed[variable] = true
		flag, ok := flags[variable]
		require.True(t, ok, "%s is in the table and not in the program", variable)
		require.Equal(t, flag.Name, name, variable)
		if flag.HasDefault {
			require.Equal(t, "`"+flag.Default+"`", value, variable)
		}
	}
	for variable := range flags {
		require.True(t, listed[variable], "%s is in the program and not in the table", variable)
	}
	for _, variable := range regexp.MustCompile(`\b(DATABASE|DESKHAND|OPENAI)_[A-Z_]+\b`).FindAllString(readme, -1) {
		require.Contains(t, flags, variable, "the program does not know %s", variable)
	}
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()

	found := 0
	for _, document := range documents(t) {
		for _, match := range markdownLink.FindAllStringSubmatch(readDocument(t, document), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			found++
			path := document
			if target != "" {
				path = filepath.Join(filepath.Dir(document), target)
				_, err := os.Stat(filepath.Join(root, path))
				require.NoError(t, err, "%s links to %s", document, target)
			}
			if anchor != "" {
				require.Contains(t, anchors(readDocument(t, path)), anchor, "%s links to %s", document, match[1])
			}
		}
	}
	require.Positive(t, found)
}

// anchors are the names that GitHub gives the headings of a document.
func anchors(text string) []string {
	var names []string
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, match[1]))
	}
	return names
}

// Data that is trained, hashed or collected says where it is from: these kinds of files hold nothing else.
func TestDataFilesHaveTheirSourcesListed(t *testing.T) {
	t.Parallel()

	listed := readDocument(t, "docs/data-sources.md")
	found := 0
	for _, path := range filesBelow(t, root, ".bin", ".tsv", ".txt") {
		path, err := filepath.Rel(root, path)
		require.NoError(t, err)
		found++
		inFile, inFolder := "](../"+filepath.ToSlash(path)+")", "](../"+filepath.ToSlash(filepath.Dir(path))+")"
		require.True(t, strings.Contains(listed, inFile) || strings.Contains(listed, inFolder), "docs/data-sources.md lacks %s", path)
	}
	require.Positive(t, found)
}

var namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)(?:/(\\w+))?`")

func TestDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()

	files := testFiles(t)
	found := 0
	for _, document := range documents(t) {
		for _, match := range namedTest.FindAllStringSubmatch(readDocument(t, document), -1) {
			found++
			require.True(t, hasTest(files, match[1], match[2]), "%s names %s", document, match[0])
		}
	}
	require.Positive(t, found)
}

func TestSecurityNamesEveryEntryOfTheListsWithATest(t *testing.T) {
	t.Parallel()

	rows := make(map[string]string)
	for _, match := range regexp.MustCompile(`(?m)^\| ((?:LLM|API)\d+) [^|]+\|([^|]+)\|([^|]+)\|$`).FindAllStringSubmatch(readDocument(t, "SECURITY.md"), -1) {
		require.NotContains(t, rows, match[1])
		require.NotEmpty(t, strings.TrimSpace(match[2]), match[1])
		rows[match[1]] = match[3]
	}
	for number := range 10 {
		for _, entry := range []string{fmt.Sprintf("LLM%02d", number+1), fmt.Sprintf("API%d", number+1)} {
			require.Contains(t, rows, entry)
			require.Regexp(t, namedTest, rows[entry], "%s: which test shows it? TestDocumentsNameTestsThatExist looks it up", entry)
		}
	}
}

// hasTest reports whether a file holds the test and, where one is named, its subtest.
func hasTest(files []string, test, subtest string) bool {
	for _, content := range files {
		if strings.Contains(content, "\nfunc "+test+"(") && (subtest == "" || strings.Contains(content, `"`+subtest+`"`)) {
			return true
		}
	}
	return false
}

// testFiles returns the contents of the repository's tests.
func testFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, path := range filesBelow(t, root, "_test.go") {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, string(content))
	}
	return files
}

// filesBelow lists the files whose names have one of the endings, without what is built and what git keeps.
func filesBelow(t *testing.T, folder string, endings ...string) []string {
	t.Helper()
	var paths []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(path, e) }) {
			paths = append(paths, path)
		}
		return nil
	}))
	return paths
}
