package plan

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/desk/sla"
)

// adviceIntent says how intents are named.
const adviceIntent = "write an intent such as withdrawal.pending, or a group such as security.*"

// always are hours around the clock.
const always = "always"

// maxHolidays and maxAgents bound what a plan makes a service remember.
const (
	maxAgents   = 5000
	maxHolidays = 2000
	maxQueues   = 200
)

var (
	countryCode  = regexp.MustCompile(`^([A-Z]{2}|EEA)$`)
	intentName   = regexp.MustCompile(`^[a-z0-9_.]{1,100}\*?$`)
	languageTag  = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)
	plainName    = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,59}$`)
	spanOfDay    = regexp.MustCompile(`^(\d\d):(\d\d)-(\d\d):(\d\d)$`)
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func (b *builder) build() *Plan {
	p := Default()
	p.AbandonAfter = b.duration("$.abandon", b.doc.Abandon)
	p.FollowUp = b.duration("$.follow_up", b.doc.FollowUp)
	p.Lease = b.duration("$.lease", b.doc.Lease)
	p.Reopen = cmp.Or(b.duration("$.reopen", b.doc.Reopen), defaultReopen)
	p.Escalation = Escalation(b.doc.Escalation)
	if share := b.doc.WarnAt; share != nil {
		if p.WarnAt = *share; !(p.WarnAt > 0 && p.WarnAt <= 1) { // also not a number
			b.failf("$.warn_at", "warn_at must lie above 0 and up to 1: 0.75 warns after three quarters of the time")
		}
	}
	base := b.calendar("$", b.doc.TimeZone, b.doc.Hours, b.doc.Holidays)
	if len(b.doc.Queues) > 0 {
		p.Queues = nil
	} else {
		p.Queues[0].Calendar, p.Queues[0].Targets = base, b.targets("$.sla", b.doc.SLA, nil)
	}
	b.queues(p, base)
	if to := p.Escalation.Queue; to != "" && !p.Has(to) {
		b.failf("$.escalation.queue", "there is no queue %q", to)
	}
	if i := slices.IndexFunc(p.Queues, func(q Queue) bool { return q.Push }); i >= 0 && p.Lease == 0 {
		b.failf(fmt.Sprintf("$.queues[%d].push", i), "push needs a lease: else a ticket that was given to who has left waits for ever")
	}
	b.agents(p)
	b.complaints(p, base)
	return p
}

func (b *builder) queues(p *Plan, base sla.Calendar) {
	targets := b.targets("$.sla", b.doc.SLA, nil)
	if len(b.doc.Queues) > maxQueues {
		b.failf("$.queues", "a desk has at most %d queues", maxQueues)
		return
	}
	for i, node := range b.doc.Queues {
		path := fmt.Sprintf("$.queues[%d]", i)
		switch {
		case !plainName.MatchString(node.Name):
			b.failf(path+".name", "a queue's name has small letters, digits, - and _, and 1 to 60 of them")
		case p.Has(node.Name):
			b.failf(path+".name", "two queues are called %q", node.Name)
		}
		b.patterns(path+".intents", node.Intents, intentName, adviceIntent)
		b.patterns(path+".languages", node.Languages, languageTag, "write a language such as en or zh-Hans")
		b.patterns(path+".skills", node.Skills, plainName, "a skill has small letters, digits, - and _")
		p.Queues = append(p.Queues, Queue{
			Calendar: b.queueCalendar(path, node, base), Intents: node.Intents, Languages: node.Languages, Name: node.Name,
			Push: node.Push, Skills: node.Skills, Targets: b.targets(path+".sla", node.SLA, targets),
		})
	}
	if last := p.Queues[len(p.Queues)-1]; len(last.Intents) > 0 || len(last.Languages) > 0 {
		b.failf(fmt.Sprintf("$.queues[%d]", len(p.Queues)-1),
			"the last queue takes what no other takes: leave its intents and languages out, or add a queue after it")
	}
}

// queueCalendar is the desk's calendar with what the queue has of its own.
func (b *builder) queueCalendar(path string, node queueNode, base sla.Calendar) sla.Calendar {
	own := b.calendar(path, node.TimeZone, node.Hours, nil)
	calendar := base
	if node.TimeZone != "" {
		calendar.Location = own.Location
	}
	if node.Hours != nil {
		calendar.Hours = own.Hours
	}
	if node.Holidays != nil {
		calendar.Holidays = b.holidays(path+".holidays", *node.Holidays)
	}
	return calendar
}

func (b *builder) agents(p *Plan) {
	if len(b.doc.Agents) > maxAgents {
		b.failf("$.agents", "a plan names at most %d agents", maxAgents)
		return
	}
	seen := make(map[string]bool)
	for i, node := range b.doc.Agents {
		path := fmt.Sprintf("$.agents[%d]", i)
		switch {
		case strings.TrimSpace(node.Name) == "" || len(node.Name) > 200:
			b.failf(path, "an agent has a name (as in \"deskhand key list\") or an id, of 200 characters at most")
		case seen[node.Name]:
			b.failf(path+".name", "the agent is listed twice")
		case node.Capacity < 0:
			b.failf(path+".capacity", "capacity must not be negative; 0 is no limit")
		}
		seen[node.Name] = true
		b.patterns(path+".languages", node.Languages, languageTag, "write a language such as en or zh-Hans")
		b.patterns(path+".skills", node.Skills, plainName, "a skill has small letters, digits, - and _")
		p.Agents = append(p.Agents, Agent(node))
	}
	for i, queue := range p.Queues {
		for _, skill := range queue.Skills {
			if !slices.ContainsFunc(p.Agents, func(a Agent) bool { return slices.Contains(a.Skills, skill) }) {
				b.failf(fmt.Sprintf("$.queues[%d].skills", i), "no agent has the skill %q: nobody would get these tickets", skill)
			}
		}
	}
}

func (b *builder) complaints(p *Plan, base sla.Calendar) {
	node := b.doc.Complaints
	if node == nil {
		return
	}
	p.Complaints = Complaints{Default: node.Default}
	for i, regime := range node.Regimes {
		path := fmt.Sprintf("$.complaints.regimes[%d]", i)
		if !plainName.MatchString(regime.Name) {
			b.failf(path+".name", "a regime's name has small letters, digits, - and _")
		} else if _, twice := p.Regime(regime.Name); twice {
			b.failf(path+".name", "two regimes are called %q", regime.Name)
		}
		p.Complaints.Regimes = append(p.Complaints.Regimes, b.regime(path, regime, base))
	}
	if _, ok := p.Regime(node.Default); !ok || node.Default == "" {
		b.failf("$.complaints.default", "default must name one of the regimes")
	}
}

func (b *builder) regime(path string, node regimeNode, base sla.Calendar) Regime {
	calendar := b.calendar(path, node.TimeZone, nil, node.Holidays)
	if node.TimeZone == "" {
		calendar.Location = base.Location
	}
	if node.Holidays == nil {
		calendar.Holidays = base.Holidays
	}
	built := Regime{Calendar: calendar, Intents: node.Intents, Name: node.Name, WarnDays: 7}
	built.Decide = b.period(path+".decide", node.Decide)
	if built.Decide.Count == 0 && node.Decide == "" {
		b.failf(path, "decide is missing: write a period such as 2 months")
	}
	built.Extended, built.Progress = b.period(path+".extended", node.Extended), b.period(path+".progress", node.Progress)
	if node.WarnDays != nil {
		built.WarnDays = *node.WarnDays
	}
	if built.WarnDays < 0 || built.WarnDays > 366 {
		b.failf(path+".warn_days", "warn_days must lie between 0 and 366")
	}
	b.patterns(path+".intents", node.Intents, intentName, adviceIntent)
	b.patterns(path+".jurisdictions", node.Jurisdictions, countryCode,
		"write a country such as DE, or EEA for the European Economic Area")
	if len(node.Intents) > 0 && len(node.Jurisdictions) == 0 {
		b.failf(path+".intents", "intents need jurisdictions: a regime is chosen by both")
	}
	for _, code := range node.Jurisdictions {
		if code == eea {
			built.Jurisdictions = append(built.Jurisdictions, eeaStates()...)
			continue
		}
		built.Jurisdictions = append(built.Jurisdictions, code)
	}
	return built
}

// eea stands for the states of the European Economic Area, where MiCA holds.
const eea = "EEA"

func eeaStates() []string {
	return []string{
		"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT",
		"NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
	}
}

func (b *builder) period(path, text string) sla.Period {
	if text == "" {
		return sla.Period{}
	}
	period, err := sla.ParsePeriod(text)
	if err != nil {
		b.failf(path, "%s", err)
	}
	return period
}

func (b *builder) patterns(path string, values []string, pattern *regexp.Regexp, advice string) {
	for i, value := range values {
		if !pattern.MatchString(value) {
			b.failf(fmt.Sprintf("%s[%d]", path, i), "%q does not fit: %s", value, advice)
		}
	}
}

func (b *builder) calendar(path, zone string, hours any, holidays []string) sla.Calendar {
	calendar := sla.Calendar{Holidays: b.holidays(path+".holidays", holidays), Location: time.UTC}
	if zone != "" {
		location, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			b.failf(path+".time_zone", "%q is no time zone: write an IANA name such as Europe/Berlin", zone)
			location = time.UTC
		}
		calendar.Location = location
	}
	calendar.Hours = b.hours(path+".hours", hours)
	return calendar
}

func (b *builder) holidays(path string, days []string) map[sla.Date]bool {
	if len(days) > maxHolidays {
		b.failf(path, "a calendar has at most %d holidays", maxHolidays)
		return nil
	}
	set := make(map[sla.Date]bool, len(days))
	for i, text := range days {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			b.failf(fmt.Sprintf("%s[%d]", path, i), "%q is no day: write 2026-12-25", text)
			continue
		}
		set[sla.DateOf(day, time.UTC)] = true
	}
	return set
}

// hours reads opening hours: "always", or a mapping from days ("mon-fri", "sat") to spans ("09:00-17:00"). A span that ends
// at or before its beginning ends on the next day.
func (b *builder) hours(path string, node any) map[time.Weekday][]sla.Span {
	if node == nil || node == always {
		return nil
	}
	days, ok := node.(map[string]any)
	if !ok || len(days) == 0 {
		b.failf(path, "hours are %q, or days with their spans: mon-fri: [\"09:00-17:00\"]", always)
		return nil
	}
	week := make(map[time.Weekday][]sla.Span)
	for name, value := range days {
		covered, ok := weekdays(name)
		if !ok {
			b.failf(path, "%q is no day: write mon, tue, wed, thu, fri, sat, sun, or mon-fri", name)
			continue
		}
		for _, text := range listOf(value) {
			from, to, ok := parseSpan(text)
			if !ok {
				b.failf(path+"."+name, "%q is no span of a day: write 09:00-17:00", text)
				continue
			}
			for _, day := range covered {
				addSpan(week, day, from, to)
			}
		}
	}
	b.inOrder(path, week)
	if len(week) == 0 && len(b.problems) == 0 {
		b.failf(path, "the desk never opens: give a day a span, or write %q", always)
	}
	return week
}

// inOrder sorts the spans of each day, and reports those that overlap.
func (b *builder) inOrder(path string, week map[time.Weekday][]sla.Span) {
	for day := range week {
		slices.SortFunc(week[day], func(a, b sla.Span) int { return a.From - b.From })
		for i := 1; i < len(week[day]); i++ {
			if week[day][i].From < week[day][i-1].To {
				b.failf(path, "the spans of %s overlap", weekdayNames[day])
				break
			}
		}
	}
}

func addSpan(week map[time.Weekday][]sla.Span, day time.Weekday, from, to int) {
	const midnight = 24 * 60
	if to > from {
		week[day] = append(week[day], sla.Span{From: from, To: to})
		return
	}
	week[day] = append(week[day], sla.Span{From: from, To: midnight})
	if to > 0 {
		next := (day + 1) % 7
		week[next] = append(week[next], sla.Span{From: 0, To: to})
	}
}

func listOf(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = fmt.Sprint(item)
	}
	return texts
}

// weekdays reads "mon" or "fri-mon".
func weekdays(name string) ([]time.Weekday, bool) {
	first, last, isRange := strings.Cut(name, "-")
	if !isRange {
		last = first
	}
	from, to := slices.Index(weekdayNames, first), slices.Index(weekdayNames, last)
	if from < 0 || to < 0 {
		return nil, false
	}
	days := []time.Weekday{time.Weekday(from)}
	for day := from; day != to; {
		day = (day + 1) % 7
		days = append(days, time.Weekday(day))
	}
	return days, true
}

func parseSpan(text string) (from, to int, ok bool) {
	match := spanOfDay.FindStringSubmatch(text)
	if match == nil {
		return 0, 0, false
	}
	var parts [4]int
	for i := range parts {
		parts[i], _ = strconv.Atoi(match[i+1]) // two digits
	}
	from, to = parts[0]*60+parts[1], parts[2]*60+parts[3]
	return from, to, parts[1] < 60 && parts[3] < 60 && from < 24*60 && to <= 24*60 && from != to
}
