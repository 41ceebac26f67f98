//go:build movedclock

package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// clock is the machine's, moved by the duration in the file that DESKHAND_CLOCK_FILE names. It is read at each call, so that a
// clock can jump while the program runs. No released build has it: cmd/faults builds its own with the tag movedclock.
func clock() time.Time {
	text, err := os.ReadFile(os.Getenv("DESKHAND_CLOCK_FILE"))
	if err != nil {
		return time.Now()
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return time.Now()
	}
	// Round drops the reading of the monotonic clock, which a jump of the wall clock would not move.
	return time.Now().Round(0).Add(time.Duration(seconds) * time.Second)
}
