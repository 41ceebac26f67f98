package assistant_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
)

// TestAnswersHoldWhereTheCustomerIs is the part of P5 about countries: an article that holds in some of them feeds an
// automatic answer only for a customer who is known to be in one, and a draft for an agent unless the customer is elsewhere.
func TestAnswersHoldWhereTheCustomerIs(t *testing.T) {
	t.Parallel()

	names := []string{"en/trading-fees.md", "zh-Hans/trading-fees.md", "ar/trading-fees.md"}
	articles := fstest.MapFS{}
	for name, file := range sampleArticles(t, names...) {
		text := strings.Replace(string(file.Data), "audience: public", "audience: public\njurisdictions: [DE, AT]", 1)
		articles[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s := newSystem(t, options{articles: articles})
	s.setPolicy(t, func(p *assistant.Policy) { p.MinConfidence = 0.01 }) // how sure it is, is another matter
	for language, question := range map[string]string{
		"ar": "رسوم التداول ومستويات VIP وأين تجدها", "en": feeQuestion, "zh-Hans": "现货交易的吃单手续费是多少？",
	} {
		for jurisdiction, cited := range map[string]bool{"": false, "BR": false, "at": true, "DE": true} {
			run := s.say(t, assistant.Question{Body: question, Channel: "widget", Jurisdiction: jurisdiction, Locale: language})
			require.Equal(t, cited, len(run.Reply.Citations) > 0, "%s in %q: %s", language, jurisdiction, run.Outcome)
		}
	}

	t.Run("AConversationRemembersIt", func(t *testing.T) {
		t.Parallel()
		first := s.say(t, assistant.Question{Body: feeQuestion, Channel: "widget", Jurisdiction: "DE", Locale: "en"})
		again := s.say(t, assistant.Question{Body: feeQuestion + " please", Channel: "widget", ConversationID: first.ConversationID})
		require.NotEmpty(t, again.Reply.Citations)
	})
	t.Run("WhatIsNoCountryIsRefused", func(t *testing.T) {
		t.Parallel()
		for _, code := range []string{"XX", "DEU", "D", "EU"} {
			q := assistant.Question{Body: feeQuestion, Channel: "widget", Jurisdiction: code}
			require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(q.Validate()), code)
		}
	})
}
