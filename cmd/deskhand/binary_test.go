package main

import (
	"debug/elf"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The size is that of a build for linux/amd64, and what it may be a little above what it is: whoever needs more says so here.
const (
	mostBinary   = 72_500_000
	mostWritable = 3_500_000 // of the sections that are loaded from the file and can be written
)

func TestBinary_IsNoLargerThanItWas(t *testing.T) {
	t.Parallel()
	needLinuxAMD64(t)

	file, err := os.Stat(deskhand)

	require.NoError(t, err)
	require.LessOrEqual(t, file.Size(), int64(mostBinary))
}

// A model that is embedded as bytes lies among what can be written, and releasePages has to leave it in memory.
func TestBinary_KeepsItsModelsWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	needLinuxAMD64(t)
	program, err := elf.Open(deskhand)
	require.NoError(t, err)
	defer func() { require.NoError(t, program.Close()) }()

	writable := uint64(0)
	for _, section := range program.Sections {
		if section.Flags&elf.SHF_WRITE != 0 && section.Type != elf.SHT_NOBITS {
			writable += section.Size
		}
	}

	require.LessOrEqual(t, writable, uint64(mostWritable))
}

func needLinuxAMD64(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the bounds are those of a build for linux/amd64")
	}
}
