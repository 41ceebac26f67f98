package guard

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// Sign is how a name imitates an official one.
type Sign string

// The signs, the surest first.
const (
	SignSubdomain Sign = "subdomain"     // the official name stands in front of somebody else's: quayside.example.evil.test
	SignHomoglyph Sign = "homoglyph"     // letters that look alike, also in punycode: quаyside, quays1de, quaysicle
	SignEnding    Sign = "other_ending"  // another top-level domain
	SignPlatform  Sign = "other_service" // the right name at another service
	SignWords     Sign = "added_words"   // quayside-support, my-quayside
	SignTypo      Sign = "typo"          // a letter more, less, other or in another place
)

// Likeness names what a contact imitates.
type Likeness struct {
	Official Channel
	Sign     Sign
}

const (
	// minWordBrand is the shortest name that is looked for between hyphens, minJoinedBrand within a run of letters beside words
	// that swindlers add, and minInside within any run of letters: shorter ones are in many honest names.
	minWordBrand   = 4
	minJoinedBrand = 5
	minInside      = 8
	// minTypo and minTwoTypos are the shortest names of which one and two wrong letters are looked for.
	minTypo     = 6
	minTwoTypos = 10
)

// brand is the name that customers know an official channel by.
type brand struct {
	channel Channel
	folded  string // of the name, see foldName
	host    string // of a domain or an e-mail address: what the desk registered
	name    string
}

// brandOf returns the name of an official channel; a phone number has none.
func brandOf(c Channel) (brand, bool) {
	b := brand{channel: c}
	switch c.Kind {
	case channelDomain:
		b.host = registered(c.key())
		b.name = firstLabel(b.host)
	case channelHandle:
		b.name = c.key()
	default:
		return b, false
	}
	b.folded = foldName(b.name)
	return b, b.folded != ""
}

// Imitated returns the official channel that a contact which is not official takes after, by its name alone: nothing is
// resolved and nothing opened. A name below a domain of the desk imitates nothing, whether it is listed or not.
func (r Registry) Imitated(c Contact) (Likeness, bool) {
	if r.Standing(c) == Official {
		return Likeness{}, false
	}
	switch c.Kind {
	case KindLink:
		l := splitLink(c.Value)
		if platform, name := accountLink(l); platform != "" {
			return r.imitatedHandle(platform, name)
		}
		return r.imitatedHost(l.host)
	case KindEmail:
		local, host, _ := strings.Cut(c.Value, "@")
		if likeness, ok := r.imitatedHost(host); ok {
			return likeness, true
		}
		if r.ownHost(host) {
			return Likeness{}, false
		}
		return r.best(func(b brand) Sign { return wordSign(foldWords(local), b) })
	case KindHandle:
		return r.imitatedHandle(c.Platform, c.Value)
	case KindAddress, KindPhone:
	}
	return Likeness{}, false
}

// ownHost reports a host that is, or is below, what the desk has registered.
func (r Registry) ownHost(host string) bool {
	return slices.ContainsFunc(r.brands, func(b brand) bool {
		return b.host != "" && (host == b.host || strings.HasSuffix(host, "."+b.host))
	})
}

func (r Registry) imitatedHost(host string) (Likeness, bool) {
	if host == "" || isIP(host) || r.ownHost(host) {
		return Likeness{}, false
	}
	return r.best(func(b brand) Sign { return hostSign(host, b) })
}

func (r Registry) imitatedHandle(platform, name string) (Likeness, bool) {
	return r.best(func(b brand) Sign {
		switch {
		case b.channel.Kind != channelHandle:
			return wordSign(foldWords(name), b)
		case name == b.name && platform != b.channel.Platform:
			return SignPlatform
		case name == b.name:
			return ""
		}
		return nameSign(name, b)
	})
}

// best returns the surest likeness of all brands, of equal ones the longest name.
func (r Registry) best(sign func(brand) Sign) (Likeness, bool) {
	order := []Sign{SignSubdomain, SignHomoglyph, SignEnding, SignPlatform, SignWords, SignTypo}
	rank, length, found := len(order), 0, Likeness{}
	for _, b := range r.brands {
		s := sign(b)
		if s == "" {
			continue
		}
		if i := slices.Index(order, s); i < rank || i == rank && len(b.folded) > length {
			rank, length, found = i, len(b.folded), Likeness{Official: b.channel, Sign: s}
		}
	}
	return found, rank < len(order)
}

// hostSign compares a host with an official name.
func hostSign(host string, b brand) Sign {
	if b.host != "" && strings.Contains("."+host+".", "."+b.host+".") {
		return SignSubdomain
	}
	whole := registered(host)
	if sign := nameSign(firstLabel(whole), b); sign != "" {
		return sign
	}
	below := strings.TrimSuffix(strings.TrimSuffix(host, whole), ".")
	for label := range strings.SplitSeq(below, ".") {
		if label == "" {
			continue
		}
		if sign := nameSign(label, b); sign != "" && sign != SignTypo {
			return SignSubdomain
		}
	}
	return ""
}

