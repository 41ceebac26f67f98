package local

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindInstallation(t *testing.T) {
	t.Parallel()

	t.Run("SaysWhatToRunWhenThereIsNone", func(t *testing.T) {
		t.Parallel()

		_, err := findInstallation(t.Context(), folder{root: t.TempDir()}, []string{t.TempDir()})
		require.ErrorIs(t, err, ErrNotInstalled)
		require.ErrorContains(t, err, "make setup")
		require.NotContains(t, err.Error(), "\n")
	})

	t.Run("SaysThatPgvectorIsMissing", func(t *testing.T) {
		t.Parallel()

		_, err := findInstallation(t.Context(), folder{root: t.TempDir()}, []string{fakeInstallation(t, "16.1", "")})
		require.ErrorIs(t, err, ErrNotInstalled)
		require.ErrorContains(t, err, "PostgreSQL 16.1 is here, but pgvector")
	})

	t.Run("DoesNotTakeAnOldPgvector", func(t *testing.T) {
		t.Parallel()

		_, err := findInstallation(t.Context(), folder{root: t.TempDir()}, []string{fakeInstallation(t, "16.1", "0.6.2")})
		require.ErrorIs(t, err, ErrNotInstalled)
	})

	t.Run("DoesNotTakeAnOldPostgreSQL", func(t *testing.T) {
		t.Parallel()

		_, err := findInstallation(t.Context(), folder{root: t.TempDir()}, []string{fakeInstallation(t, "13.9", "0.8.0")})
		require.ErrorIs(t, err, ErrNotInstalled)
	})

	t.Run("TakesTheNewest", func(t *testing.T) {
		t.Parallel()

		bins := []string{fakeInstallation(t, "15.2", "0.8.0"), fakeInstallation(t, "17.0", "0.7.0"), fakeInstallation(t, "16.1", "0.8.0")}
		found, err := findInstallation(t.Context(), folder{root: t.TempDir()}, bins)
		require.NoError(t, err)
		require.Equal(t, installation{bin: bins[1], major: 17, vector: "0.7.0", version: "17.0"}, found)
	})

	t.Run("TakesTheOneThatMadeTheCluster", func(t *testing.T) {
		t.Parallel()

		f := folder{root: t.TempDir()}
		require.NoError(t, os.MkdirAll(f.cluster(), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(f.cluster(), "PG_VERSION"), []byte("15\n"), 0o600))
		found, err := findInstallation(t.Context(), f, []string{fakeInstallation(t, "17.0", "0.8.0"), fakeInstallation(t, "15.2", "0.8.0")})
		require.NoError(t, err)
		require.Equal(t, 15, found.major)
	})
}

func TestParseVersion(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]struct {
		version string
		major   int
	}{
		"postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n": {"15.20", 15},
		"postgres (PostgreSQL) 17.5 (Homebrew)":                  {"17.5", 17},
		"postgres (PostgreSQL) 19beta1":                          {"19beta1", 19},
		"postgres (PostgreSQL) 19devel":                          {"19devel", 19},
		"nonsense":                                               {"", 0},
		"":                                                       {"", 0},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			version, major := parseVersion(text)
			require.Equal(t, want.version, version)
			require.Equal(t, want.major, major)
		})
	}
}

func TestEnoughVector(t *testing.T) {
	t.Parallel()

	for _, version := range []string{"0.7.0", "0.7.1", "0.8", "0.10.0", "1.0"} {
		require.True(t, newEnough(version), version)
	}
	for _, version := range []string{"", "0.6.2", "0.5.10", "junk"} {
		require.False(t, newEnough(version), version)
	}
}

func TestOfferJudge(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		offer offer
		want  error
	}{
		"Installed":            {offer{available: "0.8.0", installed: "0.8.0", number: 150020}, nil},
		"Available":            {offer{available: "0.7.0", number: 140001}, nil},
		"InstalledElsewhere":   {offer{installed: "0.8.0", number: 170002}, nil},
		"TooOld":               {offer{available: "0.8.0", number: 130020}, ErrVersion},
		"WithoutPgvector":      {offer{number: 150020}, ErrNoVector},
		"OldPgvectorAvailable": {offer{available: "0.6.2", number: 150020}, ErrNoVector},
		"OldPgvectorInstalled": {offer{available: "0.8.0", installed: "0.5.1", number: 150020}, ErrNoVector},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := test.offer.judge()
			require.ErrorIs(t, err, test.want)
			if test.want != nil {
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()

	for name, address := range map[string]string{
		"NobodyListens": "postgres://deskhand:geheim@127.0.0.1:1/deskhand",
		"NotAnAddress":  "postgres://deskhand:geheim@[half/deskhand",
		"NoSocket":      "postgres://deskhand:geheim@/deskhand?host=" + url.QueryEscape(t.TempDir()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := Check(t.Context(), address)
			require.ErrorIs(t, err, ErrUnreachable)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "geheim")
		})
	}
}

