package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/seal"
	"github.com/deskhand/deskhand/migrations"
)

type encryptCmd struct {
	Key    encryptKeyCmd    `cmd:"" help:"Make a key, as a line for the file of keys."`
	Off    encryptOffCmd    `cmd:"" help:"Take encryption off: store every text as it was written."`
	On     encryptOnCmd     `cmd:"" help:"Turn encryption on, also where it was taken off."`
	Rotate encryptRotateCmd `cmd:"" help:"Wrap everything by the first key of the file, so that the others are needed no more."`
	Run    encryptRunCmd    `cmd:"" help:"Encrypt now what was stored before encryption was on; a service does that by itself too."`
	Status encryptStatusCmd `cmd:"" help:"Say how much is encrypted, and which keys are needed."`
}

type encryptKeyCmd struct{}

// Help is shown by --help.
func (encryptKeyCmd) Help() string {
	return `The file holds one key a line, the one in use first; lines that begin with # are passed over. Who has the file can read the
database; without it, nobody can. Keep a copy of it, and never beside a backup of the database.

Examples:
  (umask 077; deskhand encryption key > /etc/deskhand/keys)
  DESKHAND_ENCRYPTION_KEYS=/etc/deskhand/keys deskhand serve`
}

// Run implements the command.
func (encryptKeyCmd) Run(a *app) error {
	_, err := fmt.Fprintln(a.out, seal.NewKey())
	return err
}

type encryptOffCmd struct{}

// Help is shown by --help.
func (encryptOffCmd) Help() string {
	return `In this order, without a pause of the service: restart each replica with --decrypt, so that it reads what is encrypted and
encrypts nothing more; run this; restart each replica without --encryption-keys and --decrypt, and take them out of the settings of
everybody who runs commands: with a file of keys, a program does not start any more. It opens texts in small transactions, beside
running services, and goes on where it was broken off. While a program still encrypts it refuses, and changes nothing; one that would
encrypt cannot connect until it has ended.

A text that does not open, because somebody changed it, stays as it is: it is named, the keys stay in use, and the exit code is 1.
Backups from before need the file of keys for ever. To encrypt again: "deskhand encryption on".

Example:
  deskhand encryption off --encryption-keys /etc/deskhand/keys`
}

// Run implements the command.
func (encryptOffCmd) Run(ctx context.Context, a *app) error {
	return withVault(ctx, a, func(s *system) error {
		before, err := s.store.Sealing(ctx)
		if err != nil {
			return err
		}
		bar, done := newProgress(a.err, "texts", before.Sealed()), 0
		result, err := s.store.Unseal(ctx, desk.Actor{Machine: "cli"}, func(_ string, rows int) { done += rows; bar.set(done) })
		bar.done()
		if err != nil {
			if ctx.Err() != nil {
				_, _ = fmt.Fprintf(a.err, "Stopped. %d texts are opened; run the same command again to go on.\n", result.Opened)
			}
			return err
		}
		if len(result.Broken) > 0 {
			_, _ = fmt.Fprintf(a.err, "%d texts do not open: somebody changed them. They stay as they are, and need the keys:\n  %s\n",
				len(result.Broken), strings.Join(result.Broken, "\n  "))
			return errFailed
		}
		_, err = fmt.Fprintf(a.out, "%d texts are opened. Nothing is encrypted: only old backups need the file of keys.\n", result.Opened)
		return err
	})
}

type encryptOnCmd struct{}

// Help is shown by --help.
func (encryptOnCmd) Help() string {
	return `Restart each replica with --encryption-keys afterwards, and without --decrypt: they encrypt what is stored already. A replica
that still runs without the file goes on storing texts as they are written. A desk that was never encrypted also begins when a
program starts with --encryption-keys; one that was taken out of encryption begins with this command only.

Examples:
  deskhand encryption on --encryption-keys /etc/deskhand/keys
  deskhand encryption status --encryption-keys /etc/deskhand/keys`
}

