package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/desk/sla"
	"github.com/deskhand/deskhand/assistant/triage"
)

func TestExampleIsAPlan(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse(plan.Example())
	require.NoError(t, err)
	require.Equal(t, plan.Example(), p.Source)
	require.Equal(t, 2*24*time.Hour, p.FollowUp)
	require.Equal(t, plan.Targets{FirstResponse: 15 * time.Minute, NextResponse: 15 * time.Minute, Resolution: 4 * time.Hour},
		p.Queue("security").Targets[triage.P1])
	require.Nil(t, p.Queue("security").Calendar.Hours, "around the clock")
	require.Equal(t, []sla.Span{{From: 480, To: 1200}}, p.Queue("chinese").Calendar.Hours[time.Monday])
	require.Empty(t, p.Queue("chinese").Calendar.Hours[time.Sunday])
	require.True(t, p.Queue("general").Calendar.Holidays[sla.Date{Year: 2026, Month: 12, Day: 26}])
	require.Empty(t, p.Queue("security").Calendar.Holidays)
	payments, ok := p.Regime("fca_payments")
	require.True(t, ok)
	require.Equal(t, "35 business days", payments.Extended.String())
	standard, ok := p.Regime("")
	require.True(t, ok)
	require.Equal(t, "mica", standard.Name)
}

func TestCasesGoToTheFirstQueueThatTakesThem(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse(plan.Example())
	require.NoError(t, err)
	for _, test := range []struct{ intent, language, want string }{
		{"security.phishing_victim", "en", "security"},
		{"security.phishing_victim", "zh-Hans", "security"},
		{"account.mfa_lost", "ar", "security"},
		{"account.mfa", "ar", "general"},
		{"securityx.other", "en", "general"},
		{"withdrawal.pending", "zh-Hans", "chinese"},
		{"withdrawal.pending", "zh-Hant", "chinese"},
		{"withdrawal.pending", "zha", "general"},
		{"withdrawal.pending", "ja", "general"},
	} {
		require.Equal(t, test.want, p.Route(test.intent, test.language).Name, "%s in %s", test.intent, test.language)
	}
	require.Equal(t, "general", p.Queue("dropped long ago").Name)
}

func TestAgentsWorkOnWhatTheirSkillsAllow(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse(plan.Example())
	require.NoError(t, err)
	mei, other := p.Agent(uuid.New(), "Mei"), p.Agent(uuid.New(), "Somebody")
	require.Equal(t, []string{"security", "chinese", "general"}, p.Worked(mei))
	require.Equal(t, []string{"chinese", "general"}, p.Worked(other))
	require.True(t, mei.Speaks("zh-Hant"))
	require.False(t, mei.Speaks("ar"))
	require.True(t, other.Speaks("ar"))

	id := uuid.New()
	byID, err := plan.Parse("agents: [{name: " + id.String() + ", capacity: 3}]")
	require.NoError(t, err)
	require.Equal(t, 3, byID.Agent(id, "whoever").Capacity)
}

func TestComplaintsFallUnderTheRulesOfTheCustomersCountry(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse(plan.Example())
	require.NoError(t, err)
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	received := time.Date(2026, 3, 2, 10, 0, 0, 0, london)
	for _, test := range []struct{ jurisdiction, intent, regime, decide, extended string }{
		{"DE", "withdrawal.pending", "mica", "2026-05-02", ""},
		{"DE", "fiat.withdrawal_delayed", "mica", "2026-05-02", ""},
		{"NO", "withdrawal.pending", "mica", "2026-05-02", ""},
		{"GB", "withdrawal.pending", "fca", "2026-04-27", ""},
		{"GB", "fiat.withdrawal_delayed", "fca_payments", "2026-03-23", "2026-04-20"},
		{"GB", "fiatx.other", "fca", "2026-04-27", ""},
		{"BR", "withdrawal.pending", "mica", "2026-05-02", ""}, // the default
		{"", "withdrawal.pending", "mica", "2026-05-02", ""},
	} {
		regime := p.RegimeOf(test.jurisdiction, test.intent)
		require.Equal(t, test.regime, regime.Name, "%s in %q", test.intent, test.jurisdiction)
		require.Equal(t, test.decide, regime.Decide.After(received, regime.Calendar).In(london).Format(time.DateOnly))
		if test.extended != "" {
			require.Equal(t, test.extended, regime.Extended.After(received, regime.Calendar).In(london).Format(time.DateOnly))
		}
	}
	require.Equal(t, "mica", plan.Default().RegimeOf("GB", "fiat.how_to").Name, "a desk without a plan has one regime")
}

