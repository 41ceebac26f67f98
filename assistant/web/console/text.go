package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// The languages of the console.
const (
	chinese = "zh-Hans"
	english = "en"
)

// texts are the words of the console in one language, by key.
type texts map[string]string

// T returns the text of a key. A key without one is shown itself: what the service says in codes that are newer than this
// console stays readable.
func (t texts) T(key string) string {
	if text, ok := t[key]; ok {
		return text
	}
	_, last, _ := strings.Cut(key, ".")
	return strings.NewReplacer("_", " ", ".", " · ").Replace(last)
}

// Reason returns the words for why a case needs a person: a code such as "no_source", or one with its subject, "risk:mfa_lost"
// or "guard:link".
func (t texts) Reason(code string) string {
	kind, subject, composed := strings.Cut(code, ":")
	switch {
	case composed && kind == "risk":
		return t.T("risk." + subject)
	case composed && kind == "guard":
		return t.T("reason.guard") + " (" + t.T("check."+subject) + ")"
	}
	return t.T("reason." + code)
}

// Fact returns the name of a fact that the taxonomy has the desk ask for.
func (t texts) Fact(name string) string { return cmp.Or(t["fact."+name], name) }

// Note returns the words of a note: those of its code, if it has one that this language knows.
func (t texts) Note(note httpapi.DraftNote) string { return cmp.Or(t["note."+note.Code], note.Text) }

// Script returns the texts that scripts show.
func (t texts) Script() texts {
	script := make(texts)
	for key, text := range t {
		if name, ok := strings.CutPrefix(key, "script."); ok {
			script[name] = text
		}
		if strings.HasPrefix(key, "check.") {
			script[key] = text
		}
	}
	return script
}

// loadTexts reads the texts of all languages.
func loadTexts() (map[string]texts, error) {
	all := make(map[string]texts)
	for _, language := range []string{english, chinese} {
		content, err := embedded.ReadFile("texts/" + language + ".json")
		if err != nil {
			return nil, fmt.Errorf("read texts of the console: %w", err)
		}
		words := make(texts)
		if err := json.Unmarshal(content, &words); err != nil {
			return nil, fmt.Errorf("read texts of the console in %s: %w", language, err)
		}
		all[language] = words
	}
	for _, kind := range []string{"fact", "intent", "note"} {
		if err := say(all[chinese], kind); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// say adds what the service says in English, or in ids, in Chinese: the facts and intents of the taxonomy that ships with the program,
// and the notes that are always the same. What a desk's own taxonomy adds is shown as it is.
func say(words texts, kind string) error {
	content, err := embedded.ReadFile("texts/" + kind + "s." + chinese + ".json")
	if err != nil {
		return fmt.Errorf("read names of %ss: %w", kind, err)
	}
	names := make(map[string]string)
	if err := json.Unmarshal(content, &names); err != nil {
		return fmt.Errorf("read names of %ss: %w", kind, err)
	}
	for id, name := range names {
		words[kind+"."+id] = name
	}
	return nil
}

// shell is a page with what stands around it.
type shell struct {
	view

	Main template.HTML // of our own templates, which have escaped what they show
}

// trusted marks what one of our templates has rendered.
func trusted(rendered string) template.HTML {
	return template.HTML(rendered) //nolint:gosec // html/template has escaped every value in it
}

// functions are what the templates may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"asked":     asked,
		"autonym":   autonym,
		"browser":   browser,
		"deref":     deref,
		"direction": direction,
		"excerpt":   excerpt,
		"isDanger":  func(found string) bool { return found != string(risk.HumanWanted) }, // most cases in a queue want a person
		"isLate":    isLate,
		"interval":  interval,
		"iso":       func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"join":      strings.Join,
		"json":      func(value any) (string, error) { text, err := json.Marshal(value); return string(text), err },
		"kappa":     kappa,
		"kappaOf":   kappaOf,
		"left":      left,
		"link":      newLink,
		"marked":    marked,
		"markdown":  renderMarkdown,
		"minutes":   func(seconds float64) string { return fmt.Sprintf("%.0f min", seconds/60) },
		"path":      url.PathEscape,
		"percent":   func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
		"rule":      newRuleRow,
		"shareOf":   shareOf,
		"short":     short,
		"small":     small,
		"sums":      sums,
		"words":     func(words ...string) []string { return words },
	}
}

