package redact

import (
	"fmt"
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
		{name: "hex key in two halves", earlier: []string{"my private key is ⟦private_key⟧"}, text: key[32:], want: "⟦private_key⟧"},
		{name: "key and its cue apart", earlier: []string{"my private key:", "⟦private_key⟧"}, text: "and " + key[32:], want: "and " + key[32:]},
		{name: "transaction after a key", earlier: []string{"my private key is ⟦private_key⟧"}, text: key, want: key},
		{name: "address after a key", earlier: []string{"⟦private_key⟧"}, text: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", want: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"},
		{name: "words 13 to 18", earlier: []string{"⟦seed_phrase⟧"}, text: "lizard copper nephew silver dragon essay", want: "⟦seed_phrase⟧"},
		{name: "one word more", earlier: []string{"⟦seed_phrase⟧", "⟦seed_phrase⟧"}, text: "25. lizard", want: "25. ⟦seed_phrase⟧"},
		{name: "a sentence after a phrase", earlier: []string{"⟦seed_phrase⟧"}, text: "please help me, is it safe?", want: "please help me, is it safe?"},
		{name: "card in two messages", earlier: []string{"4111 1111"}, text: "1111 1111", want: "⟦card⟧", rewritten: map[int]string{0: "⟦card⟧"}},
		{name: "numbered words", earlier: numberedWords(words[:11]), text: "12. " + words[11], want: "⟦seed_phrase⟧", rewritten: rewrittenWords(11)},
		{name: "TOTP key in the next message", earlier: []string{"谷歌验证器密钥是"}, text: "JBSW Y3DP EHPK 3PXP", want: "⟦totp_secret⟧"},
		{name: "API secret in the next message", earlier: []string{"here is my api secret"}, text: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XA", want: "⟦api_key⟧"},
		{name: "security code in the next message", earlier: []string{"the cvv is"}, text: "123", want: "⟦cvv⟧"},
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

func numberedWords(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%d. %s", i+1, w)
	}
	return out
}

func rewrittenWords(n int) map[int]string {
	out := map[int]string{}
	for i := range n {
		out[i] = "⟦seed_phrase⟧"
	}
	out[0] = "1. ⟦seed_phrase⟧"
	return out
}
