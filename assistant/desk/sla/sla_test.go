package sla_test

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/desk/sla"
)

// The desks of the table. Each name is a time zone, a colon, and how the desk is open.
func calendars(t testing.TB) map[string]sla.Calendar {
	t.Helper()
	week := func(spans ...sla.Span) map[time.Weekday][]sla.Span {
		return map[time.Weekday][]sla.Span{
			time.Monday: spans, time.Tuesday: spans, time.Wednesday: spans, time.Thursday: spans, time.Friday: spans,
		}
	}
	in := func(name string) *time.Location {
		location, err := time.LoadLocation(name)
		require.NoError(t, err)
		return location
	}
	night := map[time.Weekday][]sla.Span{}
	for day := time.Sunday; day <= time.Saturday; day++ {
		night[day] = []sla.Span{{From: 0, To: 6 * 60}, {From: 22 * 60, To: 24 * 60}}
	}
	gap := map[time.Weekday][]sla.Span{time.Sunday: {{From: 60, To: 150}, {From: 150, To: 240}}}
	holidays := func(days ...sla.Date) map[sla.Date]bool {
		set := make(map[sla.Date]bool)
		for _, day := range days {
			set[day] = true
		}
		return set
	}
	office, lunch := sla.Span{From: 9 * 60, To: 17 * 60}, []sla.Span{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 18 * 60}}
	return map[string]sla.Calendar{
		"always":           {},
		"berlin:always":    {Location: in("Europe/Berlin")},
		"berlin:office":    {Location: in("Europe/Berlin"), Hours: week(office), Holidays: holidays(sla.Date{2026, 12, 25}, sla.Date{2027, 1, 1})},
		"berlin:lunch":     {Location: in("Europe/Berlin"), Hours: week(lunch...)},
		"berlin:night":     {Location: in("Europe/Berlin"), Hours: night},
		"berlin:sunday":    {Location: in("Europe/Berlin"), Hours: gap},
		"newyork:office":   {Location: in("America/New_York"), Hours: week(office)},
		"newyork:always":   {Location: in("America/New_York"), Holidays: holidays(sla.Date{2026, 7, 4})},
		"kolkata:office":   {Location: in("Asia/Kolkata"), Hours: week(office)},
		"kathmandu:office": {Location: in("Asia/Kathmandu"), Hours: week(office)},
		"auckland:night":   {Location: in("Pacific/Auckland"), Hours: night},
		"lordhowe:always":  {Location: in("Australia/Lord_Howe")},
		"beirut:always":    {Location: in("Asia/Beirut")},
		"beirut:office":    {Location: in("Asia/Beirut"), Hours: week(sla.Span{From: 0, To: 60})},
		"apia:office":      {Location: in("Pacific/Apia"), Hours: week(office)},
		"dubai:sunday":     {Location: in("Asia/Dubai"), Hours: map[time.Weekday][]sla.Span{time.Sunday: {office}}},
	}
}

// pause is a wait for the customer, as wall times of the desk.
type pause struct{ from, to string }