// nameSign compares a label of a host, or a handle, with an official name.
func nameSign(label string, b brand) Sign {
	plain := unicodeLabel(label)
	if plain == b.name {
		if b.channel.Kind == channelDomain {
			return SignEnding
		}
		return SignPlatform
	}
	folded := foldName(plain)
	if len(b.folded) >= minWordBrand && folded == b.folded {
		return SignHomoglyph
	}
	if sign := wordSign(foldWords(plain), b); sign != "" {
		return sign
	}
	return typoSign(folded, b.folded)
}

// wordSign looks for the official name among the words of another.
func wordSign(words []string, b brand) Sign {
	name := b.folded
	for _, word := range words {
		switch {
		case word == name && len(name) >= minWordBrand && len(words) > 1:
			return SignWords
		case len(name) >= minInside && strings.Contains(word, name):
			return SignWords
		case len(name) < minJoinedBrand:
		default:
			if rest, ok := strings.CutPrefix(word, name); ok && isBait(rest) {
				return SignWords
			}
			if rest, ok := strings.CutSuffix(word, name); ok && isBait(rest) {
				return SignWords
			}
		}
	}
	if joined := strings.Join(words, ""); len(words) > 1 && len(name) >= minTypo && strings.Contains(joined, name) {
		return SignWords
	}
	return ""
}

func typoSign(folded, name string) Sign {
	limit := 0
	switch {
	case len(name) >= minTwoTypos:
		limit = 2
	case len(name) >= minTypo:
		limit = 1
	}
	if limit > 0 && folded != name && distance(folded, name, limit) <= limit {
		return SignTypo
	}
	return ""
}

// registered is the part of a host that somebody registered: one label below a public suffix.
func registered(host string) string {
	if name, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return name
	}
	return host
}

func unicodeLabel(label string) string {
	if plain, err := idna.Punycode.ToUnicode(label); err == nil {
		return plain
	}
	return label
}

// foldName is what a name looks like at a glance: without case, accents, hyphens, and with one letter for those, and for the
// digits and pairs, that are drawn alike.
func foldName(name string) string { return strings.Join(foldWords(name), "") }

// foldWords is foldName, cut at what stands between words.
func foldWords(name string) []string {
	var folded strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case unicode.In(r, unicode.Mn):
		case r == '-' || r == '_' || r == '.' || r == '+':
			folded.WriteByte(' ')
		default:
			r = latinLookalike(r)
			if like, ok := drawnAlike[r]; ok {
				r = like
			}
			folded.WriteRune(r)
		}
	}
	return strings.Fields(pairsAlike.Replace(folded.String()))
}

// drawnAlike are digits and letters that are taken for a letter, beside the look-alikes of other scripts.
var drawnAlike = map[rune]rune{
	'0': 'o', '1': 'l', 'i': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g',
	'ı': 'l', 'ł': 'l', 'ø': 'o', 'đ': 'd', 'ħ': 'h',
	'|': 'l', '!': 'l', '$': 's', 'æ': 'a', 'œ': 'o', 'ŧ': 't', 'ß': 'b',
}

// pairsAlike are pairs that are taken for one letter.
var pairsAlike = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d", "nn", "m")

// isBait reports a text that is made of the words that are added to a name to make it look like a service of its owner.
func isBait(rest string) bool {
	if rest == "" {
		return false
	}
	reachable := make([]bool, len(rest)+1)
	reachable[0] = true
	for i := range rest {
		for _, word := range bait {
			if reachable[i] && strings.HasPrefix(rest[i:], word) {
				reachable[i+len(word)] = true
			}
		}
	}
	return reachable[len(rest)]
}

// bait are words that swindlers add, as foldName writes them, longest meaning first come first.
var bait = func() []string {
	words := strings.Fields(`
		access account accounts activate admin agent airdrop airdrops alert app apps asset assets assist auth authorize bank bonus bot
		bridge bsc btc care center centre chain chat check claim claims client coin coins com connect connection contact contracts
		crypto cs customer dao dapp dapps defi deposit desk dev devs dex discord docs dot download drop earn email en eth event events
		exchange
		extension faq fi finance fix free fund fx gift gifts giveaway global group guard help helpdesk helpline hq id import info
		int international invest io kefu kyc launch launchpad lite live lock login mail main manager market marketing me mint mobile my
		net network new news nft nfts node now official ok online open org page pay platform play portal pro promo protect protocol
		qa recover recovery refund register resolve restore reward rewards safe safety secure security seguro server service services
		shop signin signup site social soporte stake staking start store suporte support swap sync system tax team tech tether the token
		tokens
		trade trader trading transfer trust tx unlock update updates upgrade us usa usdt user users v1 v2 v3
		validate validation vault verification
		verify vip wallet wallets web web3 whitelist withdraw withdrawal world www x xyz ayuda aide hilfe bantuan destek podderzhka yardim
		guide beta alpha labs lab foundation community fans club hub zone space digital capital bot pool pools farm farming presale sale`)
	for i, word := range words {
		words[i] = foldName(word)
	}
	slices.Sort(words)
	return slices.Compact(words)
}()

// distance is the number of letters to add, drop, replace or swap with their neighbour to make b of a (Damerau and Levenshtein,
// optimal string alignment); above limit it may be any larger number.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}
