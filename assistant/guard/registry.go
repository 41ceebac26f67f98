package guard

import (
	"slices"
	"strings"
)

// Standing is what the registry knows of a contact point.
type Standing string

// The standings.
const (
	KnownFake Standing = "known_fake"
	Official  Standing = "official"
	Unknown   Standing = "unknown" // not listed: to be treated as not official
)

// The kinds of a Channel.
const (
	channelApp    = "app"
	channelDomain = "domain"
	channelEmail  = "email"
	channelHandle = "handle"
	channelPhone  = "phone"
)

// Channel is one entry of the registry.
type Channel struct {
	Kind     string // "domain", "email", "phone", "handle" or "app"
	Platform string // of a handle: "telegram", "x", …
	Value    string
	Standing Standing
	Notes    map[string]string // what it is for, by language
}

// Display is the channel as a customer reads it. An official one can be clicked where that makes sense; nothing else can.
func (c Channel) Display() string {
	if c.Standing != Official {
		return Contact{Kind: c.contactKind(), Value: c.key()}.Display()
	}
	switch c.Kind {
	case channelDomain:
		return "https://" + asciiHost(c.Value)
	case channelHandle:
		return platformTitle(c.Platform) + ": @" + c.Value
	case channelApp:
		return "App: " + c.Value
	}
	return c.Value
}

func (c Channel) contactKind() ContactKind {
	switch c.Kind {
	case channelEmail:
		return KindEmail
	case channelHandle:
		return KindHandle
	case channelPhone:
		return KindPhone
	}
	return KindLink
}

// key is the form in which channels and contacts are compared.
func (c Channel) key() string {
	value := strings.TrimSpace(c.Value)
	switch c.Kind {
	case channelDomain, channelApp:
		return asciiHost(value)
	case channelEmail:
		local, host, _ := strings.Cut(strings.ToLower(value), "@")
		return local + "@" + asciiHost(host)
	case channelPhone:
		return phoneValue(value)
	}
	return strings.ToLower(strings.TrimPrefix(value, "@"))
}

// Registry holds the desk's own contact points and the known fakes. What it does not hold is not the desk's: it compares
// exactly, after normalisation. It is read-only and safe for concurrent use.
type Registry struct {
	brands   []brand // of the official channels
	channels []Channel
	entries  map[entry]Standing
	fakes    map[string]bool     // handles that are a known fake somewhere
	named    map[string][]string // handle -> platforms on which it is official
}

// entry identifies a channel.
type entry struct{ kind, platform, value string }

// NewRegistry returns a registry of the given channels. A contact that is listed both as official and as a fake is a fake.
func NewRegistry(channels []Channel) Registry {
	r := Registry{
		channels: slices.Clone(channels), entries: make(map[entry]Standing, len(channels)), fakes: make(map[string]bool),
		named: make(map[string][]string),
	}
	for _, channel := range channels {
		key := entry{channel.Kind, strings.ToLower(channel.Platform), channel.key()}
		if channel.Kind != channelHandle {
			key.platform = ""
		}
		if r.entries[key] != KnownFake {
			r.entries[key] = channel.Standing
		}
		if channel.Kind == channelHandle && channel.Standing == Official {
			r.named[key.value] = append(r.named[key.value], key.platform)
		}
		if channel.Kind == channelHandle && channel.Standing == KnownFake {
			r.fakes[key.value] = true
		}
		if b, ok := brandOf(channel); ok && channel.Standing == Official {
			r.brands = append(r.brands, b)
		}
	}
	return r
}

// Standing tells whether a contact is the desk's own. A look-alike is never Official: a subdomain, another ending, an
// added word, a letter of another script, the right name on another platform. Where the platform is not known, an account
// name is Official only if it is nowhere a known fake.
func (r Registry) Standing(c Contact) Standing {
	switch c.Kind {
	case KindEmail:
		return r.email(c.Value)
	case KindHandle:
		return r.handle(c.Platform, c.Value)
	case KindPhone:
		return r.standing(entry{channelPhone, "", phoneValue(c.Value)})
	case KindLink:
		return r.link(c.Value)
	case KindAddress:
	}
	return Unknown
}

// Official returns the desk's own channels, in the order given.
func (r Registry) Official() []Channel {
	var official []Channel
	for _, channel := range r.channels {
		if channel.Standing == Official {
			official = append(official, channel)
		}
	}
	return official
}