func TestDueTimes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, calendar, start, target, due string
		pauses                             []pause
	}{
		// Around the clock.
		{"a minute", "always", "2026-03-02 10:00", "1m", "2026-03-02 10:01", nil},
		{"over midnight", "always", "2026-03-02 23:50", "15m", "2026-03-03 00:05", nil},
		{"to midnight exactly", "always", "2026-03-02 23:45", "15m", "2026-03-03 00:00", nil},
		{"over a weekend", "always", "2026-03-06 20:00", "72h", "2026-03-09 20:00", nil},
		{"over a leap day", "always", "2028-02-28 12:00", "48h", "2028-03-01 12:00", nil},
		{"over new year", "always", "2026-12-31 23:00", "2h", "2027-01-01 01:00", nil},
		{"no leap day in 2100", "always", "2100-02-28 12:00", "24h", "2100-03-01 12:00", nil},
		// Opening hours.
		{"within a day", "berlin:office", "2026-03-02 10:00", "4h", "2026-03-02 14:00", nil},
		{"before opening", "berlin:office", "2026-03-02 06:00", "1h", "2026-03-02 10:00", nil},
		{"at opening", "berlin:office", "2026-03-02 09:00", "1h", "2026-03-02 10:00", nil},
		{"after closing", "berlin:office", "2026-03-02 19:00", "1h", "2026-03-03 10:00", nil},
		{"at closing", "berlin:office", "2026-03-02 17:00", "1h", "2026-03-03 10:00", nil},
		{"a second before closing", "berlin:office", "2026-03-02 16:59", "1m", "2026-03-02 17:00", nil},
		{"over one night", "berlin:office", "2026-03-02 16:00", "2h", "2026-03-03 10:00", nil},
		{"to closing exactly", "berlin:office", "2026-03-02 15:00", "2h", "2026-03-02 17:00", nil},
		{"a whole day of work", "berlin:office", "2026-03-02 09:00", "8h", "2026-03-02 17:00", nil},
		{"a day of work from noon", "berlin:office", "2026-03-02 12:00", "8h", "2026-03-03 12:00", nil},
		{"over a weekend", "berlin:office", "2026-03-06 16:00", "2h", "2026-03-09 10:00", nil},
		{"on a Saturday", "berlin:office", "2026-03-07 12:00", "1h", "2026-03-09 10:00", nil},
		{"on a Sunday night", "berlin:office", "2026-03-08 23:59", "1h", "2026-03-09 10:00", nil},
		{"a week of work", "berlin:office", "2026-03-02 09:00", "40h", "2026-03-06 17:00", nil},
		{"a week of work and a minute", "berlin:office", "2026-03-02 09:00", "40h1m", "2026-03-09 09:01", nil},
		{"over lunch", "berlin:lunch", "2026-03-02 11:30", "1h", "2026-03-02 13:30", nil},
		{"in lunch", "berlin:lunch", "2026-03-02 12:30", "1h", "2026-03-02 14:00", nil},
		{"to lunch exactly", "berlin:lunch", "2026-03-02 11:00", "1h", "2026-03-02 12:00", nil},
		{"two lunches", "berlin:lunch", "2026-03-02 11:30", "8h", "2026-03-03 11:30", nil},
		{"open on Sundays only", "dubai:sunday", "2026-03-02 12:00", "9h", "2026-03-15 10:00", nil},
		{"night shift over midnight", "berlin:night", "2026-03-02 23:00", "3h", "2026-03-03 02:00", nil},
		{"night shift, asked by day", "berlin:night", "2026-03-02 12:00", "3h", "2026-03-03 01:00", nil},
		{"night shift over the day", "berlin:night", "2026-03-02 05:00", "3h", "2026-03-03 00:00", nil},
		// Holidays.
		{"on a holiday", "berlin:office", "2026-12-25 10:00", "1h", "2026-12-28 10:00", nil},
		{"over a holiday and a weekend", "berlin:office", "2026-12-24 16:00", "2h", "2026-12-28 10:00", nil},
		{"new year's day", "berlin:office", "2026-12-31 16:30", "1h", "2027-01-04 09:30", nil},
		{"holiday of a desk that never closes", "newyork:always", "2026-07-03 23:00", "2h", "2026-07-05 01:00", nil},
		{"asked on that holiday", "newyork:always", "2026-07-04 12:00", "1h", "2026-07-05 01:00", nil},
		// Zones with odd offsets, and far from UTC.
		{"half an hour off", "kolkata:office", "2026-03-02 16:30", "1h", "2026-03-03 09:30", nil},
		{"a quarter off", "kathmandu:office", "2026-03-02 08:59", "1m", "2026-03-02 09:01", nil},
		{"another day in UTC", "apia:office", "2026-03-06 16:00", "2h", "2026-03-09 10:00", nil},
		{"Friday evening is Saturday in UTC", "newyork:office", "2026-03-06 21:00", "1h", "2026-03-09 10:00", nil},
		// Clocks go forward: 2026-03-29 02:00 -> 03:00 in Berlin, 2026-03-08 in New York.
		{"spring, around the clock", "berlin:always", "2026-03-28 12:00", "24h", "2026-03-29 13:00", nil},
		{"spring, short", "berlin:always", "2026-03-29 01:30", "1h", "2026-03-29 03:30", nil},
		{"spring, to the jump", "berlin:always", "2026-03-29 01:00", "1h", "2026-03-29 03:00", nil},
		{"spring, day work is as long", "berlin:office", "2026-03-27 16:00", "9h", "2026-03-30 17:00", nil},
		{"spring, New York's office", "newyork:office", "2026-03-06 16:00", "2h", "2026-03-09 10:00", nil},
		{"spring, the night shift is an hour short", "berlin:night", "2026-03-28 22:00", "8h", "2026-03-29 23:00", nil},
		{"spring, hours that begin in the jump", "berlin:sunday", "2026-03-29 00:00", "90m", "2026-03-29 03:30", nil},
		{"the same hours on another Sunday", "berlin:sunday", "2026-03-22 00:00", "90m", "2026-03-22 02:30", nil},
		{"spring in Auckland is in September", "auckland:night", "2026-09-26 22:00", "8h", "2026-09-27 23:00", nil},
		{"spring by half an hour", "lordhowe:always", "2026-10-04 01:00", "2h", "2026-10-04 03:30", nil},
		{"spring at midnight", "beirut:always", "2026-03-28 23:00", "2h", "2026-03-29 02:00", nil},
		{"a day without midnight", "beirut:office", "2026-03-27 00:30", "40m", "2026-03-30 00:10", nil},
		// Clocks go back: 2026-10-25 03:00 -> 02:00 in Berlin, 2026-11-01 in New York.
		{"autumn, around the clock", "berlin:always", "2026-10-24 12:00", "24h", "2026-10-25 11:00", nil},
		{"autumn, into the first two o'clock", "berlin:always", "2026-10-25 01:30", "1h", "2026-10-25 02:30", nil},
		{"autumn, past both", "berlin:always", "2026-10-25 01:30", "3h", "2026-10-25 03:30", nil},
		{"autumn, day work is as long", "berlin:office", "2026-10-23 16:00", "9h", "2026-10-26 17:00", nil},
		{"autumn, New York's office", "newyork:office", "2026-10-30 16:00", "2h", "2026-11-02 10:00", nil},
		{"autumn, the night shift is an hour long", "berlin:night", "2026-10-24 22:00", "9h", "2026-10-25 06:00", nil},
		{"autumn in Auckland is in April", "auckland:night", "2026-04-04 22:00", "9h", "2026-04-05 06:00", nil},
		{"autumn by half an hour", "lordhowe:always", "2026-04-05 00:00", "3h", "2026-04-05 02:30", nil},
		// Pauses.
		{"a pause within hours", "berlin:office", "2026-03-02 10:00", "4h", "2026-03-02 15:00", []pause{{"2026-03-02 11:00", "2026-03-02 12:00"}}},
		{"a pause over night costs the day's rest only", "berlin:office", "2026-03-02 10:00", "4h", "2026-03-03 12:00", []pause{{"2026-03-02 11:00", "2026-03-03 09:00"}}},
		{"a pause outside hours costs nothing", "berlin:office", "2026-03-02 15:00", "4h", "2026-03-03 11:00", []pause{{"2026-03-02 18:00", "2026-03-03 08:00"}}},
		{"a pause over a weekend", "berlin:office", "2026-03-06 10:00", "4h", "2026-03-09 12:00", []pause{{"2026-03-06 11:00", "2026-03-09 09:00"}}},
		{"a pause over a holiday", "berlin:office", "2026-12-24 16:00", "2h", "2026-12-28 11:00", []pause{{"2026-12-24 16:30", "2026-12-28 09:30"}}},
		{"two pauses", "always", "2026-03-02 10:00", "2h", "2026-03-02 15:00", []pause{{"2026-03-02 11:00", "2026-03-02 13:00"}, {"2026-03-02 13:30", "2026-03-02 14:30"}}},
		{"a pause over the spring jump", "berlin:always", "2026-03-29 00:00", "2h", "2026-03-29 05:00", []pause{{"2026-03-29 01:00", "2026-03-29 04:00"}}},
		{"a pause over the autumn change", "berlin:always", "2026-10-25 01:00", "2h", "2026-10-25 05:30", []pause{{"2026-10-25 01:30", "2026-10-25 04:00"}}},
		{"a pause after the due time changes nothing", "berlin:office", "2026-03-02 10:00", "1h", "2026-03-02 11:00", []pause{{"2026-03-02 12:00", "2026-03-02 13:00"}}},
		{"a pause from the start", "berlin:office", "2026-03-02 10:00", "1h", "2026-03-02 13:00", []pause{{"2026-03-02 10:00", "2026-03-02 12:00"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			calendar, ok := calendars(t)[test.calendar]
			require.True(t, ok)
			at := func(text string) time.Time {
				location := calendar.Location
				if location == nil {
					location = time.UTC
				}
				parsed, err := time.ParseInLocation("2006-01-02 15:04", text, location)
				require.NoError(t, err)
				return parsed
			}
			target, err := time.ParseDuration(test.target)
			require.NoError(t, err)
			clock := sla.Start(calendar, at(test.start), target, 0.5)
			for _, p := range test.pauses {
				clock = clock.Resume(calendar, at(p.from), at(p.to))
			}
			require.Equal(t, test.due, clock.Due.In(at(test.start).Location()).Format("2006-01-02 15:04"))
			require.False(t, clock.Warn.After(clock.Due))
		})
	}
}

