package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedactConversationFindsSplitSecrets(t *testing.T) {
	t.Parallel()
	words := strings.Fields(broken12)
	key := "8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"
	tests := []struct {
		name      string
		earlier   []string
		text      string
		want      string
		rewritten map[int]string
	}{
		{
			name:    "two halves",
			earlier: []string{"hi there", strings.Join(words[:6], " ")},
			text:    strings.Join(words[6:], " "),
			want:    "⟦seed_phrase⟧", rewritten: map[int]string{1: "⟦seed_phrase⟧"},
		},
		{
			name:    "two halves with other words",
			earlier: []string{"the first six: " + strings.Join(words[:6], " "), "are you there?", "ok going on"},
			text:    "and the rest: " + strings.Join(words[6:], " "),
			want:    "and the rest: ⟦seed_phrase⟧", rewritten: map[int]string{0: "the ⟦seed_phrase⟧"},
		},
		{
			name:    "word by word",
			earlier: words[:11],
			text:    words[11],
			want:    "⟦seed_phrase⟧", rewritten: map[int]string{
				0: "⟦seed_phrase⟧", 1: "⟦seed_phrase⟧", 2: "⟦seed_phrase⟧", 3: "⟦seed_phrase⟧", 4: "⟦seed_phrase⟧", 5: "⟦seed_phrase⟧",
				6: "⟦seed_phrase⟧", 7: "⟦seed_phrase⟧", 8: "⟦seed_phrase⟧", 9: "⟦seed_phrase⟧", 10: "⟦seed_phrase⟧",
			},
		},
		{name: "password in the next message", earlier: []string{"my password is"}, text: "hunter2x!", want: "⟦password⟧"},
		{name: "code in the next message", earlier: []string{"here is the verification code:"}, text: "482913", want: "⟦one_time_code⟧"},
		{name: "Chinese code in the next message", earlier: []string{"验证码是"}, text: "482913", want: "⟦one_time_code⟧"},
		{
			name:    "Chinese phrase without spaces, announced",
			earlier: []string{"助记词前六个：" + string([]rune(chinese12())[:6])}, text: string([]rune(chinese12())[6:]),
			want: "⟦seed_phrase⟧", rewritten: map[int]string{0: "助记词前六个：⟦seed_phrase⟧"},
		},
		{name: "private key in the next message", earlier: []string{"المفتاح الخاص بي هو"}, text: key, want: "⟦private_key⟧"},
		{name: "transaction in the next message", earlier: []string{"I did not share my private key", "this is the tx hash"}, text: key, want: key},
		{name: "nothing", earlier: []string{"hi", "I forgot my password"}, text: "what do I do now", want: "what do I do now"},
		{name: "no earlier message", text: broken12, want: "⟦seed_phrase⟧"},
	}
	r := newRedactor(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, rewritten := r.RedactConversation(tt.earlier, tt.text)
			require.Equal(t, tt.want, got.Text)
			require.Equal(t, tt.rewritten, rewritten)
			for _, f := range got.Findings {
				require.Equal(t, Placeholder(f.Kind), got.Text[f.Start:f.End])
			}
		})
	}
}

func TestRedactConversationReadsOnlyTheEndOfALongOne(t *testing.T) {
	t.Parallel()
	earlier := make([]string, 1000)
	for i := range earlier {
		earlier[i] = "still waiting for an answer"
	}
	words := strings.Fields(broken12)
	earlier[990] = strings.Join(words[:6], " ")
	got, rewritten := newRedactor(t).RedactConversation(earlier, strings.Join(words[6:], " "))
	require.Equal(t, "⟦seed_phrase⟧", got.Text)
	require.Equal(t, map[int]string{990: "⟦seed_phrase⟧"}, rewritten)
}
