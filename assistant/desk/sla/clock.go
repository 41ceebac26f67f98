package sla

import "time"

// Clock is a promise that runs: by when it is due, and when to warn before that. Its zero value is a promise not made.
type Clock struct {
	Due  time.Time
	Warn time.Time
}

// Start returns the clock of a promise to be kept within target opening hours. warnAt is the share of them, 0 to 1, after
// which to warn. A target of 0 is no promise.
func Start(calendar Calendar, at time.Time, target time.Duration, warnAt float64) Clock {
	if target <= 0 {
		return Clock{}
	}
	due, ok := calendar.Add(at, target)
	if !ok {
		return Clock{}
	}
	warn, _ := calendar.Add(at, time.Duration(float64(target)*warnAt))
	return Clock{Due: due, Warn: warn}
}

// Running reports whether there is a promise to keep.
func (c Clock) Running() bool { return !c.Due.IsZero() }

// Resume returns the clock after a pause: what was left of the opening hours when it began is left when it ends. A moment
// that had passed before the pause stays where it was.
func (c Clock) Resume(calendar Calendar, paused, resumed time.Time) Clock {
	if !c.Running() || !resumed.After(paused) {
		return c
	}
	return Clock{Due: shift(calendar, c.Due, paused, resumed), Warn: shift(calendar, c.Warn, paused, resumed)}
}

func shift(calendar Calendar, at, paused, resumed time.Time) time.Time {
	if !at.After(paused) {
		return at
	}
	// A moment that lies after the pause is at an opening time or a closing time of the same count, so nothing is lost.
	shifted, ok := calendar.Add(resumed, calendar.Between(paused, at))
	if !ok {
		return at
	}
	return shifted
}
