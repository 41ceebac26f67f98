package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChineseNumeralsAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()

	for raw, want := range map[string][]string{
		"十二": {"12"}, "两万": {"20000"}, "三百零五": {"305"}, "二〇二六": {"2026"}, "二零二六": {"2026"}, "三五": {"3", "5"}, "百万万": {"百万万"},
	} {
		require.Equal(t, want, hanForms(raw), raw)
	}
}
