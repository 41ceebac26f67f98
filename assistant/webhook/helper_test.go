package webhook_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/deskhand/deskhand/assistant/webhook"
)

// now is when the tests send.
func now() time.Time { return time.Unix(1614265330, 0) }

// received is a delivery as it reached a consumer.
type received struct {
	body   string
	header http.Header
	path   string
}

// receiver is a consumer that notes what it gets and answers as a test wants.
func receiver(t *testing.T, answer http.HandlerFunc) (string, <-chan received) {
	t.Helper()
	got := make(chan received, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		got <- received{body: string(body), header: r.Header, path: r.URL.Path}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func answerOK(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// local is the reach of an endpoint on this machine.
func local() webhook.Reach {
	return webhook.Reach{InsecureHTTP: true, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

func message(url string) webhook.Message {
	return webhook.Message{
		Body: []byte(`{"test": 2432232314}`), ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Reach: local(), URL: url,
		Secrets: []webhook.Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	}
}

func send(t *testing.T, m webhook.Message) webhook.Attempt {
	t.Helper()
	return webhook.NewSender(webhook.SenderConfig{Clock: now, Version: "test"}).Send(t.Context(), m)
}

// resolver is a name server that says every name is at the given addresses.
func resolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerName(server, addresses)
		return client, nil
	}}
}

// answerName answers questions over one connection, in the framing of TCP, until it is closed.
func answerName(conn net.Conn, addresses []string) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		packed := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, packed); err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(packed) != nil || len(query.Questions) != 1 {
			return
		}
		answer, err := nameAnswer(query, addresses).Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func nameAnswer(query dnsmessage.Message, addresses []string) *dnsmessage.Message {
	question := query.Questions[0]
	reply := &dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
		Questions: query.Questions,
	}
	for _, text := range addresses {
		addr := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class, TTL: 1}
		switch {
		case addr.Is4() && question.Type == dnsmessage.TypeA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && question.Type == dnsmessage.TypeAAAA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return reply
}

func requireRefused(t *testing.T, attempt webhook.Attempt, because string) {
	t.Helper()
	require.False(t, attempt.Delivered())
	require.Zero(t, attempt.Status)
	require.Contains(t, attempt.Problem, "refused: ")
	require.Contains(t, attempt.Problem, because)
}
