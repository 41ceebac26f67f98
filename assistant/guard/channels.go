package guard

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The longest registry file, value and platform that are read.
const (
	maxChannelsFile = 1 << 20
	maxPlatform     = 40
	maxValue        = 300
)

// channelEntry is one item of a registry file.
type channelEntry struct {
	Kind     string            `yaml:"kind"`
	Note     map[string]string `yaml:"note"`
	Platform string            `yaml:"platform"`
	Value    string            `yaml:"value"`
}

// ParseChannels reads a registry file: YAML with the lists "official" and "known_fake", whose items have kind, value,
// platform (of a handle) and note (a text by language). name stands in front of the errors, which name the line and
// list everything that is wrong.
func ParseChannels(r io.Reader, name string) ([]Channel, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxChannelsFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(content) > maxChannelsFile {
		return nil, fmt.Errorf("read %s: longer than %d bytes", name, maxChannelsFile)
	}
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	p := channelParser{name: name, seen: make(map[entry]int)}
	for _, document := range file.Docs {
		p.document(document.Body)
	}
	if len(p.problems) > 0 {
		return nil, errors.Join(p.problems...)
	}
	return p.channels, nil
}

// channelParser collects channels and what is wrong with them.
type channelParser struct {
	channels []Channel
	name     string
	problems []error
	seen     map[entry]int // line of each entry
}

func (p *channelParser) failf(node ast.Node, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s:%d: %s", p.name, node.GetToken().Position.Line, fmt.Sprintf(format, args...)))
}

func (p *channelParser) document(node ast.Node) {
	if node == nil {
		return
	}
	lists, ok := node.(ast.MapNode)
	if !ok {
		p.failf(node, `expected the lists "official" and "known_fake"`)
		return
	}
	for items := lists.MapRange(); items.Next(); {
		standing := Standing(items.Key().String())
		if standing != Official && standing != KnownFake {
			p.failf(items.Key(), `unknown list %q: use "official" or "known_fake"`, items.Key().String())
			continue
		}
		switch list := items.Value().(type) {
		case *ast.NullNode:
		case *ast.SequenceNode:
			for _, item := range list.Values {
				p.item(item, standing)
			}
		default:
			p.failf(items.Key(), "%q is not a list", items.Key().String())
		}
	}
}

func (p *channelParser) item(node ast.Node, standing Standing) {
	var item channelEntry
	line := node
	if fields, ok := node.(ast.MapNode); ok {
		if iter := fields.MapRange(); iter.Next() {
			line = iter.Key()
		}
	}
	if err := yaml.NodeToValue(node, &item, yaml.Strict()); err != nil {
		p.failf(line, "read channel: %s", strings.SplitN(yaml.FormatError(err, false, false), "\n", 2)[0])
		return
	}
	channel := Channel{
		Kind:     item.Kind,
		Notes:    item.Note,
		Platform: strings.ToLower(item.Platform),
		Standing: standing,
		Value:    strings.TrimSpace(item.Value),
	}
	if channel.Kind == channelHandle {
		channel.Value = strings.TrimPrefix(channel.Value, "@")
	}
	if problem := channel.problem(); problem != "" {
		p.failf(line, "%s", problem)
		return
	}
	key := entry{channel.Kind, channel.Platform, channel.key()}
	if first, ok := p.seen[key]; ok {
		p.failf(line, "%s %q is already on line %d: remove one", channel.Kind, channel.Value, first)
		return
	}
	p.seen[key] = line.GetToken().Position.Line
	p.channels = append(p.channels, channel)
}

// problem says what is wrong with a channel and how to mend it, or nothing.
func (c Channel) problem() string {
	kinds := []string{channelApp, channelDomain, channelEmail, channelHandle, channelPhone}
	switch {
	case !slices.Contains(kinds, c.Kind):
		return fmt.Sprintf("unknown kind %q: use one of %s", c.Kind, strings.Join(kinds, ", "))
	case c.Value == "":
		return "value is empty"
	case utf8.RuneCountInString(c.Value) > maxValue:
		return fmt.Sprintf("value is longer than %d characters", maxValue)
	case utf8.RuneCountInString(c.Platform) > maxPlatform:
		return fmt.Sprintf("platform is longer than %d characters", maxPlatform)
	case c.Kind == channelHandle && c.Platform == "":
		return "a handle needs a platform: the same name elsewhere is somebody else"
	case c.Kind != channelHandle && c.Platform != "":
		return fmt.Sprintf("a platform belongs to a handle, not to kind %q", c.Kind)
	}
	switch c.Kind {
	case channelDomain, channelApp:
		if strings.ContainsAny(c.Value, "/:@ ?#") || !strings.Contains(c.Value, ".") {
			return fmt.Sprintf("%q is not a bare name: write quayside.example, without scheme or path", c.Value)
		}
	case channelEmail:
		local, host, ok := strings.Cut(c.Value, "@")
		if !ok || local == "" || !strings.Contains(host, ".") || strings.ContainsAny(c.Value, " <>") {
			return fmt.Sprintf("%q is not an e-mail address", c.Value)
		}
	case channelPhone:
		if digits := digitsOf(c.Value); len(digits) < 3 {
			return fmt.Sprintf("%q is not a phone number", c.Value)
		}
	}
	return ""
}
