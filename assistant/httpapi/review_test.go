package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals/online"
)

func TestLiveQuestionsAreReviewedByTwoWhoDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	first, second, third := s.lead, s.key(t, postgres.RoleLead), s.key(t, postgres.RoleAdmin)
	s.ask(t, "I am mia.chen@mail.example. "+pending)
	s.ask(t, "我的提币还没到账,怎么办?")
	s.ask(t, hacked)

	sample := decode[online.Sample](t, s.do(t, call{body: `{"size":3,"seed":5}`, key: first, path: "/v1/reviews/samples"}), http.StatusCreated)
	require.Equal(t, []int{3, 3, 3}, []int{sample.Population, sample.Drawn, sample.Added})
	list := decode[httpapi.ReviewList](t, s.do(t, call{key: first, path: "/v1/reviews?to_do=true"}), http.StatusOK)
	require.Len(t, list.Reviews, 3)
	require.Equal(t, 3, list.Progress.ToDo)
	encoded, err := json.Marshal(list)
	require.NoError(t, err)
	require.NotContains(t, string(encoded), "mia.chen", "personal data is masked")
	page := decode[httpapi.ReviewList](t, s.do(t, call{key: first, path: "/v1/reviews?limit=2"}), http.StatusOK)
	require.Len(t, page.Reviews, 2)
	page = decode[httpapi.ReviewList](t, s.do(t, call{key: first, path: "/v1/reviews?limit=2&cursor=" + page.NextCursor}), http.StatusOK)
	require.Len(t, page.Reviews, 1)
	require.Empty(t, page.NextCursor)

	label := func(key string, r httpapi.Review, text string) reply {
		t.Helper()
		return s.do(t, call{
			body: `{"label":"` + text + `","note":"call +49 151 23456789"}`, key: key, method: http.MethodPut, path: "/v1/reviews/" + r.ID.String() + "/label",
		})
	}
	var disputed httpapi.Review
	for i, r := range list.Reviews {
		require.NotEmpty(t, r.Turns)
		decode[httpapi.Review](t, label(first, r, r.Choices[0]), http.StatusOK)
		seen := decode[httpapi.Review](t, s.do(t, call{key: second, path: "/v1/reviews/" + r.ID.String()}), http.StatusOK)
		require.Empty(t, seen.Labels, "the other's label is hidden")
		choice := r.Choices[0]
		if i == 0 {
			choice = r.Choices[1]
		}
		seen = decode[httpapi.Review](t, label(second, r, choice), http.StatusOK)
		require.Len(t, seen.Labels, 2)
		require.NotContains(t, seen.Labels[0].Note, "23456789")
		if i == 0 {
			disputed = seen
		}
	}
	require.Equal(t, "disputed", disputed.Status)
	problem(t, label(first, disputed, disputed.Choices[1]), http.StatusConflict)
	require.Equal(t, "settled", decode[httpapi.Review](t, label(third, disputed, disputed.Choices[1]), http.StatusOK).Status)
	problem(t, label(s.key(t, postgres.RoleLead), disputed, disputed.Choices[1]), http.StatusConflict)

	quality := decode[online.Quality](t, s.do(t, call{key: first, path: "/v1/reviews/quality"}), http.StatusOK)
	require.Equal(t, 3, quality.Progress.Settled)
	require.Equal(t, 2, quality.Agreement.All.Agreed)

	// What does not fit is refused by its field, and changes nothing.
	for body, field := range map[string]string{
		`{"label":"perfect"}`: "label", `{"label":"` + unfit(disputed) + `"}`: "label", `{"note":"x"}`: "label",
	} {
		p := problem(t, s.do(t, call{body: body, key: first, method: http.MethodPut, path: "/v1/reviews/" + disputed.ID.String() + "/label"}),
			http.StatusUnprocessableEntity)
		require.Equal(t, field, p.Errors[0].Field)
	}
	p := problem(t, s.do(t, call{body: `{"size":3,"from":"2026-03-02T00:00:00Z","to":"2026-03-01T00:00:00Z"}`, key: first, path: "/v1/reviews/samples"}),
		http.StatusUnprocessableEntity)
	require.Equal(t, "from", p.Errors[0].Field)
	require.Equal(t, []access.Role{access.Lead, access.Admin}, access.RolesOf(access.ReviewAnswers))
}

// unfit is a label of the other kind of outcome.
func unfit(r httpapi.Review) string {
	if r.Outcome == "handed_off" {
		return "correct_answer"
	}
	return "right_handoff"
}