// Run implements the command.
func (encryptOnCmd) Run(ctx context.Context, a *app) error {
	if a.config.Decrypt {
		return fmt.Errorf("%w: --decrypt and \"encryption on\" contradict each other: leave one out", errConfig)
	}
	return withVault(ctx, a, func(s *system) error {
		begun, err := s.store.TurnOn(ctx, desk.Actor{Machine: "cli"})
		if err != nil {
			return err
		}
		note := "Encryption is on already."
		if begun {
			note = "Encryption is on. Restart the replicas with --encryption-keys: they encrypt what is stored already."
		}
		_, err = fmt.Fprintln(a.out, note)
		return err
	})
}

type encryptRotateCmd struct{}

// Help is shown by --help.
func (encryptRotateCmd) Help() string {
	return `To change the key, in this order: add the new key as the last line of the file of every replica and restart them; move it to the
first line and restart them; run this; remove the old line. It takes seconds: only the data keys are wrapped anew, one for each day
with encryption, and no text. It may be broken off and repeated.

Example:
  deskhand encryption rotate --encryption-keys /etc/deskhand/keys`
}

// Run implements the command.
func (encryptRotateCmd) Run(ctx context.Context, a *app) error {
	return withVault(ctx, a, func(s *system) error {
		before, err := s.store.Sealing(ctx)
		if err != nil {
			return err
		}
		total := 0
		for _, key := range before.Keys {
			total += key.DataKeys
		}
		bar, done := newProgress(a.err, "data keys", total), 0
		rotated, err := s.store.Rotate(ctx, desk.Actor{Machine: "cli"}, func(keys int) { done += keys; bar.set(done) })
		bar.done()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d data keys are wrapped anew. The first key of the file is the only one that is needed.\n", rotated)
		return err
	})
}

type encryptRunCmd struct{}

// Help is shown by --help.
func (encryptRunCmd) Help() string {
	return `Encrypts in small transactions, beside running services, and goes on where it was broken off. Freed rows and the write-ahead log
keep what stood there until PostgreSQL writes over them: run VACUUM FULL afterwards, and let old backups expire.

Example:
  deskhand encryption run --encryption-keys /etc/deskhand/keys`
}

// Run implements the command.
func (encryptRunCmd) Run(ctx context.Context, a *app) error {
	if a.config.Decrypt {
		return fmt.Errorf("%w: --decrypt and \"encryption run\" contradict each other: leave one out", errConfig)
	}
	if err := a.config.needKeys(); err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		before, err := s.store.Sealing(ctx)
		if err != nil {
			return err
		}
		bar, done := newProgress(a.err, "texts", before.Open()), 0
		sealed, err := s.store.SealAll(ctx, func(_ string, rows int) { done += rows; bar.set(done) })
		bar.done()
		if err != nil {
			if ctx.Err() != nil {
				_, _ = fmt.Fprintf(a.err, "Stopped. %d texts are encrypted; run the same command again to go on.\n", sealed)
			}
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d texts are encrypted.\n", sealed)
		return err
	})
}

type encryptStatusCmd struct {
	JSON bool `help:"Print one JSON object." name:"json"`
}

// Help is shown by --help.
func (encryptStatusCmd) Help() string {
	return `Exit code 1 while something is still as it was written, or wrapped by another key than the first of the file. Without
--encryption-keys, or with --decrypt, it is 1 while something is encrypted.

Example:
  deskhand encryption status --json --encryption-keys /etc/deskhand/keys`
}

// sealingReport is what status prints with --json.
type sealingReport struct {
	postgres.Sealing

	Current string `json:"current_key"` // empty where nothing is to be encrypted
}

// Run implements the command.
func (c encryptStatusCmd) Run(ctx context.Context, a *app) error {
	keys, err := a.config.keyring()
	if err != nil {
		return err
	}
	report := sealingReport{}
	if keys != nil && !a.config.Decrypt {
		report.Current = keys.Current()
	}
	a.config.Decrypt = keys != nil // to look must not begin it
	return withDesk(ctx, a, func(s *system) error {
		if report.Sealing, err = s.store.Sealing(ctx); err != nil {
			return err
		}
		if c.JSON {
			err = json.NewEncoder(a.out).Encode(report)
		} else {
			err = report.print(a)
		}
		if err == nil && !report.done() {
			err = errFailed
		}
		return err
	})
}

