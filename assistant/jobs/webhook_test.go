package jobs_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/webhook"
)

func TestChangeIsDeliveredSigned(t *testing.T) {
	t.Parallel()

	b := newOutbox(t, outboxOptions{})
	endpoint := b.endpoint(t, "/")
	b.change(t)

	got := b.next(t)
	requireSigned(t, got, endpoint.Secret)
	delivery := b.await(t, endpoint, webhook.Delivered)
	require.Equal(t, delivery.EventID.String(), got.header.Get("Webhook-Id"))
	require.Contains(t, got.body, `"id":"`+delivery.EventID.String()+`"`)
	require.Contains(t, got.body, `"type":"policy.changed"`)
	require.Equal(t, 1, delivery.Attempts)
	require.Equal(t, http.StatusOK, delivery.LastStatus)
	require.Empty(t, b.posts)
}

func TestEndpointGetsOnlyWhatItSubscribedTo(t *testing.T) {
	t.Parallel()

	b := newOutbox(t, outboxOptions{})
	all, tickets := b.endpoint(t, "/all"), b.endpoint(t, "/tickets", webhook.TicketOpened)
	b.change(t)
	b.await(t, all, webhook.Delivered)

	deliveries, err := b.store.Deliveries(t.Context(), postgres.DeliveryFilter{EndpointID: &tickets.ID, Limit: 1})
	require.NoError(t, err)
	require.Empty(t, deliveries)
}

func TestFailedDeliveryIsTriedAgainUnderTheSameID(t *testing.T) {
	t.Parallel()

	for name, fail := range map[string]http.HandlerFunc{
		"Error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"Redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var tries atomic.Int64
			b := newOutbox(t, outboxOptions{answer: func(w http.ResponseWriter, r *http.Request) {
				if tries.Add(1) < 3 {
					fail(w, r)
				}
			}})
			endpoint := b.endpoint(t, "/")
			b.change(t)

			first, second, third := b.next(t), b.next(t), b.next(t)
			delivery := b.await(t, endpoint, webhook.Delivered)
			require.Equal(t, 3, delivery.Attempts)
			for _, again := range []post{second, third} {
				require.Equal(t, first.header.Get("Webhook-Id"), again.header.Get("Webhook-Id"))
				require.Equal(t, first.body, again.body)
				requireSigned(t, again, endpoint.Secret)
			}
			require.Empty(t, b.posts)
		})
	}
}

func TestConsumerThatHangsIsTriedAgainAfterAPause(t *testing.T) {
	t.Parallel()

	release := make(chan struct{})
	b := newOutbox(t, outboxOptions{answer: func(http.ResponseWriter, *http.Request) { <-release }, timeout: 50 * time.Millisecond})
	t.Cleanup(func() { close(release) })
	endpoint := b.endpoint(t, "/")
	b.change(t)
	b.next(t)

	var state postgres.EndpointState
	require.Eventually(t, func() bool {
		states, err := b.store.Endpoints(t.Context())
		state = states[0]
		return err == nil && state.Endpoint.FailingSince != nil
	}, patience, 10*time.Millisecond)
	require.Equal(t, 1, state.Pending)
	require.NotNil(t, state.Endpoint.PausedUntil)
	delivery := b.await(t, endpoint, webhook.Pending)
	require.Equal(t, "timeout", delivery.LastProblem)
	require.Equal(t, 1, delivery.Attempts)
	require.WithinDuration(t, *state.Endpoint.PausedUntil, *delivery.Next(), 0, "not before the pause of the endpoint ends")
}

func TestDeadDeliveryIsListedAndReplayed(t *testing.T) {
	t.Parallel()

	healthy := make(chan struct{})
	b := newOutbox(t, outboxOptions{answer: func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-healthy:
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}})
	endpoint := b.endpoint(t, "/")
	b.change(t)

	dead := b.await(t, endpoint, webhook.Dead)
	require.Equal(t, webhook.MaxAttempts, dead.Attempts)
	require.Equal(t, "the endpoint answered 500", dead.LastProblem)
	first := b.next(t)
	for range webhook.MaxAttempts - 1 {
		b.next(t)
	}
	listed, err := b.store.Deliveries(t.Context(), postgres.DeliveryFilter{Limit: 10, Status: webhook.Dead})
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Empty(t, listed[0].Endpoint.Secret)

	close(healthy)
	n, err := b.store.Replay(t.Context(), nil, []uuid.UUID{dead.ID}, "test")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, first.header.Get("Webhook-Id"), b.next(t).header.Get("Webhook-Id"))
	delivery := b.await(t, endpoint, webhook.Delivered)
	require.Equal(t, 1, delivery.Replays)
	require.Empty(t, b.posts)

	_, err = b.store.Replay(t.Context(), nil, []uuid.UUID{dead.ID}, "test")
	require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err), "it is not dead any more")
}

