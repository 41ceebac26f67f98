package local

import "errors"

// What a person has to change. Each is wrapped with one line that names the cause and the remedy.
var (
	// ErrFolder: the data folder cannot be used, by its owner, its mode or those of a folder above it.
	ErrFolder = errors.New("data folder cannot be used")
	// ErrInUse: another deskhand works on the data folder.
	ErrInUse = errors.New("data folder is in use")
	// ErrNotInstalled: the machine has no PostgreSQL >= 14 with pgvector >= 0.7.
	ErrNotInstalled = errors.New("PostgreSQL with pgvector is not installed")
	// ErrVersion: the cluster was made by a PostgreSQL that the machine no longer has, or a server is too old.
	ErrVersion = errors.New("PostgreSQL has the wrong version")
	// ErrUnreachable: the server of a DATABASE_URL does not answer or does not let us in.
	ErrUnreachable = errors.New("PostgreSQL cannot be reached")
	// ErrNoVector: the server has no pgvector >= 0.7 to offer.
	ErrNoVector = errors.New("pgvector is missing")
)
