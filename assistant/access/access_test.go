package access_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

func TestDecide(t *testing.T) {
	t.Parallel()

	t.Run("RefusesWhatItDoesNotKnow", func(t *testing.T) {
		t.Parallel()
		admin := access.Caller{Role: access.Admin, Session: true, Stage: access.Active}
		require.Equal(t, access.Refused, access.Decide(admin, "launch_rockets"))
		require.Equal(t, access.Refused, access.Decide(access.Caller{Role: "root", Session: true, Stage: access.Active}, access.WorkTickets))
		require.Equal(t, access.NeedsStage, access.Decide(access.Caller{Role: access.Admin, Session: true, Stage: "soon"}, access.WorkTickets))
		require.Equal(t, access.Refused, access.Decide(access.Caller{}, access.ReadKnowledge))
	})

	t.Run("AnUnfinishedLogInMayOnlyFinish", func(t *testing.T) {
		t.Parallel()
		for stage, allowed := range map[access.Stage][]access.Permission{
			access.StageFactor:   {access.OwnSession, access.ProveFactor},
			access.StagePassword: {access.ChangePassword, access.OwnSession},
			access.StageEnrol:    {access.ChangePassword, access.EnrolFactor, access.OwnSession},
		} {
			for _, permission := range access.Permissions() {
				caller := access.Caller{Role: access.Admin, Session: true, Stage: stage}
				require.Equal(t, slices.Contains(allowed, permission), caller.May(permission), "%s %s", stage, permission)
			}
		}
	})

	t.Run("AKeyGrantsNoAccess", func(t *testing.T) {
		t.Parallel()
		key := access.Caller{Role: access.Admin, Stage: access.Active}
		for _, permission := range []access.Permission{access.ManageAgents, access.ManageKeys, access.ChangePassword, access.EnrolFactor} {
			require.Equal(t, access.NeedsSession, access.Decide(key, permission), permission)
		}
	})
}

func TestStageOf(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name     string
		standing access.Standing
		want     access.Stage
	}{
		{"an agent with a password alone", access.Standing{Role: access.Agent}, access.Active},
		{"an enrolled agent before the code", access.Standing{FactorEnrolled: true, Role: access.Agent}, access.StageFactor},
		{"the code comes before the new password", access.Standing{FactorEnrolled: true, MustChangePassword: true, Role: access.Lead}, access.StageFactor},
		{"a first log-in", access.Standing{MustChangePassword: true, Role: access.Admin}, access.StagePassword},
		{"a lead without a second factor", access.Standing{Role: access.Lead}, access.StageEnrol},
		{"an admin whose provider proved it", access.Standing{FactorProved: true, Role: access.Admin}, access.Active},
		{"an admin with everything", access.Standing{FactorEnrolled: true, FactorProved: true, Role: access.Admin}, access.Active},
	} {
		require.Equal(t, test.want, access.StageOf(test.standing), test.name)
	}
}

