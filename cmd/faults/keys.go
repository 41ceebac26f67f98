package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// keyBytes is how long a key of --encryption-keys is.
	keyBytes = 32
	// restartTimeout is what a replica may take from SIGTERM until it answers again, while other things fail.
	restartTimeout = 2 * time.Minute
)

// keyFile is the file of keys that the replicas share. A nil one is none.
type keyFile struct {
	lines []string // the one in use first
	path  string
}

func newKeyFile(path string) (*keyFile, error) {
	k := &keyFile{path: path}
	return k, k.write(newKey())
}

func newKey() string {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// write replaces the file as a whole: a replica may start at any moment.
func (k *keyFile) write(lines ...string) error {
	k.lines = lines
	if err := os.WriteFile(k.path+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	return nil
}

// env names the file to a program.
func (k *keyFile) env() []string {
	if k == nil {
		return nil
	}
	return []string{"DESKHAND_ENCRYPTION_KEYS=" + k.path}
}

// rotateKeys changes the key as "deskhand encryption rotate --help" says, while customers ask and other things fail.
func rotateKeys(ctx context.Context, f *injection) error {
	old, fresh := f.keys.lines, newKey()
	for _, lines := range [][]string{append(append([]string{}, old...), fresh), append([]string{fresh}, old...)} {
		if err := f.keys.write(lines...); err != nil {
			return err
		}
		if err := f.restartAll(ctx); err != nil {
			return err
		}
	}
	if _, err := f.command(ctx, "encryption", "rotate"); err != nil {
		return err
	}
	f.Hits++
	return f.keys.write(fresh)
}

// restartAll restarts one replica after the other, so that there is always one that answers.
func (b *bench) restartAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartTimeout)
	defer cancel()
	for _, r := range b.replicas {
		if err := r.restart(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open stops the replicas, counts what is encrypted, and takes encryption off, so that the books can be read. A text that does
// not open is an error.
func (l *ledger) open(ctx context.Context, b *bench) error {
	if b.keys == nil {
		return nil
	}
	b.stop()
	b.running.Wait()
	output, err := b.command(ctx, "encryption", "status", "--json")
	var status struct {
		Keys   []struct{} `json:"keys"`
		Places []struct {
			Open   int `json:"open"`
			Sealed int `json:"sealed"`
		} `json:"places"`
	}
	if decodeErr := json.Unmarshal([]byte(output), &status); decodeErr != nil {
		return fmt.Errorf("look what is encrypted: %w", err)
	}
	l.Encrypted, l.KeysNeeded = true, len(status.Keys)
	for _, place := range status.Places {
		l.TextsPlain += place.Open
		l.TextsSealed += place.Sealed
	}
	if _, err := b.command(ctx, "encryption", "off"); err != nil {
		return err
	}
	b.keys = nil // who names it again would turn encryption on
	return nil
}

// encryption is the line of the report.
func (l *ledger) encryption() string {
	if !l.Encrypted {
		return "off"
	}
	return fmt.Sprintf("%d / %d / %d", l.TextsSealed, l.TextsPlain, l.KeysNeeded)
}
