package webhook_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/webhook"
)

func TestRetriesAreSpreadOverAboutADay(t *testing.T) {
	t.Parallel()

	var early, late uuid.UUID
	late[15] = 255
	sum := time.Duration(0)
	for failed := 1; failed < webhook.MaxAttempts; failed++ {
		delay := webhook.Delay(failed, early)
		require.GreaterOrEqual(t, delay, webhook.Delay(max(failed-1, 1), early), "each wait is at least as long as the one before")
		require.Greater(t, webhook.Delay(failed, late), delay, "what failed together is not tried again together")
		require.Less(t, webhook.Delay(failed, late), delay*11/10)
		sum += delay
	}
	require.Equal(t, 5*time.Second, webhook.Delay(1, early))
	require.Equal(t, 23*time.Hour+35*time.Minute+5*time.Second, sum)
}

func TestParseTypes(t *testing.T) {
	t.Parallel()

	types, err := webhook.ParseTypes([]string{"ticket.opened", "ticket.claimed", "ticket.opened"})
	require.NoError(t, err)
	require.Equal(t, []webhook.Type{webhook.TicketOpened, webhook.TicketClaimed}, types)

	_, err = webhook.ParseTypes([]string{"ticket.opend"})
	require.ErrorContains(t, err, `"ticket.opend"`)
	require.ErrorContains(t, err, "ticket.opened")
	_, err = webhook.ParseTypes([]string{string(webhook.Test)})
	require.Error(t, err)
}
