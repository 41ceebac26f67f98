package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// connectors are the words that may stand between the name of a secret and the
// secret itself.
type connectors struct {
	attached map[rune][]connector // of scripts that write them without spaces, by their first character, longest first
	words    map[string]connector // of the others
}

type connector struct {
	link bool // says that the value follows: is, 是, は
	text string
}

func newConnectors() *connectors {
	c := &connectors{attached: map[rune][]connector{}, words: map[string]connector{}}
	c.add(fillWords, false)
	c.add(linkWords, true)
	for _, some := range c.attached {
		slices.SortFunc(some, func(a, b connector) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return c
}

func (c *connectors) add(phrases string, link bool) {
	for phrase := range strings.SplitSeq(phrases, "|") {
		text := fold(strings.TrimSpace(phrase)).lower
		first, _ := utf8.DecodeRuneInString(text)
		if spacedLetter(first) {
			c.words[text] = connector{link: link, text: text}
		} else {
			c.attached[first] = append(c.attached[first], connector{link: link, text: text})
		}
	}
}

// linkWords say "is" in the 14 languages.
const linkWords = `is|are|was|it's|its|equals|是|为|為|就是|係|là|la|как|это|это:|은|는|이|가|es|son|é|e|são|eram|era
	|adalah|yaitu|ialah|itu|هو|هي|は|が|lautet|ist|sind|est|c'est|olarak`

// fillWords may stand between, but announce nothing: "the code I got from you".
const fillWords = `my|the|your|our|a|an|for|to|of|new|old|current|login|account|wallet|here|this|that|below|following|i|got|received
			|get|you|sent|me|just|from|sms|email|e-mail|mail|app|google|authenticator|code|codes
			|kodu|код|코드|コード|código|codigo|kode|كود|number|now|says|and|on|in|with
			|still|quayside|exchange|binance|coinbase|kraken|okx|bybit
			|key|keys|secret|token|api|phone|it|we|so|right|correct|as|follows|value|string|backup|setup|file
			|我|我的|你|你们|的|收到|了|发|发来|给|给我|如下|这个|這個|以下|帳號|账号|登录|新|旧|短信|刚|刚才|刚刚|您|您的|一个
			|của|tôi|mình|em|nhận|được|này|mới|cũ|bạn|tài khoản|gửi
			|benim|bana|gelen|gönderilen|yeni|eski|hesap|hesabım|şu|bu|bir
			|мой|моя|мои|от|для|аккаунта|аккаунт|пришел|пришёл|новый|старый|мне|вот|из|смс|кошелька|биржи|вход|входа|у меня|такой
			|제|내|저의|받은|온|새|계정|지갑|의|이것|여기|에|로|받았어요
			|mi|de|mí|para|cuenta|nueva|nuevo|antigua|recibí|recibido|el|del|que|me|llegó|aquí|este|esta|billetera
			|meu|minha|da|do|conta|nova|novo|recebi|recebido|chegou|aqui|este|o|que|carteira
			|saya|aku|akun|baru|lama|ini|untuk|yang|diterima|dapat|masuk|berikut|dari|dompet
			|لي|الخاص|الخاصة|خاصتي|بي|حسابي|الحساب|وصلني|الذي|الجديد|هذا|هذه|من|إلى|على|بحسابي
			|私|の|私の|僕の|届いた|新しい|アカウント|この|これ|です|以下|受け取った
			|mein|meine|meinen|der|die|das|für|konto|neues|alte|erhalten|habe|ich|hier|den|von|neue
			|mon|ma|le|les|du|pour|compte|nouveau|reçu|j'ai|voici|ici|celui|nouvelle|ancien`

// linkage is how a value is tied to its name, the weakest first.
type linkage uint8

const (
	adjacent linkage = iota // next to it, perhaps after words like "my"
	newLine                 // on the next line
	linked                  // by a word: is, 是
	explicit                // by a colon or an equals sign
)

// maxConnectors bounds the words between a name and its value.
const maxConnectors = 7

// value is what follows a cue.
type value struct {
	start, end int
	link       linkage
	quoted     bool
}

// valueAfter walks from at over separators and connecting words to the first
// thing that is neither.
func (s *scan) valueAfter(at int) (value, bool) {
	v := value{start: at}
	for n := 0; n < maxConnectors; {
		i := v.start
		if i >= len(s.text) {
			return v, false
		}
		switch c := s.lower[i]; {
		case c == '<' && markup(s.lower[i:]) > 1:
			v.start += markup(s.lower[i:])
		case c == '\n':
			v.link = max(v.link, newLine)
			v.start++
		case c == ':' || c == '=':
			v.link = explicit
			v.start++
		case isSpaceByte(c), c == '-' && s.separates(i), strings.IndexByte(`*_~>|,([{`, c) >= 0 && s.separates(i):
			v.start++
		case c == '"' || c == '\'' || c == '`':
			if end := strings.IndexByte(s.text[i+1:min(len(s.text), i+longestValue+2)], c); end > 0 && v.link >= linked {
				return value{start: i + 1, end: i + 1 + end, link: v.link, quoted: true}, true
			}
			v.start++
		default:
			size, link, ok := s.connectorAt(i)
			if !ok {
				v.end = s.valueEnd(i)
				return v, v.end > v.start
			}
			if link {
				v.link = max(v.link, linked)
			}
			v.start += size
			n++
		}
	}
	return v, false
}

// separates reports whether the punctuation at i stands apart: secrets may begin
// with it, so it is skipped only when something other than a value follows.
func (s *scan) separates(i int) bool {
	return i+1 < len(s.lower) && (isSpaceByte(s.lower[i+1]) || s.lower[i+1] == '>' || strings.IndexByte("*|([{", s.lower[i]) >= 0)
}

// connectorAt returns the length of the connecting word at i.
func (s *scan) connectorAt(i int) (size int, link, ok bool) {
	rest := s.lower[i:]
	if first, _ := utf8.DecodeRuneInString(rest); !spacedLetter(first) {
		for _, c := range s.r.connectors.attached[first] {
			if strings.HasPrefix(rest, c.text) {
				return len(c.text), c.link, true
			}
		}
		return 0, false, false
	}
	end := 0
	for end < len(rest) {
		r, n := utf8.DecodeRuneInString(rest[end:])
		if !spacedLetter(r) && (r != '\'' || end == 0) {
			break
		}
		end += n
	}
	c, ok := s.r.connectors.words[strings.TrimRight(rest[:end], "'")]
	if end < len(rest) && !isSpaceByte(rest[end]) && rest[end] != ':' && rest[end] != '=' && rest[end] != ',' && rest[end] < utf8.RuneSelf {
		return 0, false, false // "the" in "the-cat99" is the beginning of a value
	}
	return end, c.link, ok
}

// longestValue bounds a password or code; longer secrets have shapes of their own.
const longestValue = 128

// valueEnd returns the end of the token at i: up to a space, or, when it begins
// in ASCII, up to the first letter of a script that is written without spaces.
// Closing punctuation stays outside.
func (s *scan) valueEnd(i int) int {
	end := i
	ascii := s.text[i] < utf8.RuneSelf
	for end < len(s.text) && end-i < longestValue {
		r, size := utf8.DecodeRuneInString(s.text[end:])
		if unicode.IsSpace(r) || ascii && r >= utf8.RuneSelf || r == '<' && markup(s.lower[end:]) > 1 {
			break
		}
		end += size
	}
	for end > i {
		last, size := utf8.DecodeLastRuneInString(s.text[i:end])
		if !strings.ContainsRune(`.,;:?)]}>"'`+"`", last) {
			break
		}
		end -= size
	}
	return end
}