func (r Registry) standing(e entry) Standing {
	if standing, ok := r.entries[e]; ok {
		return standing
	}
	return Unknown
}

// email treats all mail from a host that is a known fake as fake.
func (r Registry) email(value string) Standing {
	if standing := r.standing(entry{channelEmail, "", value}); standing != Unknown {
		return standing
	}
	if _, host, _ := strings.Cut(value, "@"); r.isFakeHost(host) {
		return KnownFake
	}
	return Unknown
}

func (r Registry) handle(platform, value string) Standing {
	if platform != "" {
		return r.standing(entry{channelHandle, platform, value})
	}
	if r.fakes[value] {
		return KnownFake
	}
	if len(r.named[value]) > 0 {
		return Official
	}
	return Unknown
}

// link judges by the host. A link with a user name, a port, another scheme than HTTP or another link inside it is not
// official even on an official host: these are how a link is made to lead elsewhere.
func (r Registry) link(value string) Standing {
	l := splitLink(value)
	if r.isFakeHost(l.host) {
		return KnownFake
	}
	if platform, name := accountLink(l); platform != "" {
		return r.handle(platform, name)
	}
	if l.scheme != "" && l.scheme != "http" && l.scheme != "https" || l.user != "" || l.port != "" || leadsElsewhere(l.rest) {
		return Unknown
	}
	if l.scheme == "" && l.rest == "" {
		if standing := r.standing(entry{channelApp, "", l.host}); standing != Unknown {
			return standing
		}
	}
	return r.standing(entry{channelDomain, "", l.host})
}

// isFakeHost reports a host that is a known fake, or below one.
func (r Registry) isFakeHost(host string) bool {
	for host != "" {
		if r.entries[entry{channelDomain, "", host}] == KnownFake {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// linkParts are the parts of the Value of a link.
type linkParts struct{ scheme, user, host, port, rest string }

func splitLink(value string) linkParts {
	var l linkParts
	authority := value
	if scheme, rest, ok := strings.Cut(value, "://"); ok && !strings.ContainsAny(scheme, "/?#.") {
		l.scheme, authority = scheme, rest
	} else if scheme, _, ok := strings.Cut(value, ":"); ok && slices.Contains(opaqueSchemes, scheme) {
		return linkParts{scheme: scheme, rest: value[len(scheme)+1:]}
	}
	if i := strings.IndexAny(authority, `/\?#`); i >= 0 {
		authority, l.rest = authority[:i], authority[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		l.user, authority = authority[:i], authority[i+1:]
	}
	l.host, l.port, _ = strings.Cut(authority, ":")
	if l.port == "443" || l.port == "80" {
		l.port = ""
	}
	return l
}

// leadsElsewhere reports a path or query that carries another link.
func leadsElsewhere(rest string) bool {
	rest = strings.ToLower(rest)
	return strings.ContainsAny(rest, "\\@") || strings.Contains(rest, "//") || strings.Contains(rest, "%2f%2f") ||
		strings.Contains(rest, "%5c") || strings.Contains(rest, "www.") || strings.Contains(rest, ":")
}

// accountLink reads a link to an account: "t.me/quayside_news" is the handle quayside_news on telegram.
func accountLink(l linkParts) (platform, name string) {
	switch strings.TrimPrefix(l.host, "www.") {
	case "t.me", "telegram.me", "telegram.dog":
		platform = "telegram"
	case "x.com", "twitter.com", "mobile.twitter.com":
		platform = "x"
	default:
		return "", ""
	}
	name = strings.ToLower(strings.Trim(l.rest, "/"))
	if l.user != "" || l.port != "" || name == "" || strings.ContainsAny(name, "/?#+@") {
		return "", ""
	}
	return platform, name
}

// linkKey is the form in which the links of a draft and of its sources are compared: without the scheme of the web, for
// whether a text writes it changes nothing.
func linkKey(value string) string {
	return strings.TrimPrefix(strings.TrimPrefix(value, "https://"), "http://")
}

func platformTitle(platform string) string {
	switch platform {
	case "x":
		return "X"
	case "whatsapp":
		return "WhatsApp"
	case "wechat":
		return "WeChat"
	case "qq":
		return "QQ"
	case "line":
		return "LINE"
	case "kakaotalk":
		return "KakaoTalk"
	case "youtube":
		return "YouTube"
	case "tiktok":
		return "TikTok"
	case "":
		return "Account"
	}
	return strings.ToUpper(platform[:1]) + platform[1:]
}