// The table above says what is right in single cases; this says that nothing is gained or lost in any: whatever the pauses,
// the opening hours from start to due, without those of the pauses, are the target.
func TestOpeningHoursAreNeitherLostNorGained(t *testing.T) {
	t.Parallel()

	random := rand.New(rand.NewPCG(1, 2))
	for name, calendar := range calendars(t) {
		for range 60 {
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.IntN(525_600)) * time.Minute)
			target := time.Duration(1+random.IntN(2_000)) * time.Minute
			clock := sla.Start(calendar, start, target, 0.75)
			require.True(t, clock.Running(), name)
			var paused time.Duration
			for at := start; ; {
				from := at.Add(time.Duration(random.IntN(600)) * time.Minute)
				to := from.Add(time.Duration(random.IntN(3_000)) * time.Minute)
				if !from.Before(clock.Due) {
					break
				}
				clock, at = clock.Resume(calendar, from, to), to
				paused += calendar.Between(from, to)
			}
			require.Equal(t, target, calendar.Between(start, clock.Due)-paused, "%s from %s", name, start)
		}
	}
}

func TestADeskThatNeverOpensPromisesNothing(t *testing.T) {
	t.Parallel()

	closed := sla.Calendar{Hours: map[time.Weekday][]sla.Span{}}
	require.False(t, sla.Start(closed, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), time.Hour, 0.5).Running())
	require.False(t, sla.Start(sla.Calendar{}, time.Time{}, 0, 0.5).Running())
}