func TestHasher(t *testing.T) {
	t.Parallel()
	hasher := access.NewHasher()
	hash, err := hasher.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$`, hash)

	for _, test := range []struct {
		name, hash, password string
		right, outdated      bool
	}{
		{"the password", hash, "correct horse battery", true, false},
		{"another", hash, "correct horse batterz", false, false},
		{"nobody's", "", "correct horse battery", false, false},
		// Of the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
		{"older parameters", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", true, true},
	} {
		right, outdated, err := hasher.Check(t.Context(), test.hash, test.password)
		require.NoError(t, err, test.name)
		require.Equal(t, []bool{test.right, test.outdated}, []bool{right, outdated}, test.name)
	}
	for _, broken := range []string{"x", "$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2i$v=19$m=8,t=2,p=1$c29tZXNhbHQ$AAAA"} {
		_, _, err := hasher.Check(t.Context(), broken, "password")
		require.Error(t, err, broken)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()

	for _, good := range []string{"plain words in a row", "正确的马电池订书钉非常安全好用", "كلمات كثيرة في سطر واحد", access.NewPassword()} {
		require.Empty(t, access.CheckPassword(good, "mia@quayside.example"), good)
	}
	for _, bad := range []string{
		"short", "aaaaaaaaaaaaaa", "Password1234", "my quayside key", "zero\x00byte in it", "\xff\xfe\xfd invalid utf8", strings.Repeat("long words ", 40),
	} {
		require.NotEmpty(t, access.CheckPassword(bad, "mia@quayside.example"), bad)
	}
}

func TestCheckCode(t *testing.T) {
	t.Parallel()
	factor, err := access.NewFactor("deskhand", "mia@quayside.example")
	require.NoError(t, err)
	require.Contains(t, factor.URI, "otpauth://totp/deskhand:mia@quayside.example")
	now := time.Unix(1_800_000_000, 0)
	code, err := totp.GenerateCode(factor.Secret, now)
	require.NoError(t, err)

	step, ok := access.CheckCode(factor.Secret, code, now, 0)
	require.True(t, ok)
	_, ok = access.CheckCode(factor.Secret, code, now, step)
	require.False(t, ok, "a code works once")
	_, ok = access.CheckCode(factor.Secret, code[:3]+" "+code[3:], now.Add(30*time.Second), 0)
	require.True(t, ok, "typed with a space, on a clock that is half a minute off")
	_, ok = access.CheckCode(factor.Secret, code, now.Add(2*time.Minute), 0)
	require.False(t, ok, "too late")
	for _, wrong := range []string{"", "000000000", "abcdef", code + "0"} {
		_, ok = access.CheckCode(factor.Secret, wrong, now, 0)
		require.False(t, ok, wrong)
	}
}

func TestRecoveryCodesMayBeTypedAnyhow(t *testing.T) {
	t.Parallel()
	codes := access.NewRecoveryCodes()
	require.Len(t, codes, 10)
	require.Regexp(t, `^([2-9a-z]{4}-){3}[2-9a-z]{4}$`, codes[0])
	require.Equal(t, access.RecoveryDigest(codes[0]), access.RecoveryDigest(" "+strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))+" "))
	require.NotEqual(t, access.RecoveryDigest(codes[0]), access.RecoveryDigest(codes[1]))
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	throttle := access.Throttle{First: time.Second, Forget: time.Hour, Free: 3, Longest: 10 * time.Second}

	t.Run("WaitsLongerEachTimeUpToTheLongest", func(t *testing.T) {
		t.Parallel()
		for failures, want := range map[int]time.Duration{0: 0, 3: 0, 4: time.Second, 5: 2 * time.Second, 7: 8 * time.Second, 8: 10 * time.Second, 1 << 30: 10 * time.Second} {
			require.Equal(t, want, throttle.Wait(failures), failures)
		}
	})

	t.Run("TriesWhileItWaitsCountForNothing", func(t *testing.T) {
		t.Parallel()
		now := time.Unix(1_800_000_000, 0)
		var tries access.Tries
		for range 4 {
			next, allowed := throttle.Try(tries, now)
			require.True(t, allowed)
			tries = next
		}
		again, allowed := throttle.Try(tries, now.Add(time.Second/2))
		require.False(t, allowed)
		require.Equal(t, tries, again)
		_, allowed = throttle.Try(tries, now.Add(time.Second))
		require.True(t, allowed)
	})

	t.Run("ForgetsInTime", func(t *testing.T) {
		t.Parallel()
		now := time.Unix(1_800_000_000, 0)
		tries, _ := throttle.Try(access.Tries{Failures: 1000, LastAt: now.Add(-time.Hour)}, now)
		require.Equal(t, 1, tries.Failures)
	})

	t.Run("GuessingAllCodesTakesYears", func(t *testing.T) {
		t.Parallel()
		perDay := float64(24*time.Hour) / float64(access.FactorThrottle().Wait(1000))
		require.Less(t, perDay*3/1e6, 0.001)
	})
}

func TestNetworkIsAPlace(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "nonsense": "unknown",
	} {
		require.Equal(t, want, access.Network(address), address)
	}
}

func TestClientAddressBelievesOnlyTrustedProxies(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "203.0.113.7", []string{"198.51.100.1"}, "203.0.113.7"},
		{"a proxy", "10.0.0.1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "10.0.0.1", []string{"203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		{"what the client wrote itself", "10.0.0.1", []string{"192.0.2.1", "203.0.113.7"}, "203.0.113.7"},
		{"nonsense", "10.0.0.1", []string{"203.0.113.7", "nonsense"}, "10.0.0.1"},
		{"nothing", "10.0.0.1", nil, "10.0.0.1"},
	} {
		require.Equal(t, test.want, access.ClientAddress(test.peer, test.forwarded, trusted), test.name)
	}
}

func TestCSRFTokenBelongsToItsSession(t *testing.T) {
	t.Parallel()
	secret := access.NewSecret()
	require.True(t, access.IsCSRFToken(secret, access.CSRFToken(secret)))
	require.False(t, access.IsCSRFToken(secret, access.CSRFToken(access.NewSecret())))
	require.False(t, access.IsCSRFToken(secret, ""))
	require.NotContains(t, access.CSRFToken(secret), secret)
}

func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1", "203.0.113.7, 10.0.0.2")
	f.Add("10.0.0.1", "203.0.113.7,nonsense,::ffff:10.0.0.9")
	f.Add("198.51.100.1", ",,")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		address := access.ClientAddress(peer, strings.Split(forwarded, ","), trusted)
		if address != peer {
			_, err := netip.ParseAddr(address)
			require.NoError(t, err, "what is counted is an address")
			require.True(t, strings.HasPrefix(peer, "10.") || strings.HasPrefix(peer, "::"), "only a proxy is believed")
		}
	})
}