// done reports whether everything is as the settings want it.
func (r sealingReport) done() bool {
	if r.Current == "" {
		return r.Sealed() == 0 && len(r.Keys) == 0
	}
	return r.Open() == 0 && len(r.Keys) == 1 && r.Keys[0].KEK == r.Current
}

func (r sealingReport) print(a *app) error {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PLACE\tENCRYPTED\tNOT YET") // a tabwriter reports at Flush
	for _, p := range r.Places {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\n", p.Place, p.Sealed, p.Open)
	}
	if len(r.Keys) == 0 {
		_, _ = fmt.Fprintln(table, "\nNo key is needed: encryption is off.")
		return table.Flush()
	}
	_, _ = fmt.Fprintln(table, "\nKEY\tDATA KEYS\t")
	for _, key := range r.Keys {
		note := "needed until \"deskhand encryption rotate\""
		switch r.Current {
		case "":
			note = "needed until \"deskhand encryption off\""
		case key.KEK:
			note = "in use"
		}
		_, _ = fmt.Fprintf(table, "%s\t%d\t%s\n", key.KEK, key.DataKeys, note)
	}
	return table.Flush()
}

// withVault opens the desk, if there is a file of keys, to read what is encrypted: a command that only manages encryption never begins it.
func withVault(ctx context.Context, a *app, work func(s *system) error) error {
	if err := a.config.needKeys(); err != nil {
		return err
	}
	a.config.Decrypt = true
	return withDesk(ctx, a, work)
}

func (c config) needKeys() error {
	if c.Files.EncryptionKeys != "" {
		return nil
	}
	return fmt.Errorf("%w: name the file of keys with --encryption-keys: \"deskhand encryption key --help\" says how to make one",
		errConfig)
}

// keyring reads the file of keys; nil without one.
func (c config) keyring() (*seal.Keyring, error) {
	if c.Files.EncryptionKeys == "" {
		if c.Decrypt {
			return nil, fmt.Errorf("%w: --decrypt needs --encryption-keys, to read what is encrypted", errConfig)
		}
		return nil, nil //nolint:nilnil // nil encrypts nothing
	}
	content, err := readSecret(c.Files.EncryptionKeys)
	if err != nil {
		return nil, fmt.Errorf("%w: --encryption-keys: %w", errConfig, err)
	}
	keys, err := seal.ParseKeyring(strings.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%w: --encryption-keys %s: %w", errConfig, c.Files.EncryptionKeys, err)
	}
	return keys, nil
}

// openSealed opens a database, brings it to the schema of this build, and opens its vault; nil without keys, where nothing is encrypted.
// The caller closes the pool.
func (a *app) openSealed(ctx context.Context, url string) (*pgxpool.Pool, *postgres.Vault, error) {
	keys, err := a.config.keyring()
	if err != nil {
		return nil, nil, err
	}
	claim, open := new(postgres.Claim), postgres.Open
	if keys != nil && !a.config.Decrypt {
		open = claim.Open
	}
	pool, err := open(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	vault, err := a.openVault(ctx, pool, keys)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	claim.Guard(vault)
	return pool, vault, nil
}

func (a *app) openVault(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keyring) (vault *postgres.Vault, err error) {
	if err := migrations.Up(ctx, pool); err != nil {
		return nil, err
	}
	if a.config.Decrypt {
		vault, err = postgres.OpenReader(ctx, pool, keys)
	} else {
		vault, err = postgres.OpenVault(ctx, pool, keys, a.clock)
	}
	if err != nil {
		return nil, fmt.Errorf("--encryption-keys: %w", err)
	}
	return vault, nil
}