func TestOpen(t *testing.T) {
	t.Parallel()

	office := calendars(t)["berlin:office"]
	for text, want := range map[string]bool{
		"2026-03-02T07:59:59Z": false, "2026-03-02T08:00:00Z": true, "2026-03-02T15:59:59Z": true, "2026-03-02T16:00:00Z": false,
		"2026-03-07T10:00:00Z": false, "2026-12-25T10:00:00Z": false,
	} {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		require.Equal(t, want, office.Open(at), text)
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()

	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	calendar := sla.Calendar{Location: london, Holidays: map[sla.Date]bool{{2026, 12, 25}: true, {2026, 12, 28}: true, {2027, 1, 1}: true}}
	for _, test := range []struct{ period, received, due string }{
		{"2 months", "2026-03-02 10:00", "2026-05-02 23:59:59"},
		{"2 months", "2026-12-31 10:00", "2027-02-28 23:59:59"},
		{"2 months", "2027-12-31 23:59", "2028-02-29 23:59:59"},
		{"1 month", "2026-01-31 00:00", "2026-02-28 23:59:59"},
		{"8 weeks", "2026-03-02 10:00", "2026-04-27 23:59:59"},
		{"8 weeks", "2026-09-07 10:00", "2026-11-02 23:59:59"},
		{"15 business days", "2026-03-02 10:00", "2026-03-23 23:59:59"},
		{"15 business days", "2026-03-07 10:00", "2026-03-27 23:59:59"},
		{"15 business days", "2026-12-18 10:00", "2027-01-13 23:59:59"},
		{"35 business days", "2026-03-02 10:00", "2026-04-20 23:59:59"},
		{"1 business day", "2026-03-06 23:59", "2026-03-09 23:59:59"},
		{"30 days", "2026-03-02 10:00", "2026-04-01 23:59:59"},
	} {
		period, err := sla.ParsePeriod(test.period)
		require.NoError(t, err)
		received, err := time.ParseInLocation("2006-01-02 15:04", test.received, london)
		require.NoError(t, err)
		require.Equal(t, test.due, period.After(received, calendar).In(london).Format(time.DateTime), "%s from %s", test.period, test.received)
	}
	for _, text := range []string{"", "2", "months", "0 days", "-1 days", "2 fortnights", "1e3 days", "1001 days", "2 business"} {
		_, err := sla.ParsePeriod(text)
		require.Error(t, err, text)
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, text := range []string{"2 months", "15  business days", "1 day", "9999 weeks"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		period, err := sla.ParsePeriod(text)
		if err != nil {
			return
		}
		again, err := sla.ParsePeriod(period.String())
		require.NoError(t, err)
		require.Equal(t, period, again)
		at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		require.True(t, period.After(at, sla.Calendar{}).After(at))
	})
}