func escapeQuery(text string) string { return url.QueryEscape(text) }

// link is an entry of the navigation.
type link struct {
	Address, Key, Text string
	Here               bool
}

func newLink(page shell, name, address, key string) link {
	return link{Address: address, Here: page.Name == name, Key: key, Text: page.Words.T("title." + name)}
}

// left is the time until a moment, the same in every language: "12m", "-3h".
func left(now, until time.Time) string {
	minutes := int(until.Sub(now) / time.Minute)
	switch size := max(minutes, -minutes); {
	case size < 120:
		return fmt.Sprintf("%dm", minutes)
	case size < 48*60:
		return fmt.Sprintf("%dh", minutes/60)
	}
	return fmt.Sprintf("%dd", minutes/(24*60))
}

// isLate reports whether the customer waits for a reply that was promised by now.
func isLate(now time.Time, t httpapi.Ticket) bool {
	return t.AwaitingSince != nil && t.RespondBy.Before(now)
}

// direction is which way a language is written.
func direction(language string) string {
	if primary, _, _ := strings.Cut(language, "-"); primary == "ar" || primary == "he" || primary == "fa" || primary == "ur" {
		return "rtl"
	}
	return "ltr"
}

// autonym is a language's name for itself; a tag that is none of the desk's languages is shown as it is.
func autonym(tag string) string {
	names := map[string]string{
		"ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "id": "Bahasa Indonesia", "ja": "日本語",
		"ko": "한국어", "pt": "Português", "ru": "Русский", "tr": "Türkçe", "vi": "Tiếng Việt", "zh-Hans": "简体中文", "zh-Hant": "繁體中文",
	}
	return cmp.Or(names[tag], tag)
}

// browser names a browser and its system as people do. What it does not know is shown as it came.
func browser(userAgent string) string {
	first := func(signs [][2]string) string {
		for _, sign := range signs {
			if strings.Contains(userAgent, sign[0]) {
				return sign[1]
			}
		}
		return ""
	}
	// The order counts: browsers also name those that they descend from.
	program := first([][2]string{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := first([][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	})
	if program == "" || system == "" {
		return userAgent
	}
	return program + " · " + system
}

// asked are the notes that ask for a fact of the taxonomy. How to put them to the customer stands where they are asked back.
func asked(notes []httpapi.DraftNote) []httpapi.DraftNote {
	var asks []httpapi.DraftNote
	for _, note := range notes {
		if note.Kind == "ask" && note.Purpose != "" {
			asks = append(asks, note)
		}
	}
	return asks
}

// short is an id as people compare it.
func short(id fmt.Stringer) string { return id.String()[:8] }

// redaction is a placeholder of package redact.
var redaction = regexp.MustCompile(`⟦[a-z0-9_]+⟧`)

// piece is a part of a text: what was written, or what was taken out.
type piece struct {
	Redacted bool
	Text     string // of a redaction its kind
}

// marked splits a text at its redactions.
func marked(text string) []piece {
	var pieces []piece
	end := 0
	for _, place := range redaction.FindAllStringIndex(text, -1) {
		if place[0] > end {
			pieces = append(pieces, piece{Text: text[end:place[0]]})
		}
		pieces = append(pieces, piece{Redacted: true, Text: strings.Trim(text[place[0]:place[1]], "⟦⟧")})
		end = place[1]
	}
	if end < len(text) {
		pieces = append(pieces, piece{Text: text[end:]})
	}
	return pieces
}
