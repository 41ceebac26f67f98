package assistant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
)

// A desk that wants no personal data gets none, and its customers are not told that they gave away a secret.
func TestPersonalDataIsRemovedWhereTheDeskWantsThat(t *testing.T) {
	t.Parallel()

	redactor, err := redact.New(redact.Config{PII: true})
	require.NoError(t, err)
	tests := map[string]struct{ text, needle string }{
		"en":      {"how do i change my e-mail jane.doe@mail.example to another one", "jane.doe"},
		"zh-Hans": {"怎么更换绑定手机 +86 138 1234 5678", "1234 5678"},
		"ar":      {"كيف اغير بريدي jane.doe@mail.example", "jane.doe"},
	}
	for language, test := range tests {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{})
			s.Redactor = redactor
			run := s.say(t, assistant.Question{Body: test.text, Locale: language})

			require.Empty(t, s.tablesWith(t, test.needle))
			require.NotContains(t, run.Reasons, assistant.Reason("risk:secret_shared"))
			require.Equal(t, 1, s.count(t, `SELECT count(*) FROM messages WHERE author = 'customer' AND redactions <> '{}'`))
		})
	}
}

func TestPersonalDataStaysWhereTheDeskSaysNothing(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	s.ask(t, "how do i change my e-mail jane.doe@mail.example to another one")
	require.NotEmpty(t, s.tablesWith(t, "jane.doe"))
}
