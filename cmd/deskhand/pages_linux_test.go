package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestReleasePages_GivesBackWhatTheStartHasRead(t *testing.T) {
	before := residentFile(t, "self")

	require.NoError(t, releasePages())

	require.Less(t, residentFile(t, "self"), before*3/4, "kB of the program's file; what the test runs on is back at once")
}

func TestServe_GivesBackTheProgramsPagesOnceItAnswers(t *testing.T) {
	t.Parallel()
	p := startProgram(t, []string{"DATABASE_URL=" + pgtest.URL(t)})
	process := strconv.Itoa(p.command.Process.Pid)

	// 53 MB without it, 15 to 18 with it.
	require.Eventually(t, func() bool { return residentFile(t, process) < 30_000 }, time.Minute, 10*time.Millisecond)
}

func TestRegions_TellsWhatCanBeReadAgainFromTheFile(t *testing.T) {
	t.Parallel()

	require.Equal(t, []region{
		{start: 0x400000, end: 0x401000, file: "/opt/desk hand", resident: 4},
		{start: 0x401000, end: 0x402000, file: "/opt/desk hand", own: true},              // written to
		{start: 0x402000, end: 0x403000, file: "/opt/desk hand", resident: 8, own: true}, // its pages differ from the file's
		{start: 0x7f0000000000, end: 0x7f0000001000, own: true},
	}, regions("00400000-00401000 r-xp 00000000 fe:00 1066   /opt/desk hand\n"+
		"Rss:                   4 kB\nAnonymous:             0 kB\nVmFlags: rd ex mr mw me\n"+
		"00401000-00402000 rw-p 00001000 fe:00 1066   /opt/desk hand\n"+
		"00402000-00403000 r--p 00002000 fe:00 1066   /opt/desk hand\n"+
		"Rss:                   8 kB\nAnonymous:             4 kB\n"+
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"))
}

// residentFile is how much of the file of a process's program is in memory and could be read again, in kB.
func residentFile(t *testing.T, process string) int {
	t.Helper()
	program, err := os.Readlink(filepath.Join("/proc", process, "exe"))
	require.NoError(t, err)
	smaps, err := os.ReadFile(filepath.Join("/proc", process, "smaps"))
	require.NoError(t, err)
	total := 0
	for _, r := range regions(string(smaps)) {
		if r.file == program && !r.own {
			total += r.resident
		}
	}
	require.Positive(t, total)
	return total
}
