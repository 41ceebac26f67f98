// Package sla calculates by when a desk promised something: it counts opening hours, not hours.
//
// Every function is pure. A day is a day of the calendar's time zone, and opening hours are what a clock on the wall of the
// desk shows; how long they are is what a stopwatch says, so that on the night of a change of the clocks a desk that is open
// around the clock works 23 or 25 hours. A wall time that the change leaves out means the moment of the change; one that
// comes twice means its first.
package sla

import (
	"time"
)

// Minutes of a day.
const dayMinutes = 24 * 60

// maxDays bounds the search for opening hours: who is closed for ten years does not open.
const maxDays = 3660

// Span is a part of a day, from From up to but without To, in minutes since midnight: 0 <= From < To <= 1440.
type Span struct{ From, To int }

// Date is a day without a time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that a calendar in this location shows at t.
func DateOf(t time.Time, location *time.Location) Date {
	year, month, day := t.In(location).Date()
	return Date{Day: day, Month: month, Year: year}
}

// Plus returns the day so many days later.
func (d Date) Plus(days int) Date {
	return dateOfUTC(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

func dateOfUTC(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Day: day, Month: month, Year: year}
}

// Calendar is when a desk is open. The zero Calendar is open around the clock, in UTC.
type Calendar struct {
	Holidays map[Date]bool
	Hours    map[time.Weekday][]Span // in order and apart; nil: around the clock
	Location *time.Location          // nil: UTC
}

// Add returns the moment at which the desk has been open for d since start, which need not lie in opening hours. A moment
// that is also a closing time is the closing time, not the next opening. ok is false when the desk never opens for so long.
func (c Calendar) Add(start time.Time, d time.Duration) (at time.Time, ok bool) {
	if d <= 0 {
		return start, true
	}
	day := DateOf(start, c.location())
	for range maxDays {
		for _, span := range c.spans(day) {
			from, to := c.moment(day, span.From), c.moment(day, span.To)
			if from.Before(start) {
				from = start
			}
			open := to.Sub(from)
			if open <= 0 {
				continue
			}
			if d <= open {
				return from.Add(d), true
			}
			d -= open
		}
		day = day.Plus(1)
	}
	return time.Time{}, false
}

// Between returns how long the desk is open from one moment to another; 0 when to is not later than from.
func (c Calendar) Between(from, to time.Time) time.Duration {
	var open time.Duration
	last := DateOf(to, c.location())
	for day := DateOf(from, c.location()); to.After(from); day = day.Plus(1) {
		for _, span := range c.spans(day) {
			opens, closes := c.moment(day, span.From), c.moment(day, span.To)
			if opens.Before(from) {
				opens = from
			}
			if closes.After(to) {
				closes = to
			}
			open += max(0, closes.Sub(opens))
		}
		if day == last {
			break
		}
	}
	return open
}

// Open reports whether the desk is open at t.
func (c Calendar) Open(t time.Time) bool {
	day := DateOf(t, c.location())
	for _, span := range c.spans(day) {
		if !t.Before(c.moment(day, span.From)) && t.Before(c.moment(day, span.To)) {
			return true
		}
	}
	return false
}

func (c Calendar) location() *time.Location {
	if c.Location == nil {
		return time.UTC
	}
	return c.Location
}

func (c Calendar) spans(day Date) []Span {
	switch {
	case c.Holidays[day]:
		return nil
	case c.Hours == nil:
		return []Span{{From: 0, To: dayMinutes}}
	}
	return c.Hours[day.Weekday()]
}

// moment returns when the wall clock shows so many minutes of a day.
func (c Calendar) moment(day Date, minutes int) time.Time {
	if minutes == dayMinutes {
		day, minutes = day.Plus(1), 0
	}
	wall := time.Date(day.Year, day.Month, day.Day, 0, minutes, 0, 0, time.UTC)
	// The offsets in force a day before and a day after are all that can be in force now: clocks change less often.
	early, late := c.at(wall, wall.Add(-dayMinutes*time.Minute)), c.at(wall, wall.Add(dayMinutes*time.Minute))
	first, second := early, late
	if second.Before(first) {
		first, second = second, first
	}
	for _, candidate := range []time.Time{first, second} {
		if shown := candidate.In(c.location()); shown.Hour()*60+shown.Minute() == minutes && dateOfUTC(shown) == day {
			return candidate
		}
	}
	// Left out: the clock jumps over it. Read with the offset from before the jump it lies after the jump.
	jump, _ := early.In(c.location()).ZoneBounds()
	return jump
}

// at reads a wall time with the offset that is in force around another one.
func (c Calendar) at(wall, around time.Time) time.Time {
	_, offset := around.In(c.location()).Zone()
	return wall.Add(-time.Duration(offset) * time.Second)
}
