package assistant_test

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/retrieval"
)

func failingSearch(err error) func(assistant.SearchFunc) assistant.SearchFunc {
	return func(assistant.SearchFunc) assistant.SearchFunc {
		return func(context.Context, retrieval.Query) (retrieval.Results, error) { return retrieval.Results{}, err }
	}
}

// endlessSearch ends with its context only.
func endlessSearch(assistant.SearchFunc) assistant.SearchFunc {
	return func(ctx context.Context, _ retrieval.Query) (retrieval.Results, error) {
		<-ctx.Done()
		return retrieval.Results{}, ctx.Err()
	}
}

func withoutSettings(err error) func(assistant.Store) assistant.Store {
	return func(store assistant.Store) assistant.Store { return &unsettledStore{Store: store, err: err} }
}

// unsettledStore cannot read what leads have set.
type unsettledStore struct {
	assistant.Store

	err error
}

func (s *unsettledStore) Settings(context.Context) (assistant.Settings, error) {
	return assistant.Settings{}, s.err
}

// crashingStore loses its first conclusions, as a process that is killed does.
type crashingStore struct {
	assistant.Store

	left  int
	runID uuid.UUID
}

func (s *crashingStore) Conclude(ctx context.Context, end assistant.Conclusion) (assistant.Run, error) {
	s.runID = end.Case.Run.ID
	if s.left > 0 {
		s.left--
		return assistant.Run{}, errors.New("killed")
	}
	return s.Store.Conclude(ctx, end)
}