func TestTicketsAreGivenInOpeningHoursToWhoHasRoom(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse("lease: 30m\nhours: {mon: \"09:00-17:00\"}\nqueues:\n  - {name: a, push: true, languages: [en]}\n" +
		"  - {name: b, push: true, skills: [s], hours: always, languages: [de]}\n  - name: c\nagents: [{name: Mei, skills: [s], capacity: 2}]")
	require.NoError(t, err)
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	mei, other := p.Agent(uuid.New(), "Mei"), p.Agent(uuid.New(), "Other")
	require.Equal(t, []string{"a", "b"}, p.Pushed(mei, monday))
	require.Equal(t, []string{"a"}, p.Pushed(other, monday))
	require.Equal(t, []string{"b"}, p.Pushed(mei, monday.Add(-time.Second)))
	require.Equal(t, []int{2, 1, 0, 0}, []int{mei.Room(0), mei.Room(1), mei.Room(2), mei.Room(3)})
	require.Equal(t, plan.PushLimit, other.Room(0))
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, source, want string }{
		{"empty", "", "line 1: the plan is empty"},
		{"no YAML", "queues: [", "line 1: "},
		{"unknown field", "lease: 3m\nleese: 5m", `line 2: unknown field "leese"`},
		{"wrong type", "lease: 3m\nqueues: 7", "line 2: "},
		{"time zone", "time_zone: Mars/Olympus", `line 1: "Mars/Olympus" is no time zone`},
		{"zone of the machine", "time_zone: Local", `line 1: "Local" is no time zone`},
		{"day", "lease: 3m\nhours:\n  monday: [\"09:00-17:00\"]", `line 3: "monday" is no day`},
		{"span", "hours:\n  mon: [\"9-17\"]", `line 2: "9-17" is no span`},
		{"minute", "hours:\n  mon: [\"09:60-17:00\"]", `line 2: "09:60-17:00" is no span`},
		{"overlap", "hours:\n  mon: [\"09:00-17:00\", \"16:00-18:00\"]", "line 2: the spans of mon overlap"},
		{"overlap over midnight", "hours:\n  mon: [\"22:00-06:00\"]\n  tue: [\"05:00-09:00\"]", "the spans of tue overlap"},
		{"never open", "hours: {mon: []}", "line 1: the desk never opens"},
		{"holiday", "lease: 3m\nholidays:\n  - 2026-12-25\n  - 2026-02-30", `line 4: "2026-02-30" is no day`},
		{"time", "lease: soon", `line 1: "soon" is no time`},
		{"no time", "lease: -5m", `line 1: "-5m" is no time`},
		{"share", "warn_at: 1.5", "line 1: warn_at must lie"},
		{"no share", "warn_at: .nan", "line 1: warn_at must lie"},
		{"priority", "sla:\n  P0: {first_response: 5m}", `line 2: "P0" is no priority`},
		{"promise", "sla:\n  P1: {first_response: 5m, resolution: never}", `line 2: "never" is no time`},
		{"queue's name", "queues:\n  - name: Chinese Desk", "line 2: a queue's name"},
		{"two queues", "queues:\n  - name: a\n    languages: [en]\n  - name: a", `line 4: two queues are called "a"`},
		{"last queue", "queues:\n  - name: a\n    languages: [en]", "line 2: the last queue takes what no other takes"},
		{"skill that nobody has", "queues:\n  - name: a\n    skills: [flying]", `line 3: no agent has the skill "flying"`},
		{"agent twice", "agents:\n  - name: Mei\n  - name: Mei", "line 3: the agent is listed twice"},
		{"agent without name", "agents:\n  - capacity: 3", "line 2: an agent has a name"},
		{"capacity", "agents:\n  - name: Mei\n    capacity: -1", "line 3: capacity must not be negative"},
		{"escalation", "escalation:\n  queue: nowhere", `line 2: there is no queue "nowhere"`},
		{"regime", "complaints:\n  default: us\n  regimes:\n    - {name: mica, decide: 2 months}", "line 2: default must name"},
		{"period", "complaints:\n  default: mica\n  regimes:\n    - name: mica\n      decide: soon", "line 5: write a number and a unit"},
		{"country", "complaints:\n  default: mica\n  regimes:\n    - name: mica\n      decide: 2 months\n      jurisdictions: [de]", `line 6: "de" does not fit`},
		{
			"intents of no country", "complaints:\n  default: mica\n  regimes:\n    - name: mica\n      decide: 2 months\n      intents: [fiat.*]",
			"line 6: intents need jurisdictions",
		},
		{"push without a lease", "queues:\n  - name: a\n    push: true", "line 3: push needs a lease"},
		{"push that is no answer", "queues:\n  - name: a\n    push: often", "line 3: "},
		{"no period", "complaints:\n  default: mica\n  regimes:\n    - name: mica", "line 4: decide is missing"},
		{"larger than a plan is", strings.Repeat("#", plan.MaxBytes+1), "larger than 1 MB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := plan.Parse(test.source)
			require.ErrorContains(t, err, test.want)
			var mistake *plan.Error
			require.ErrorAs(t, err, &mistake)
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	t.Parallel()

	_, err := plan.Parse("warn_at: 7\nlease: soon\ntime_zone: Mars/Olympus")
	require.ErrorContains(t, err, "line 1: ")
	require.ErrorContains(t, err, "line 2: ")
	require.ErrorContains(t, err, "line 3: ")
}

func TestSpansOverMidnightEndOnTheNextDay(t *testing.T) {
	t.Parallel()

	p, err := plan.Parse("hours:\n  fri-sat: [\"22:00-06:00\"]\n  mon: \"00:00-24:00\"")
	require.NoError(t, err)
	hours := p.Queues[0].Calendar.Hours
	require.Equal(t, []sla.Span{{From: 1320, To: 1440}}, hours[time.Friday])
	require.Equal(t, []sla.Span{{From: 0, To: 360}, {From: 1320, To: 1440}}, hours[time.Saturday])
	require.Equal(t, []sla.Span{{From: 0, To: 360}}, hours[time.Sunday])
	require.Equal(t, []sla.Span{{From: 0, To: 1440}}, hours[time.Monday])
}

func FuzzParse(f *testing.F) {
	f.Add(plan.Example())
	f.Add("queues:\n  - name: a\n    hours: {mon-fri: [\"22:00-06:00\"]}")
	f.Add("complaints: {default: x, regimes: [{name: x, decide: 1 day}]}")
	f.Add("hours: {mon: 7}\nholidays: [x]")
	f.Fuzz(func(t *testing.T, source string) {
		p, err := plan.Parse(source)
		if err != nil {
			var mistake *plan.Error
			require.ErrorAs(t, err, &mistake)
			require.Positive(t, mistake.Line)
			return
		}
		queue := p.Route("withdrawal.pending", "en")
		_, ok := queue.Calendar.Add(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), time.Hour)
		require.True(t, ok || len(queue.Calendar.Holidays) > 0, "a plan that is accepted opens some day")
		_, ok = p.Regime("")
		require.True(t, ok)
	})
}
