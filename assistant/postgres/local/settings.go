package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
)

// hostAccess lets in, through the socket only, whom the kernel names and pg_ident.conf lists.
//
//nolint:dupword // all databases, all roles
const hostAccess = "# Written by deskhand at each start.\nlocal all all peer map=deskhand\n"

// customConf is the first content of a file that is then left alone.
const customConf = "# Your own settings, read after postgresql.conf at each start of deskhand.\n"

// machine is what the settings are sized to.
type machine struct {
	memory int64 // bytes that this program may use
}

// setting is one line of postgresql.conf and the reason for it.
type setting struct {
	name, value, why string
}

// settings returns the configuration of a cluster that shares its machine with the service.
func settings(config Config, m machine, socketDir string) []setting {
	list := []setting{
		{"listen_addresses", "''", "no network port"},
		{"unix_socket_directories", quote(socketDir), "a folder that only the server's user can enter"},
		{"unix_socket_permissions", "0700", "the same once more"},
		{"port", socketPort, "part of the socket's name"},
		{"max_connections", strconv.Itoa(config.MaxConnections), "a few pools of some ten connections, and operators"},
		{"shared_buffers", size(clamp(m.memory/8, 128*mib, 2*gib)), "an eighth: the service and the page cache need the rest"},
		{"effective_cache_size", size(clamp(m.memory/2, 256*mib, 64*gib)), "what shared_buffers and the page cache hold together"},
		{"work_mem", size(clamp(m.memory/512, 8*mib, 64*mib)), "a fused result list must not spill; each connection may use it"},
		{"maintenance_work_mem", size(clamp(m.memory/64, 64*mib, 256*mib)), "a migration's index, in memory"},
		{"autovacuum_work_mem", size(clamp(m.memory/128, 32*mib, 128*mib)), "three workers may run at a time"},
		{"max_parallel_maintenance_workers", "0", "no index is large, and many containers have 64 MB of /dev/shm"},
		{"max_parallel_workers_per_gather", "0", "queries are short; parallelism comes from many of them"},
		{"jit", "off", "compiling costs more than any of our queries takes"},
		{"random_page_cost", "1.1", "solid-state disks; at the default of 4 the planner shuns indexes"},
		{"max_wal_size", "1GB", "bounds recovery after a crash, and with it the time of a start"},
		{"timezone", "'UTC'", "the same on every machine"},
		{"lc_messages", "'C'", "the log is read by programs too"},
		{"logging_collector", "on", "the log outlives the program that started the server"},
		{"log_directory", "'log'", "below the cluster's folder, closed to others"},
		{"log_filename", "'postgresql-%a.log'", "one file a weekday ..."},
		{"log_truncate_on_rotation", "on", "... that the next week overwrites"},
		{"log_rotation_size", "0", "only by day"},
		{"log_min_error_statement", "panic", "statements may carry a customer's words"},
		{"log_error_verbosity", "terse", "so may the details of an error"},
		{"log_lock_waits", "on", "a wait of over a second is a defect"},
		{"log_autovacuum_min_duration", "10s", "only what explains a slow minute"},
	}
	return append(list, durabilitySettings(config.Durability)...)
}

func durabilitySettings(d Durability) []setting {
	if d == Disposable {
		return []setting{
			{"fsync", "off", "tests: the cluster may be lost with the machine"},
			{"synchronous_commit", "off", "tests"},
			{"full_page_writes", "off", "tests"},
			{"wal_level", "minimal", "tests"},
			{"max_wal_senders", "0", "wal_level minimal asks for it"},
			{"max_wal_size", "256MB", "what is left in memory between two runs"},
		}
	}
	return []setting{
		{"fsync", "on", "a committed question survives a loss of power"},
		{"synchronous_commit", "on", "the same"},
		{"full_page_writes", "on", "the same"},
	}
}

// measureMachine reads the machine's size. What cannot be read counts as a small machine.
func measureMachine() machine {
	m := machine{memory: gib}
	if total := physicalMemory(); total > 0 {
		m.memory = total
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil { // "max" is no limit
			m.memory = min(m.memory, limit)
		}
	}
	return m
}

func physicalMemory() int64 {
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		return parseMeminfo(string(text))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sysctl", "-n", "hw.memsize").Output() // macOS
	if err != nil {
		return 0
	}
	bytes, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0
	}
	return bytes
}

// parseMeminfo returns the bytes of "MemTotal:  24594252 kB", 0 if there is no such line.
func parseMeminfo(text string) int64 {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// identities lists who may connect as whom: the server's user and the one that this program runs as.
func identities(o owner) string {
	text := strings.Builder{}
	text.WriteString("# Written by deskhand at each start.\n")
	users := []string{o.name}
	if o.invoker != o.name {
		users = append(users, o.invoker)
	}
	for _, name := range users {
		for _, role := range []string{adminRole, serviceRole} {
			fmt.Fprintf(&text, "deskhand %q %s\n", name, role)
		}
	}
	return text.String()
}

func render(list []setting) string {
	text := strings.Builder{}
	text.WriteString("# Written by deskhand at each start; put your own settings into custom.conf beside it.\n")
	for _, s := range list {
		fmt.Fprintf(&text, "%s = %s  # %s\n", s.name, s.value, s.why)
	}
	text.WriteString("include = 'custom.conf'\n")
	return text.String()
}

func size(bytes int64) string { return strconv.FormatInt(bytes/mib, 10) + "MB" }

func clamp(n, low, high int64) int64 { return min(max(n, low), high) }

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