func TestEndpointThatIsGoneIsDisabledAndMissesNothing(t *testing.T) {
	t.Parallel()

	gone := make(chan struct{}, 1)
	gone <- struct{}{}
	b := newOutbox(t, outboxOptions{answer: func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-gone:
			w.WriteHeader(http.StatusGone)
		default:
		}
	}})
	endpoint := b.endpoint(t, "/")
	b.change(t)
	b.await(t, endpoint, webhook.Dead)
	b.next(t)
	states, err := b.store.Endpoints(t.Context())
	require.NoError(t, err)
	require.Equal(t, "the endpoint answered 410: it is gone", states[0].Endpoint.DisabledReason)

	b.change(t)
	missed, err := b.store.Deliveries(t.Context(), postgres.DeliveryFilter{Limit: 10, Status: webhook.Dead})
	require.NoError(t, err)
	require.Len(t, missed, 2)
	require.Equal(t, webhook.DisabledProblem, missed[0].LastProblem)
	require.Empty(t, b.posts, "a disabled endpoint gets nothing")

	n, err := b.store.Replay(t.Context(), &endpoint.ID, nil, "test")
	require.NoError(t, err)
	require.Zero(t, n, "not while it is disabled")
	require.NoError(t, b.store.EnableEndpoint(t.Context(), endpoint.ID, "test"))
	n, err = b.store.Replay(t.Context(), &endpoint.ID, nil, "test")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	b.next(t)
	b.next(t)
}

func TestEndpointThatFailsForDaysIsDisabled(t *testing.T) {
	t.Parallel()

	begin := time.Now()
	var looks atomic.Int64
	b := newOutbox(t, outboxOptions{
		answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		// Every look at the clock is some hours later, and the deliveries follow each other.
		clock: func() time.Time { return begin.Add(time.Duration(looks.Add(1)) * 3 * time.Hour) },
	})
	endpoint := b.endpoint(t, "/")
	b.change(t)
	b.await(t, endpoint, webhook.Dead)

	states, err := b.store.Endpoints(t.Context())
	require.NoError(t, err)
	require.Contains(t, states[0].Endpoint.DisabledReason, "no delivery was taken since")
	require.Contains(t, states[0].Endpoint.DisabledReason, "the endpoint answered 500")
}

// A dead endpoint costs the others nothing: its deliveries wait outside the workers.
func TestEndpointThatHangsDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()

	release := make(chan struct{})
	b := newOutbox(t, outboxOptions{answer: func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-release
		}
	}, timeout: 200 * time.Millisecond})
	t.Cleanup(func() { close(release) })
	b.endpoint(t, "/hangs", webhook.PolicyChanged)
	for range 40 { // more than there are workers
		b.change(t)
	}
	healthy := b.endpoint(t, "/healthy", webhook.IncidentStarted)
	_, err := b.store.SetNotice(t.Context(), assistant.Notice{Intents: []string{"a"}, Texts: map[string]string{"en": "x"}}, "test")
	require.NoError(t, err)
	b.await(t, healthy, webhook.Delivered)
}

func TestRotatedSecretSignsBesideTheOldOne(t *testing.T) {
	t.Parallel()

	b := newOutbox(t, outboxOptions{})
	endpoint := b.endpoint(t, "/")
	secret, err := b.store.RotateSecret(t.Context(), endpoint.ID, time.Hour, "test")
	require.NoError(t, err)
	b.change(t)
	both := b.next(t)
	requireSigned(t, both, endpoint.Secret)
	requireSigned(t, both, secret)

	latest, err := b.store.RotateSecret(t.Context(), endpoint.ID, 0, "test")
	require.NoError(t, err)
	b.change(t)
	one := b.next(t)
	requireSigned(t, one, latest)
	require.Len(t, strings.Fields(one.header.Get("Webhook-Signature")), 1)
}

func TestRemovedEndpointGetsNothingAndItsSecretIsGone(t *testing.T) {
	t.Parallel()

	b := newOutbox(t, outboxOptions{})
	endpoint, other := b.endpoint(t, "/removed"), b.endpoint(t, "/other")
	require.NoError(t, b.store.RemoveEndpoint(t.Context(), endpoint.ID, "test"))
	b.change(t)
	b.await(t, other, webhook.Delivered)

	require.Len(t, b.posts, 1)
	_, err := b.store.Endpoint(t.Context(), endpoint.ID)
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
	err = b.store.RemoveEndpoint(t.Context(), endpoint.ID, "test")
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
	var kept int
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_endpoints WHERE secret = $1`, endpoint.Secret).Scan(&kept))
	require.Zero(t, kept)
}

func TestOldEventsAreForgottenAndWaitingOnesKept(t *testing.T) {
	t.Parallel()

	b := newOutbox(t, outboxOptions{})
	endpoint := b.endpoint(t, "/")
	b.change(t)
	b.await(t, endpoint, webhook.Delivered)
	_, err := b.pool.Exec(t.Context(), `
		WITH event AS (INSERT INTO webhook_events VALUES (gen_random_uuid(), 'ticket.opened', '{}', now()) RETURNING id)
		INSERT INTO webhook_deliveries (id, event_id, endpoint_id, status) SELECT gen_random_uuid(), id, $1, 'pending' FROM event`, endpoint.ID)
	require.NoError(t, err)

	require.NoError(t, b.store.PruneWebhooks(t.Context(), time.Now().Add(time.Hour)))
	left, err := b.store.Deliveries(t.Context(), postgres.DeliveryFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, webhook.Pending, left[0].Status)

	require.NoError(t, b.store.RemoveEndpoint(t.Context(), endpoint.ID, "test"))
	require.NoError(t, b.store.PruneWebhooks(t.Context(), time.Now().Add(time.Hour)))
	var rows int
	require.NoError(t, b.pool.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM webhook_events) + (SELECT count(*) FROM webhook_deliveries) + (SELECT count(*) FROM webhook_endpoints)`).Scan(&rows))
	require.Zero(t, rows)
}
