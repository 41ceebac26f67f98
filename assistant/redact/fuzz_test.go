package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzRedact(f *testing.F) {
	for _, text := range []string{
		"", "my password is ", "⟦seed_phrase⟧", "<b>", "1. ", "otp 123456", "\xff\xfe", "\u202e", "助记词", "token=", "[1,2,",
		"-----BEGIN PRIVATE KEY-----\nMIIE", `{"crypto":{"ciphertext":"00","kdf":"scrypt"`, "4111 1111 1111 1111", "a\u0301",
	} {
		f.Add(text, text)
	}
	r := newRedactor(f)
	words := strings.Fields(broken12)
	f.Fuzz(func(t *testing.T, before, after string) {
		first := r.Redact(before + " " + broken12 + " " + after)
		for i := range len(words) - 3 {
			if part := strings.Join(words[i:i+4], " "); strings.Contains(first.Text, part) && !strings.Contains(before+after, part) {
				t.Fatalf("%q survived in %q", part, first.Text)
			}
		}
		for _, found := range first.Findings {
			if first.Text[found.Start:found.End] != Placeholder(found.Kind) {
				t.Fatalf("finding %v points at %q", found, first.Text[found.Start:found.End])
			}
		}
		if second := r.Redact(first.Text); second.Text != first.Text || len(second.Findings) > 0 {
			t.Fatalf("%q is not settled: %q", first.Text, second.Text)
		}
		if text := before + after; utf8.ValidString(text) && !utf8.ValidString(r.Redact(text).Text) {
			t.Fatalf("%q became invalid UTF-8", text)
		}
		got, rewritten := r.RedactConversation([]string{before, after}, broken12)
		if strings.Contains(got.Text, words[3]+" "+words[4]) {
			t.Fatalf("phrase survived in %q", got.Text)
		}
		for i := range rewritten {
			if i < 0 || i > 1 {
				t.Fatalf("no message %d", i)
			}
		}
	})
}
