package console

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

// policyPage is the policy in force, and the same with the kill switch the other way.
type policyPage struct {
	httpapi.PolicyInForce

	Switched httpapi.PolicyDocument
}

func (v *visit) policy() (string, any, error) {
	var page policyPage
	if err := v.get("/v1/policy", &page.PolicyInForce); err != nil {
		return "", nil, err
	}
	on := page.Policy.AutoReply != nil && *page.Policy.AutoReply
	switched := !on
	page.Switched = page.Policy
	page.Switched.AutoReply = &switched
	return "policy", page, nil
}

// channels are the registry of official channels and known fakes.
func (v *visit) channels() (string, any, error) {
	var list httpapi.ChannelList
	filter, query, err := v.ask("/v1/channels", []string{"after", "standing"}, &list)
	next := ""
	if list.Next != 0 {
		query.Set("after", strconv.FormatInt(list.Next, 10))
		next = "/console/channels?" + query.Encode()
	}
	return "channels", listPage[httpapi.ChannelView]{Filter: filter, Next: next, Rows: list.Channels}, err
}

// ruleRow is a rule of the policy as its row shows it; without one, an empty row.
type ruleRow struct {
	httpapi.PolicyRule

	Words texts
}

func newRuleRow(words texts, rules ...httpapi.PolicyRule) ruleRow {
	row := ruleRow{Words: words}
	for _, rule := range rules {
		row.PolicyRule = rule
	}
	return row
}

// sums writes sums by their asset as the policy's page takes them: one a line.
func sums(amounts map[string]float64) string {
	lines := make([]string, 0, len(amounts))
	for _, asset := range slices.Sorted(maps.Keys(amounts)) {
		lines = append(lines, asset+" "+strconv.FormatFloat(amounts[asset], 'f', -1, 64))
	}
	return strings.Join(lines, "\n")
}

// deref is the value that a field points to, as text; empty when it has none.
func deref(pointer any) any {
	switch p := pointer.(type) {
	case *bool:
		return p != nil && *p
	case *int:
		if p != nil {
			return *p
		}
	case *float64:
		if p != nil {
			return *p
		}
	}
	return fmt.Sprint()
}

// maxExcerpt is how much of a text a list shows, in characters.
const maxExcerpt = 90

func excerpt(text string) string {
	runes := []rune(text)
	if len(runes) <= maxExcerpt {
		return text
	}
	return string(runes[:maxExcerpt]) + "…"
}