func TestAFolderIsFreeAlthoughAStartingProcessHasACopyOfItsLock(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "lock")
	lock, err := lockFolder(path)
	require.NoError(t, err)
	inherited, err := syscall.Dup(int(lock.Fd()))
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Close(inherited)) }()

	require.NoError(t, (&Cluster{lock: lock}).unlock())
	again, err := lockFolder(path)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestSettings(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		machine machine
		want    map[string]string
	}{
		"SmallContainer": {
			machine{memory: 512 * mib},
			map[string]string{"maintenance_work_mem": "64MB", "shared_buffers": "128MB", "work_mem": "8MB"},
		},
		"Laptop": {
			machine{memory: 16 * gib},
			map[string]string{"maintenance_work_mem": "256MB", "shared_buffers": "2048MB", "work_mem": "32MB"},
		},
		"LargeServer": {
			machine{memory: 512 * gib},
			map[string]string{"maintenance_work_mem": "256MB", "shared_buffers": "2048MB", "work_mem": "64MB"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := map[string]string{}
			for _, s := range settings(Config{MaxConnections: 100}, test.machine, "/run") {
				require.NotEmpty(t, s.why, s.name)
				got[s.name] = s.value
			}
			for setting, value := range test.want {
				require.Equal(t, value, got[setting], setting)
			}
		})
	}
}

func TestMeasureMachine(t *testing.T) {
	t.Parallel()

	require.Equal(t, int64(24594252)<<10, parseMeminfo("MemFree: 1 kB\nMemTotal:       24594252 kB\n"))
	require.Zero(t, parseMeminfo("MemFree: 1 kB\n"))
	require.GreaterOrEqual(t, measureMachine().memory, 64*mib)
}

func TestIsServerCommand(t *testing.T) {
	t.Parallel()

	require.True(t, isServerCommand([]string{"/usr/lib/postgresql/15/bin/postgres", "-D", "/data/cluster"}, "/data/cluster"))
	for _, args := range [][]string{
		nil,
		{"postgres: checkpointer "},
		{"postgres", "-D", "/other/cluster"},
		{"vim", "-D", "/data/cluster"},
	} {
		require.False(t, isServerCommand(args, "/data/cluster"), args)
	}
}

func TestDropStalePID(t *testing.T) {
	t.Parallel()

	t.Run("RemovesARecordThatNamesAnotherProcess", func(t *testing.T) {
		t.Parallel()

		f := folderWithPID(t, strconv.Itoa(os.Getpid()))
		require.NoError(t, f.dropStalePID())
		require.NoFileExists(t, f.pidFile())
	})

	t.Run("AcceptsAnEmptyRecord", func(t *testing.T) {
		t.Parallel()

		require.NoError(t, folderWithPID(t, "").dropStalePID())
	})
}

func TestIdentitiesNameOnlyTheTwoUsers(t *testing.T) {
	t.Parallel()

	text := identities(owner{invoker: "root", name: "postgres"})
	require.Equal(t, 4, strings.Count(text, "\ndeskhand "))
	require.Contains(t, text, `deskhand "root" deskhand`)
	require.Equal(t, 2, strings.Count(identities(owner{invoker: "ann", name: "ann"}), "\ndeskhand "))
}

func folderWithPID(t *testing.T, pid string) folder {
	t.Helper()
	f := folder{root: t.TempDir()}
	require.NoError(t, os.MkdirAll(f.cluster(), 0o700))
	require.NoError(t, os.WriteFile(f.pidFile(), []byte(pid+"\n"), 0o600))
	return f
}

// fakeInstallation makes a folder of programs that answer like those of an installation.
func fakeInstallation(t *testing.T, version, vector string) string {
	t.Helper()
	bin, share := t.TempDir(), t.TempDir()
	scripts := map[string]string{
		"initdb":    "",
		"pg_config": "echo " + share,
		"postgres":  "echo 'postgres (PostgreSQL) " + version + "'",
	}
	for name, body := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	}
	if vector != "" {
		require.NoError(t, os.Mkdir(filepath.Join(share, "extension"), 0o700))
		control := filepath.Join(share, "extension", "vector.control")
		require.NoError(t, os.WriteFile(control, []byte("comment = 'x'\ndefault_version = '"+vector+"'\n"), 0o600))
	}
	return bin
}
