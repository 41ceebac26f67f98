package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// region is a range of the process's addresses, and what /proc/self/smaps says about it.
type region struct {
	start, end uintptr
	file       string // what it maps; empty for memory without a file
	resident   int    // kB of it that are in memory
	own        bool   // it can be written, or has pages that differ from the file's: giving them back would lose them
}

// releasePages gives back the pages of the program's own file that the start has read: code that ran once, and models that were
// checked or unpacked. What is needed again comes back from the page cache, some pages at a time, and nothing is written to them.
func releasePages() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find the program's file: %w", err)
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("read the memory map: %w", err)
	}
	for _, r := range regions(string(smaps)) {
		if r.own || r.file != program {
			continue
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, r.start, r.end-r.start, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("give back pages of the program's file: %w", errno)
		}
	}
	return nil
}

// regions reads /proc/PID/smaps: for each region a line "start-end mode offset device inode  file", then lines "Key:  n kB". See
// proc_pid_smaps(5).
func regions(smaps string) []region {
	var all []region
	for line := range strings.Lines(smaps) {
		key, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if from, to, found := strings.Cut(key, "-"); found {
			all = append(all, newRegion(from, to, rest))
			continue
		}
		if len(all) == 0 {
			continue
		}
		r := &all[len(all)-1]
		amount, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")) // other lines than amounts are not looked at
		switch key {
		case "Rss:":
			r.resident = amount
		case "Anonymous:":
			r.own = r.own || amount > 0
		}
	}
	return all
}

// newRegion reads the first line of a region. One that cannot be read is left alone.
func newRegion(from, to, rest string) region {
	start, err := strconv.ParseUint(from, 16, strconv.IntSize)
	if err != nil {
		return region{own: true}
	}
	end, err := strconv.ParseUint(to, 16, strconv.IntSize)
	if err != nil {
		return region{own: true}
	}
	fields := strings.SplitN(rest, " ", 5) // mode, offset, device, inode, file after spaces
	if len(fields) < 5 {
		return region{own: true}
	}
	return region{start: uintptr(start), end: uintptr(end), file: strings.TrimSpace(fields[4]), own: !strings.HasPrefix(fields[0], "r-")}
}
