package sla

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a time as regulators write it: "2 months", "8 weeks", "15 business days", "30 days". The zero Period is none.
type Period struct {
	Count int
	Unit  Unit
}

// Unit is what a Period counts.
type Unit string

// The units.
const (
	BusinessDays Unit = "business days"
	Days         Unit = "days"
	Months       Unit = "months"
	Weeks        Unit = "weeks"
)

// maxCount is more than any regulator allows, and keeps a misprint from being a deadline in another century.
const maxCount = 1000

// ParsePeriod reads a period such as "2 months".
func ParsePeriod(text string) (Period, error) {
	number, unit, found := strings.Cut(strings.Join(strings.Fields(text), " "), " ")
	count, err := strconv.Atoi(number)
	if !found || err != nil || count < 1 || count > maxCount {
		return Period{}, errors.New(`write a number and a unit, such as "2 months", "8 weeks", "15 business days" or "30 days"`)
	}
	if count == 1 && !strings.HasSuffix(unit, "s") {
		unit += "s"
	}
	switch Unit(unit) {
	case BusinessDays, Days, Months, Weeks:
		return Period{Count: count, Unit: Unit(unit)}, nil
	}
	return Period{}, fmt.Errorf("%q is no unit: use months, weeks, days or business days", unit)
}

// String is the period as ParsePeriod reads it.
func (p Period) String() string { return strconv.Itoa(p.Count) + " " + string(p.Unit) }

// After returns the last second of the last day of the period that a receipt at start begins. The day of receipt does not
// count. A month ends on the day of the same number, or on the month's last where there is none. Business days are Monday to
// Friday without the calendar's holidays; the calendar's hours do not matter.
func (p Period) After(start time.Time, calendar Calendar) time.Time {
	day := DateOf(start, calendar.location())
	switch p.Unit {
	case Days:
		day = day.Plus(p.Count)
	case Weeks:
		day = day.Plus(7 * p.Count)
	case Months:
		first := time.Date(day.Year, day.Month+time.Month(p.Count), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		day = Date{Day: min(day.Day, last), Month: first.Month(), Year: first.Year()}
	case BusinessDays:
		for left := p.Count; left > 0; {
			day = day.Plus(1)
			if weekday := day.Weekday(); weekday != time.Saturday && weekday != time.Sunday && !calendar.Holidays[day] {
				left--
			}
		}
	}
	return calendar.moment(day, dayMinutes).Add(-time.Second)
}
