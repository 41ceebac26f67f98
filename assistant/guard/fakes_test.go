package guard_test

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
)

func read(t *testing.T, format guard.Format, text string) (values []string, problems map[int]string) {
	t.Helper()
	problems = make(map[int]string)
	require.NoError(t, guard.ReadFakes(strings.NewReader(text), format, func(f guard.Fake) error {
		if f.Problem != "" {
			problems[f.Line] = f.Problem
			return nil
		}
		require.Equal(t, guard.KnownFake, f.Channel.Standing)
		values = append(values, strings.Trim(f.Channel.Kind+":"+f.Channel.Platform+":"+f.Channel.Value, ":"))
		return nil
	}))
	return values, problems
}

func TestListsOfKnownFakesAreRead(t *testing.T) {
	t.Parallel()

	values, problems := read(t, guard.FormatText, "\ufeff# a list\nhxxps://Evil[.]com/login # seen today\n0.0.0.0 bad.test\n\nfake@evil.com\nt.me/quayside_help\nnot a channel at all\n")
	require.Equal(t, []string{"domain::evil.com", "domain::bad.test", "email::fake@evil.com", "handle:telegram:quayside_help"}, values)
	require.Len(t, problems, 1)
	require.Contains(t, problems, 7)

	values, problems = read(t, guard.FormatCSV, "kind,value,platform\ndomain,evil.com,\nhandle,@Fake_Help,Telegram\nhandle,nowhere,\n")
	require.Equal(t, []string{"domain::evil.com", "handle:telegram:fake_help"}, values)
	require.Contains(t, problems[4], "platform")

	values, problems = read(t, guard.FormatJSONL, `{"domain":"xn--quyside-3fg.com","label":"phishing"}`+"\n"+`{"value":12}`+"\n")
	require.Equal(t, []string{"domain::xn--quyside-3fg.com"}, values)
	require.Len(t, problems, 1)
}

func TestListThatNamesTheDeskItselfContradictsTheRegistry(t *testing.T) {
	t.Parallel()

	for value, want := range map[string]bool{"quayside.example": true, "help.quayside.example": true, "example": true, "quayside.test": false} {
		_, contradicts := quayside().Contradicts(guard.Channel{Kind: "domain", Value: value})
		require.Equal(t, want, contradicts, value)
	}
}

func FuzzReadFakes(f *testing.F) {
	f.Add("text", "hxxps://evil[.]com\n0.0.0.0 bad.test")
	f.Add("csv", "value,kind\nevil.com,domain")
	f.Add("jsonl", `{"domain":"evil.com"}`)
	f.Fuzz(func(t *testing.T, format, text string) {
		_ = guard.ReadFakes(strings.NewReader(text), guard.Format(format), func(fake guard.Fake) error {
			if fake.Problem == "" && fake.Channel.Value == "" {
				t.Fatal("a channel without a value")
			}
			return nil
		})
	})
}

func TestPublishedRegistry(t *testing.T) {
	t.Parallel()

	seed := make([]byte, ed25519.SeedSize)
	public, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	published, err := quayside().Publish(7, time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), []guard.SigningKey{{ID: "k", Seed: seed}})
	require.NoError(t, err)
	document, err := json.MarshalIndent(published, "", "  ")
	require.NoError(t, err)

	registry, err := guard.VerifyPublished(document, public)
	require.NoError(t, err, "white space and order do not matter")
	require.EqualValues(t, 7, registry.Version)
	require.Len(t, registry.Official, 4)
	for _, forged := range []string{
		strings.Replace(string(document), "help.quayside.example", "help.quayside.evil", 1),
		strings.Replace(string(document), `"version": 7`, `"version": 8`, 1),
		strings.Replace(string(document), `"version": 7`, `"version": 7, "more": 1`, 1),
		"{}", "[]", "",
	} {
		_, err := guard.VerifyPublished([]byte(forged), public)
		require.Error(t, err, forged)
	}
	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, err = guard.VerifyPublished(document, other)
	require.ErrorContains(t, err, "no signature of this key")
	_, err = guard.VerifyPublished(document, nil)
	require.ErrorContains(t, err, "32 bytes")
}

func FuzzVerifyPublished(f *testing.F) {
	f.Add([]byte(`{"registry":{"version":1},"signatures":[{"algorithm":"Ed25519","signature":"AAAA"}]}`))
	key, _ := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, document []byte) {
		if _, err := guard.VerifyPublished(document, key); err == nil {
			t.Fatal("accepted without a key that signed")
		}
	})
}
