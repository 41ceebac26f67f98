package httpapi

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzReadChat(f *testing.F) {
	f.Add([]byte(`{"model":"deskhand","messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`{"model":"deskhand","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"提币"}]}],"metadata":{"locale":"zh-Hans"}}`))
	f.Add([]byte(`{"model":"deskhand","messages":[null,{"role":"user","content":[null]}],"deskhand":{"conversation_id":"x"}}`))
	f.Add([]byte(`{"model":"deskhand","messages":[{"role":"user","content":"\u0000"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		request, problem := readChat(body)
		if problem != nil {
			require.Contains(t, []int{400, 404}, problem.Status)
			require.NotEmpty(t, problem.Detail)
			require.True(t, utf8.ValidString(problem.Detail))
			return
		}
		question := request.question
		question.Channel = chatChannel
		require.NoError(t, question.Validate())
	})
}
