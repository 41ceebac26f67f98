package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// checkTimeout is how long a server may take to answer before it counts as unreachable: longer than a TLS handshake
// across the world, shorter than an operator's patience.
const checkTimeout = 10 * time.Second

// offer is what a server has.
type offer struct {
	available string // version of pgvector that CREATE EXTENSION would install; "" if none
	installed string // version of pgvector in the database; "" if none
	version   string // PostgreSQL's version, to be shown
	number    int    // the same as server_version_num, such as 150020
}

// Check verifies that deskhand can use the server and database of a DATABASE_URL: it is reachable, new enough, and
// has pgvector or can get it. The error is one of ErrUnreachable, ErrVersion and ErrNoVector, in one line that says what
// to do; it never holds the password.
func Check(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := readOffer(ctx, address)
	if err != nil {
		return fmt.Errorf("%w: check DATABASE_URL and that the server runs: %s", ErrUnreachable, oneLine(err))
	}
	return found.judge()
}

func readOffer(ctx context.Context, address string) (_ offer, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return offer{}, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var found offer
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int,
		coalesce((SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), ''),
		coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), '')`,
	).Scan(&found.version, &found.number, &found.available, &found.installed)
	return found, err
}

// judge returns what keeps deskhand from using the server, nil if nothing does.
func (o offer) judge() error {
	switch {
	case o.number/10_000 < minPostgres:
		return fmt.Errorf("%w: the server runs PostgreSQL %s: deskhand needs %d or later", ErrVersion, o.version, minPostgres)
	case o.installed != "" && newEnough(o.installed):
		return nil
	case o.available == "":
		return fmt.Errorf("%w: install pgvector >= %s on the database server (package postgresql-%d-pgvector on Debian)",
			ErrNoVector, minVector, o.number/10_000)
	case !newEnough(o.available):
		return fmt.Errorf("%w: the server has pgvector %s: deskhand needs %s or later", ErrNoVector, o.available, minVector)
	case o.installed != "":
		return fmt.Errorf("%w: the database uses pgvector %s: run ALTER EXTENSION vector UPDATE in it as its administrator",
			ErrNoVector, o.installed)
	}
	return nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
