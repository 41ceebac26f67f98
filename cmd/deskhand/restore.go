package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/migrations"
)

type restoreCmd struct {
	Check bool   `help:"Only look whether the file is whole, and print what it holds. No database is needed."`
	Force bool   `help:"Replace what the database holds. It is gone then: make a backup of it first."`
	From  string `help:"File that \"deskhand backup\" wrote." placeholder:"FILE" required:"" type:"existingfile"`
	JSON  bool   `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (restoreCmd) Help() string {
	return `Fills an empty database from a backup, in one transaction: all of it or nothing. Then it counts the rows of each table, proves
the audit log against the head of that moment, and brings the schema to this build. Stop all replicas first: it refuses a database
that is in use.

Examples:
  deskhand restore --from /backups/deskhand-2026-01-31.zip --check
  deskhand restore --from /backups/deskhand-2026-01-31.zip
  DATABASE_URL=postgres://… deskhand restore --from /backups/deskhand-2026-01-31.zip --force`
}

// Run implements the command.
func (c restoreCmd) Run(ctx context.Context, a *app) (err error) {
	archive, err := zip.OpenReader(c.From)
	if err != nil {
		return fmt.Errorf("%w: --from: %s is no backup, or only a part of one: %w", errConfig, c.From, err)
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	held, err := readManifest(&archive.Reader)
	if err != nil {
		return fmt.Errorf("%w: --from: %w", errConfig, err)
	}
	// Before anything is touched: a backup that is damaged must not cost what is there.
	if err := held.verify(&archive.Reader); err != nil {
		return fmt.Errorf("%w: --from: %w", errConfig, err)
	}
	if !c.Check {
		err = withDatabase(ctx, a, func(s *system) error { return c.restore(ctx, s, restoring{archive: &archive.Reader, held: held}) })
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if c.JSON {
		return printJSON(a, held)
	}
	done := "The file is whole"
	if !c.Check {
		done = "Restored, every table counted and the audit log proved"
	}
	_, err = fmt.Fprintf(a.out, "%s: %d rows of %d tables, made %s by deskhand %s, schema %d\naudit head %s\n",
		done, held.total(), len(held.Rows), held.MadeAt.Format("2006-01-02 15:04:05 MST"), held.Version, held.Schema, held.AuditHead)
	return err
}

// readManifest reads what a backup says of itself.
func readManifest(archive *zip.Reader) (held *manifest, err error) {
	file, err := archive.Open(manifestEntry)
	if err != nil {
		return nil, fmt.Errorf("the file is no backup of deskhand: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const most = 1 << 20
	if err := json.NewDecoder(io.LimitReader(file, most)).Decode(&held); err != nil || held == nil {
		return nil, fmt.Errorf("the manifest cannot be read: %w", cmpErr(err))
	}
	latest, err := migrations.Latest()
	switch {
	case err != nil:
		return nil, err
	case held.Format != backupFormat:
		return nil, fmt.Errorf("the backup has format %d, this build knows %d: use deskhand %s", held.Format, backupFormat, held.Version)
	case held.Schema > latest:
		return nil, fmt.Errorf("the backup has schema %d, this build knows %d: use deskhand %s or newer", held.Schema, latest, held.Version)
	}
	return held, nil
}

// cmpErr names an error that is missing where there must be one.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("it is empty")
	}
	return err
}

// verify reads the whole dump and compares it with the manifest.
func (m *manifest) verify(archive *zip.Reader) (err error) {
	dump, err := archive.Open(dumpEntry)
	if err != nil {
		return fmt.Errorf("the dump is missing: %w", err)
	}
	defer func() { err = errors.Join(err, dump.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(sum, dump)
	if err != nil {
		return fmt.Errorf("the dump is damaged: %w", err)
	}
	if n != m.Bytes || sumOf(sum) != m.SHA256 {
		return errors.New("the dump is not the one that the manifest names: the file was changed or damaged")
	}
	return nil
}

// restoring is a backup on its way into a database.
type restoring struct {
	archive *zip.Reader
	held    *manifest
}

func (c restoreCmd) restore(ctx context.Context, s *system, r restoring) error {
	target, err := postgres.LookAtTarget(ctx, s.database.url)
	switch {
	case err != nil:
		return err
	case target.Sessions > 0:
		return fmt.Errorf("%w: %d other sessions use the database: stop every replica of the service first", errConfig, target.Sessions)
	case len(target.Tables) > 0 && !c.Force:
		return fmt.Errorf("%w: the database is not empty: it has %d tables. Give an empty one, or --force to replace what is there",
			errConfig, len(target.Tables))
	}
	program, err := local.Tool(ctx, "pg_restore", majorOf(r.held.Server))
	if err != nil {
		return err
	}
	if len(target.Tables) > 0 {
		if err := postgres.Clear(ctx, s.database.url); err != nil {
			return err
		}
	}
	if err := postgres.Prepare(ctx, s.database.url); err != nil {
		return err
	}
	if err := r.run(ctx, s, program); err != nil {
		return err
	}
	s.pool.Reset() // its connections know the types of the database before
	if err := r.compare(ctx, s); err != nil {
		return err
	}
	return migrations.Up(ctx, s.pool)
}

// run fills the database.
func (r restoring) run(ctx context.Context, s *system, program string) (err error) {
	dump, err := r.archive.Open(dumpEntry)
	if err != nil {
		return fmt.Errorf("open dump: %w", err)
	}
	defer func() { err = errors.Join(err, dump.Close()) }()
	bar := newProgress(s.app.err, "KB", int(r.held.Bytes>>10))
	defer bar.done()
	counted := &counter{report: func(n int64) { bar.set(int(n >> 10)) }}
	return pgTool{
		address: s.database.url, in: io.TeeReader(dump, counted), program: program,
		// Comments: the extension belongs to the administrator, who alone may comment on it.
		args: []string{"--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--no-comments"},
	}.run(ctx)
}

// compare proves that the database holds what the backup was made of.
func (r restoring) compare(ctx context.Context, s *system) error {
	var wrong []string
	err := s.store.Snapshot(ctx, func(found postgres.Snapshot) error {
		for _, table := range slices.Sorted(maps.Keys(r.held.Rows)) {
			if got, want := found.Counts[table], r.held.Rows[table]; got != want {
				wrong = append(wrong, fmt.Sprintf("%s has %d rows and not %d", table, got, want))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count what was restored: %w", err)
	}
	head, err := postgres.ParseChainHead(r.held.AuditHead)
	if err != nil {
		return err
	}
	chain, err := s.store.VerifyChain(ctx, []postgres.ChainHead{head}, nil)
	if err != nil {
		return err
	}
	for _, fault := range chain.Faults {
		wrong = append(wrong, fmt.Sprintf("audit log, position %d: %s", fault.Position, fault.What))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("what was restored is not what was backed up, do not use it: %s", strings.Join(wrong, "; "))
	}
	return nil
}
