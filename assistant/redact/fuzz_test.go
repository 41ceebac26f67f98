package redact

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39"
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

// FuzzFold checks that stretches of the folded text map to whole characters of the
// original, in order, whatever is escaped or composed in it.
func FuzzFold(f *testing.F) {
	for _, text := range []string{
		"", "%25%32%35", "&#x1F511;&amp;amp;#65;", `\u0041\\u0042`, "\u1112\u1161\u11ab", "ﬁ№㎏", "İıßÆ", "й\u0306", "\xff%c3%28", "ㅎㅏㄴ", "가\u11a8",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := fold(text)
		if len(folded.lower) != len(folded.text) {
			t.Fatalf("%d and %d bytes", len(folded.lower), len(folded.text))
		}
		if !utf8.ValidString(folded.lower) || !utf8.ValidString(folded.text) {
			t.Fatalf("%q and %q are not both valid UTF-8", folded.lower, folded.text)
		}
		before := 0
		for i := range folded.text {
			_, size := utf8.DecodeRuneInString(folded.text[i:])
			start, end := folded.source(i, i+size)
			if start < 0 || end > len(text) || start >= end {
				t.Fatalf("%q[%d:%d] comes from [%d:%d] of %q", folded.text, i, i+size, start, end, text)
			}
			if start < before {
				t.Fatalf("%q: order is lost at %d", text, i)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[start:end]) {
				t.Fatalf("%q is cut at %d:%d", text, start, end)
			}
			before = start
		}
	})
}

// FuzzPersonal checks that personal data and secrets together settle, and that an
// address in any text goes.
func FuzzPersonal(f *testing.F) {
	for _, text := range []string{"", "+", "tel:", "GB82WEST12345698765432", "passport ", "0812-", "@", "a@b.c", "1-800-", "身份证号", "529.982.247-25"} {
		f.Add(text, text)
	}
	r := newPersonalRedactor(f)
	f.Fuzz(func(t *testing.T, before, after string) {
		got := r.Redact(before + " jane.doe@mail.example " + after)
		if strings.Contains(got.Text, "jane.doe@mail.example") && !strings.Contains(before+after, "jane.doe") {
			t.Fatalf("address survived in %q", got.Text)
		}
		if again := r.Redact(got.Text); again.Text != got.Text {
			t.Fatalf("%q is not settled: %q", got.Text, again.Text)
		}
	})
}

// FuzzEncoded checks that any phrase is found inside base64, and that what looks
// encoded is survived.
func FuzzEncoded(f *testing.F) {
	f.Add([]byte{0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f}, "x")
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, entropy []byte, after string) {
		random := sha256.Sum256(entropy) // else the words repeat as those of no wallet do
		phrase, err := bip39.NewMnemonic(random[:16])
		if err != nil {
			t.Fatal(err)
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(phrase))
		if got := r.Redact("see " + encoded + "\n\n" + after); strings.Contains(got.Text, encoded) {
			t.Fatalf("%q survived", encoded)
		}
		r.Redact(base64.StdEncoding.EncodeToString([]byte(after)) + hex.EncodeToString([]byte(after)))
	})
}
