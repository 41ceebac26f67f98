package guard

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxFakesLine is the longest line of a list that is read: a channel and what a list says beside it.
	maxFakesLine = 64 << 10
	// hostsPrefixes begin the lines of a list in the form of a hosts file.
	hostsPrefixes = "0.0.0.0 127.0.0.1 ::1"
)

// Format is how a list of known fakes is written.
type Format string

// The formats.
const (
	FormatCSV   Format = "csv"   // with a header that has value or domain; kind and platform may stand beside it
	FormatJSONL Format = "jsonl" // an object a line with value or domain; kind and platform may stand beside it
	FormatText  Format = "text"  // a channel a line; # begins a comment; lines of a hosts file are read too
)

// Fake is what a line of a list holds: a channel, or what is wrong with it.
type Fake struct {
	Channel Channel
	Line    int
	Problem string // empty for a channel
}

// ReadFakes calls do with each entry of a list of known fakes, in order, until do fails. A line that cannot be read is an entry
// with a problem: a long list is not lost for it. Values are normalised, also defanged ones (hxxps, [.]).
func ReadFakes(r io.Reader, format Format, do func(Fake) error) error {
	switch format {
	case FormatCSV:
		return readCSV(r, do)
	case FormatJSONL:
		return readLines(r, do, jsonFake)
	case FormatText:
		return readLines(r, do, textFake)
	}
	return fmt.Errorf("unknown format %q: use csv, jsonl or text", format)
}

func readLines(r io.Reader, do func(Fake) error, parse func(string) Fake) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFakesLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		fake := parse(line)
		fake.Line = number
		if err := do(fake); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes", maxFakesLine)
	}
	return lines.Err()
}

func readCSV(r io.Reader, do func(Fake) error) error {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	columns := make(map[string]int)
	for i, name := range header {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	_, value := columns["value"]
	_, domain := columns["domain"]
	if !value && !domain {
		return errors.New("line 1: the header needs a column value or domain")
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read csv: %w", err)
		}
		field := func(name string) string {
			if i, ok := columns[name]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		fake := newFake(fakeEntry{Domain: field("domain"), Kind: field("kind"), Platform: field("platform"), Value: field("value")})
		fake.Line, _ = rows.FieldPos(0)
		if err := do(fake); err != nil {
			return err
		}
	}
}

// fakeEntry is an entry as lists write it.
type fakeEntry struct {
	Domain   string `json:"domain"`
	Kind     string `json:"kind"`
	Platform string `json:"platform"`
	Value    string `json:"value"`
}

func jsonFake(line string) Fake {
	var e fakeEntry
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		return Fake{Problem: "is not a JSON object with value or domain as a text"}
	}
	return newFake(e)
}

func textFake(line string) Fake {
	line, _, _ = strings.Cut(line, " #")
	if first, rest, ok := strings.Cut(line, " "); ok && slices.Contains(strings.Fields(hostsPrefixes), first) {
		line = rest
	}
	return newFake(fakeEntry{Value: strings.TrimSpace(line)})
}

func newFake(e fakeEntry) Fake {
	if e.Value == "" {
		e.Value, e.Kind = e.Domain, channelDomain
	}
	channel, problem := ParseChannel(e.Kind, e.Platform, e.Value)
	channel.Standing = KnownFake
	return Fake{Channel: channel, Problem: problem}
}

// ParseChannel reads a channel as people write it, in its normal form. Without a kind it tells the kind by the value. The
// second result says what is wrong with it, or nothing.
func ParseChannel(kind, platform, value string) (Channel, string) {
	value, platform = strings.TrimSpace(value), strings.ToLower(strings.TrimSpace(platform))
	if value == "" {
		return Channel{}, "value is empty"
	}
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxValue {
		return Channel{}, fmt.Sprintf("value is no text of at most %d characters", maxValue)
	}
	c := Channel{Kind: kind, Platform: platform, Value: value}
	if kind == "" || kind == channelDomain {
		found := Contacts(value)
		if len(found) != 1 {
			return c, "is not one domain, e-mail address, telephone number or @handle"
		}
		if kind == channelDomain && found[0].Kind != KindLink {
			return c, "is not a domain"
		}
		c = channelOf(found[0], platform)
	}
	switch c.Kind {
	case channelHandle:
		c.Value = strings.TrimPrefix(strings.ToLower(c.Value), "@")
	case channelEmail, channelPhone, channelApp:
		c.Value = c.key()
	}
	return c, c.problem()
}

// channelOf is the channel that a contact is.
func channelOf(c Contact, platform string) Channel {
	switch c.Kind {
	case KindEmail:
		return Channel{Kind: channelEmail, Value: c.Value}
	case KindHandle:
		if platform == "" {
			platform = c.Platform
		}
		return Channel{Kind: channelHandle, Platform: platform, Value: c.Value}
	case KindPhone:
		return Channel{Kind: channelPhone, Value: c.Value}
	case KindLink:
		l := splitLink(c.Value)
		if platform, name := accountLink(l); platform != "" {
			return Channel{Kind: channelHandle, Platform: platform, Value: name}
		}
		return Channel{Kind: channelDomain, Value: l.host}
	case KindAddress:
	}
	return Channel{Kind: string(c.Kind), Value: c.Value}
}

// Contact is the channel as something that a text names.
func (c Channel) Contact() Contact {
	return Contact{Kind: c.contactKind(), Platform: c.Platform, Value: c.key()}
}

// Contradicts returns the official channel that a known fake would take away from the desk: itself, or a name below it.
func (r Registry) Contradicts(fake Channel) (Channel, bool) {
	key := fake.key()
	for _, official := range r.Official() {
		switch {
		case official.Kind == fake.Kind && strings.EqualFold(official.Platform, fake.Platform) && official.key() == key:
			return official, true
		case fake.Kind == channelDomain && official.Kind == channelDomain && strings.HasSuffix(official.key(), "."+key):
			return official, true
		case fake.Kind == channelDomain && official.Kind == channelEmail && strings.HasSuffix(official.key(), "@"+key):
			return official, true
		}
	}
	return Channel{}, false
}
