package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskhand/deskhand/prompts"
)

// tendBatch is how many tickets and complaints one look at the clock takes up; what is left is next.
const tendBatch = 200

// Tending is one look at the clock: what to do with the tickets and complaints whose time has come.
type Tending struct {
	At    time.Time
	Limit int
	// Text is a fixed text in a language.
	Text func(key prompts.Key, language string) string
}

// Tend does what is due: it sounds alarms, ends leases and holds, asks customers whether a resolution holds, closes what they
// abandoned, tells complainants of progress, and gives tickets that wait to agents who are present, where the plan says so. Each
// happens once, whoever else tends at the same time or was killed while doing so. A ticket that cannot be tended does not keep
// the others waiting.
func (d *Desk) Tend(ctx context.Context) error {
	if d.prompts == nil {
		return errors.New("tend desk: the fixed texts are missing")
	}
	tended := d.tendDue(ctx)
	// Afterwards: a claim that has just ended is given to somebody else at once.
	_, err := d.store.Push(ctx, d.clock())
	if err != nil {
		err = fmt.Errorf("give tickets to agents: %w", err)
	}
	return errors.Join(tended, err)
}

func (d *Desk) tendDue(ctx context.Context) error {
	for {
		done, err := d.store.Tend(ctx, Tending{At: d.clock(), Limit: tendBatch, Text: func(key prompts.Key, language string) string {
			return d.prompts.Text(key, language, nil)
		}})
		if err != nil {
			return fmt.Errorf("tend desk: %w", err)
		}
		if done < tendBatch {
			return nil
		}
	}
}
