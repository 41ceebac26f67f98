package jobs_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// post is a delivery as it reached a consumer.
type post struct {
	body   string
	header http.Header
}

// outbox is a desk that tells endpoints of its changes.
type outbox struct {
	pool  *pgxpool.Pool
	posts chan post
	store *postgres.Store
	url   string
}

// outboxOptions change what a test needs otherwise.
type outboxOptions struct {
	answer  http.HandlerFunc
	clock   func() time.Time
	timeout time.Duration
}

// newOutbox starts a consumer and workers that deliver to it, without waits between attempts.
func newOutbox(t *testing.T, o outboxOptions) *outbox {
	t.Helper()
	if o.clock == nil {
		o.clock = time.Now
	}
	b := &outbox{pool: pgtest.DB(t), posts: make(chan post, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		b.posts <- post{body: string(body), header: r.Header}
		if o.answer != nil {
			o.answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	logger := slog.New(slog.DiscardHandler)
	queue, err := jobs.NewQueue(b.pool, logger)
	require.NoError(t, err)
	b.store = postgres.New(b.pool, o.clock, queue.Enqueue).WithWebhooks(queue.Deliver)
	workers, err := jobs.NewWorkers(b.pool, newHandler(), logger)
	require.NoError(t, err)
	require.NoError(t, workers.AddWebhooks(webhook.NewDeliverer(webhook.Config{
		Clock:  o.clock,
		Delay:  func(int, uuid.UUID) time.Duration { return 0 },
		Logger: logger,
		Sender: webhook.NewSender(webhook.SenderConfig{Clock: o.clock, Timeout: o.timeout}),
		Store:  b.store,
	})))
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		require.NoError(t, workers.Stop(ctx))
	})
	return b
}

// endpoint adds an endpoint at a path of the consumer.
func (b *outbox) endpoint(t *testing.T, path string, types ...webhook.Type) webhook.Endpoint {
	t.Helper()
	e, err := b.store.AddEndpoint(t.Context(), webhook.Endpoint{Events: types, Reach: here(), URL: b.url + path}, "test")
	require.NoError(t, err)
	return e
}

// here is the reach of an endpoint on this machine.
func here() webhook.Reach {
	return webhook.Reach{InsecureHTTP: true, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

// change makes a change that is told of.
func (b *outbox) change(t *testing.T) {
	t.Helper()
	_, err := b.store.SetPolicy(t.Context(), assistant.DefaultPolicy(), assistant.AnyVersion, "test")
	require.NoError(t, err)
}

func (b *outbox) next(t *testing.T) post {
	t.Helper()
	select {
	case p := <-b.posts:
		return p
	case <-time.After(patience):
		require.FailNow(t, "no delivery came")
		return post{}
	}
}

// await waits until the only delivery of an endpoint has a status, and returns it.
func (b *outbox) await(t *testing.T, endpoint webhook.Endpoint, want webhook.Status) webhook.Delivery {
	t.Helper()
	var latest []webhook.Delivery
	require.Eventually(t, func() bool {
		var err error
		latest, err = b.store.Deliveries(t.Context(), postgres.DeliveryFilter{EndpointID: &endpoint.ID, Limit: 10})
		return err == nil && len(latest) == 1 && latest[0].Status == want
	}, patience, 10*time.Millisecond, "the delivery becomes %s: %v", want, latest)
	return latest[0]
}

// requireSigned checks a signature as a consumer does that knows the convention and not our code.
func requireSigned(t *testing.T, p post, secret webhook.Secret) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(secret), "whsec_"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(p.header.Get("Webhook-Id") + "." + p.header.Get("Webhook-Timestamp") + "." + p.body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	require.Contains(t, strings.Fields(p.header.Get("Webhook-Signature")), want)
}
