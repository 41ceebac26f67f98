package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/migrations"
)

// What a backup is made of: a ZIP file with these two, the second one last, so that what was cut off is seen to be.
const (
	dumpEntry     = "database.dump"
	manifestEntry = "manifest.json"
	// backupFormat is raised when an older build could not restore what this one makes.
	backupFormat = 1
)

// manifest says what a backup holds.
type manifest struct {
	Format    int              `json:"format"`
	MadeAt    time.Time        `json:"made_at"`
	Version   string           `json:"version"` // of the build
	Schema    int64            `json:"schema"`  // number of the newest migration
	Server    int              `json:"server"`  // PostgreSQL's version, such as 150020
	Bytes     int64            `json:"bytes"`   // of the dump
	SHA256    string           `json:"sha256"`  // of the dump
	AuditHead string           `json:"audit_head"`
	Rows      map[string]int64 `json:"rows"`
}

type backupCmd struct {
	JSON bool   `help:"Print what the backup holds as JSON." name:"json"`
	To   string `help:"File to write; it must not exist." placeholder:"FILE" required:"" type:"newfile"`
}

// Help is shown by --help.
func (backupCmd) Help() string {
	return `Writes all that the desk has into one file, while the service runs: conversations, tickets, articles, agents, keys, the audit
log, waiting jobs. It is one moment of the database, with the number of rows of each table and the head of the audit log. The file is a ZIP
with PostgreSQL's own format inside (pg_restore reads it), made by the pg_dump that is installed here.

The file holds secrets: what customers wrote, hashes of keys and passwords, secrets of second factors and of webhooks, the key that
signs the channel registry. Only you can read it (mode 0600); encrypt it before it goes elsewhere. Settings are not in it: the key of a
model's provider, DATABASE_URL and files that flags name stay where they are.

Examples:
  deskhand backup --to /backups/deskhand-$(date +%F).zip
  deskhand restore --from /backups/deskhand-2026-01-31.zip --check`
}

// Run implements the command.
func (c backupCmd) Run(ctx context.Context, a *app) error {
	return withDatabase(ctx, a, func(s *system) error {
		file, err := os.OpenFile(c.To, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("%w: --to: %w", errConfig, err)
		}
		made, err := backUp(ctx, s, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return errors.Join(err, os.Remove(c.To)) // half a backup is none
		}
		if c.JSON {
			return printJSON(a, made)
		}
		const said = "%s: %d rows of %d tables, %d KB\naudit head %s\nIt holds secrets: keep it where only you can read it.\n"
		_, err = fmt.Fprintf(a.out, said, c.To, made.total(), len(made.Rows), made.Bytes>>10, made.AuditHead)
		return err
	})
}

// withDatabase opens the database as it is: nothing is migrated.
func withDatabase(ctx context.Context, a *app, work func(s *system) error) error {
	s := &system{app: a, config: a.config}
	err := func() (err error) {
		if s.database, err = openDatabase(ctx, a); err != nil {
			return err
		}
		if s.pool, err = postgres.Open(ctx, s.database.url); err != nil {
			return err
		}
		s.store = postgres.New(s.pool, a.clock, nil)
		return nil
	}()
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	return closing(ctx, s, nil, work)
}

// backUp writes a backup of one moment.
func backUp(ctx context.Context, s *system, file *os.File) (manifest, error) {
	made := manifest{Format: backupFormat, MadeAt: s.app.clock().UTC().Truncate(time.Second), Version: version}
	var err error
	if made.Schema, err = migrations.Version(ctx, s.pool); err != nil {
		return made, err
	}
	if made.Schema == 0 {
		return made, fmt.Errorf("%w: the database is empty: there is nothing to back up", errConfig)
	}
	err = s.store.Snapshot(ctx, func(snapshot postgres.Snapshot) error {
		made.AuditHead, made.Rows, made.Server = snapshot.Audit.String(), snapshot.Counts, snapshot.Server
		return made.write(ctx, file, dumping{address: s.database.url, snapshot: snapshot, terminal: s.app.err})
	})
	if err != nil {
		return made, fmt.Errorf("back up: %w", err)
	}
	return made, nil
}

// dumping is what pg_dump needs.
type dumping struct {
	address  string
	snapshot postgres.Snapshot
	terminal io.Writer // for the progress
}

func (m *manifest) write(ctx context.Context, file *os.File, d dumping) error {
	archive := zip.NewWriter(file)
	// Not compressed again: pg_dump has done it.
	entry, err := archive.CreateHeader(&zip.FileHeader{Name: dumpEntry, Method: zip.Store, Modified: m.MadeAt})
	if err != nil {
		return fmt.Errorf("begin archive: %w", err)
	}
	sum := sha256.New()
	bar := newProgress(d.terminal, "KB", 0)
	counted := &counter{report: func(n int64) { bar.set(int(n >> 10)) }}
	err = d.run(ctx, io.MultiWriter(entry, sum, counted))
	bar.done()
	if err != nil {
		return err
	}
	m.Bytes, m.SHA256 = counted.n, sumOf(sum)
	if entry, err = archive.Create(manifestEntry); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	encoder := json.NewEncoder(entry)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	return file.Sync()
}

// run dumps the database as it was at the snapshot.
func (d dumping) run(ctx context.Context, out io.Writer) error {
	program, err := local.Tool(ctx, "pg_dump", majorOf(d.snapshot.Server))
	if err != nil {
		return err
	}
	return pgTool{
		address: d.address, args: []string{"--format=custom", "--no-owner", "--no-privileges", "--snapshot=" + d.snapshot.ID},
		out: out, program: program,
	}.run(ctx)
}

// total is the number of rows in all tables.
func (m *manifest) total() int64 {
	var rows int64
	for _, n := range m.Rows {
		rows += n
	}
	return rows
}

// sumOf is a hash in hexadecimal.
func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// majorOf is the major version in server_version_num.
func majorOf(server int) int { return server / 10_000 }

// pgTool is a call of one of PostgreSQL's programs.
type pgTool struct {
	address string
	args    []string
	in      io.Reader
	out     io.Writer
	program string
}

func (t pgTool) run(ctx context.Context) error {
	address, password, err := postgres.ForTools(t.address)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, t.program, append(t.args, "--dbname="+address)...) //nolint:gosec // found where PostgreSQL is
	command.Env = os.Environ()
	if password != "" {
		command.Env = append(command.Env, "PGPASSWORD="+password) // not an argument, which everybody on the machine may read
	}
	var said strings.Builder
	command.Stdin, command.Stdout, command.Stderr = t.in, t.out, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", t.program, err, firstError(said.String()))
	}
	return nil
}

// firstError is the first line in which a program names an error, else the first.
func firstError(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "error: ") {
			return strings.TrimSpace(line)
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// counter counts what is written to it.
type counter struct {
	n      int64
	report func(n int64)
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	c.report(c.n)
	return len(p), nil
}
