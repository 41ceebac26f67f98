package guard

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// platforms are the messengers and networks where fraud against customers happens, with the words for them, in lower case.
// Words of scripts without spaces are found inside a run of letters, the others only as whole words.
var platforms = []struct {
	name  string
	words []string
}{
	{"telegram", []string{"telegram", "tg", "telegrama", "телеграм", "телеграмм", "телеграме", "телеграмме", "телеге", "тг", "电报", "電報", "纸飞机", "紙飛機", "飞机号", "飛機號", "텔레그램", "テレグラム", "تيليجرام", "تليجرام", "تلجرام", "تيليغرام", "تلغرام", "التليجرام"}},
	{"whatsapp", []string{"whatsapp", "whatsap", "wa", "вотсап", "ватсап", "вотсапп", "왓츠앱", "ワッツアップ", "واتساب", "واتس", "الواتساب"}},
	{"wechat", []string{"wechat", "weixin", "wx", "vx", "微信", "薇信", "威信", "v信", "위챗", "ウィーチャット", "вичат", "ويتشات"}},
	{"qq", []string{"qq", "扣扣"}},
	{"line", []string{"line", "ライン", "라인"}},
	{"kakaotalk", []string{"kakaotalk", "kakao", "카카오톡", "카톡", "カカオトーク"}},
	{"zalo", []string{"zalo"}},
	{"viber", []string{"viber", "вайбер"}},
	{"signal", []string{"signal"}},
	{"discord", []string{"discord", "дискорд", "디스코드"}},
	{"skype", []string{"skype", "скайп"}},
	{"facebook", []string{"facebook", "fb", "messenger", "фейсбук", "脸书", "臉書", "페이스북", "فيسبوك"}},
	{"instagram", []string{"instagram", "insta", "инстаграм", "인스타그램", "インスタグラム", "إنستغرام", "انستقرام"}},
	{"tiktok", []string{"tiktok", "douyin", "抖音"}},
	{"weibo", []string{"weibo", "微博"}},
	{"x", []string{"x", "twitter", "твиттер", "推特", "트위터", "ツイッター", "تويتر"}},
	{"youtube", []string{"youtube"}},
	{"reddit", []string{"reddit"}},
	{"vk", []string{"vk", "vkontakte", "вконтакте"}},
	{"snapchat", []string{"snapchat"}},
	{"potato", []string{"potato"}},
	{"direct message", []string{"dm", "dms", "私信", "私訊", "лс", "личку"}},
}

// handles finds "@name", and names that follow the word for a messenger.
func (s *scanner) handles() {
	cues := s.platformCues()
	text := s.text.text
	for i := strings.IndexByte(text, '@'); i >= 0; i = nextByte(text, '@', i+1) {
		start := i + 1
		if cued := platformNear(s.text.lower, cues, i) != ""; cued {
			start += spaces(text[start:])
		}
		end := handleEnd(text, start)
		if end-start < 2 || !hasLetter(text[start:end]) {
			continue
		}
		s.add(Contact{
			Kind: KindHandle, Platform: platformNear(s.text.lower, cues, i), Value: s.text.lower[start:end], Start: i, End: end,
		})
	}
	for _, cue := range cues {
		s.cuedHandle(cue)
	}
	s.nearHandles(cues)
}

// platformCue is a word for a platform.
type platformCue struct {
	name string
	at   place
}

// platformCues finds all words for platforms, in order.
func (s *scanner) platformCues() []platformCue {
	var cues []platformCue
	text := s.text.lower
	for word, at := range narrowWords(text) {
		if stem, _, inflected := strings.Cut(word, "'"); inflected { // Telegram'da
			word = stem
		}
		if name := platformOf[word]; name != "" && isWholeWord(text, at, at+len(word)) {
			cues = append(cues, platformCue{name, place{at, at + len(word)}})
		}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x0590 }) {
		cues = append(cues, wideCues(text)...)
	}
	slices.SortFunc(cues, func(a, b platformCue) int { return a.at.start - b.at.start })
	return cues
}

// wideCues finds the words for platforms in scripts without spaces, and in Arabic, which writes particles in front.
func wideCues(text string) []platformCue {
	var cues []platformCue
	for _, platform := range platforms {
		for _, word := range platform.words {
			if last, _ := utf8.DecodeLastRuneInString(word); isNarrow(last) {
				continue
			}
			for i := strings.Index(text, word); i >= 0; i = nextIndex(text, word, i+len(word)) {
				cues = append(cues, platformCue{platform.name, place{i, i + len(word)}})
			}
		}
	}
	return cues
}

// platformOf is the platform that a narrow word names.
var platformOf = func() map[string]string {
	names := make(map[string]string)
	for _, platform := range platforms {
		for _, word := range platform.words {
			names[word] = platform.name
		}
	}
	return names
}()

// narrowWords yields the runs of narrow characters with the places where they start.
func narrowWords(text string) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		start := -1
		for i, r := range text {
			if isNarrow(r) || r == '\'' && start >= 0 {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && !yield(text[start:i], start) {
				return
			}
			start = -1
		}
		if start >= 0 {
			yield(text[start:], start)
		}
	}
}

// cuedHandle adds the name that follows a word for a platform without an @: "Telegram: quayside_help", "微信号 qs8866",
// "add us on WhatsApp QuaysideCare".
func (s *scanner) cuedHandle(cue platformCue) {
	text := s.text.text
	i := cue.at.end
	for word := 0; word < 4 && i < len(text); word++ {
		gap := nameStart(text, i)
		marked := strings.ContainsAny(text[i:gap], ":=>")
		if strings.ContainsAny(text[i:gap], ".!?\n,;()[]。，、") {
			return
		}
		if wide := wideEnd(text, gap); wide > gap {
			i = wide // "号", "账号は": what stands between
			continue
		}
		end := handleEnd(text, gap)
		if end == gap {
			return
		}
		value := text[gap:end]
		if isDigits(value) && !numbersAccounts(cue.name) {
			return // a phone number
		}
		if looksLikeHandle(value) || marked && isLoneName(text, gap, end) {
			if isPlatformWord(strings.ToLower(value)) {
				return
			}
			end = capitalisedTail(text, gap, end)
			s.add(Contact{Kind: KindHandle, Platform: cue.name, Value: strings.ToLower(text[gap:end]), Start: gap, End: end})
			return
		}
		i = end
	}
}

// platformNear returns the platform that the words around byte i name: the closest before it in the same sentence, else
// one that follows soon. The single letter X counts only right beside the name.
func platformNear(text string, cues []platformCue, i int) string {
	const before, after = 48, 32
	name := ""
	for _, cue := range cues {
		switch {
		case cue.at.end <= i && i-cue.at.end <= before && !endsSentence(text[cue.at.end:i]):
			if cue.at.end-cue.at.start > 1 || i-cue.at.end <= 6 {
				name = cue.name
			}
		case name == "" && cue.at.start > i && cue.at.start-i <= after+12 && !endsSentence(text[i:cue.at.start]):
			if cue.at.end-cue.at.start > 1 {
				return cue.name
			}
		}
	}
	return name
}

func endsSentence(s string) bool {
	return strings.ContainsAny(s, "\n!?") || strings.Contains(s, "。") || strings.Contains(s, ". ")
}

// handleEnd returns where the account name that begins at byte i ends. A name is either narrow throughout or of the
// script that it begins with.
func handleEnd(text string, i int) int {
	start := i
	first, _ := utf8.DecodeRuneInString(text[i:])
	narrow := isNarrow(first) || first == '_'
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r != '_' && r != '.' && r != '-' && !isNarrow(r) && (narrow || !unicode.In(r, unicode.L, unicode.Nd, unicode.Mn)) {
			break
		}
		i += size
	}
	for i > start && strings.IndexByte(".-", text[i-1]) >= 0 {
		i--
	}
	return i
}

// looksLikeHandle reports names that no word of a language looks like: with an underscore, with digits among letters,
// with a capital in the middle.
func looksLikeHandle(name string) bool {
	if len(name) < 4 || name[0] >= utf8.RuneSelf {
		return false
	}
	letters, digits, inner := 0, 0, 0
	for i, r := range name {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
			if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(name[i-1])) {
				inner++
			}
		}
	}
	if digits > 0 && letters == 0 {
		return len(name) >= 5 && digits == len(name)
	}
	if letters == 0 || isKnownTerm(name) {
		return false
	}
	return strings.Contains(strings.Trim(name, "_"), "_") || digits > 0 || inner > 0
}

// isKnownTerm reports words of the trade that would otherwise look like a name.
func isKnownTerm(name string) bool {
	return slices.Contains([]string{
		"2FA", "AnyDesk", "iPhone", "iPad", "macOS", "PayPal", "QRcode", "TeamViewer", "USDT", "WebSocket", "WhatsApp", "WeChat",
		"YouTube", "KakaoTalk", "TikTok", "LinkedIn", "TRC20", "ERC20", "BEP20", "GitHub",
	}, name)
}

// isLoneName reports a word behind a colon that ends its clause: "Telegram: quaysidehelp". In prose ("Telegram: only for
// announcements") more words follow.
func isLoneName(text string, start, end int) bool {
	name := text[start:end]
	r, _ := utf8.DecodeRuneInString(name)
	if len(name) < 5 || !isNarrow(r) {
		return false
	}
	rest := strings.TrimLeft(text[end:], `"'”」)]`)
	if rest == "" {
		return true
	}
	next, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsUpper(r) && next == ' ' {
		after, _ := utf8.DecodeRuneInString(rest[1:])
		return unicode.IsUpper(after)
	}
	return next != ' ' || len(rest) == 1
}

// capitalisedTail extends a display name over the capitalised words behind it: "Quayside Customer Care".
func capitalisedTail(text string, start, end int) int {
	first, _ := utf8.DecodeRuneInString(text[start:])
	for words := 1; words < 4 && unicode.IsUpper(first) && end+1 < len(text) && text[end] == ' '; words++ {
		r, _ := utf8.DecodeRuneInString(text[end+1:])
		if !unicode.IsUpper(r) {
			break
		}
		end = handleEnd(text, end+1)
	}
	return end
}

// nameStart skips what stands between a cue and a name: spaces, punctuation, quotes.
func nameStart(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.In(r, unicode.L, unicode.Nd) || r == '_' || r == '@' {
			return i
		}
		i += size
	}
	return i
}

// wideEnd skips a word of a script without spaces.
func wideEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if isNarrow(r) || !unicode.In(r, unicode.L, unicode.Mn) {
			return i
		}
		i += size
	}
	return i
}

func isPlatformWord(word string) bool {
	return platformOf[word] != ""
}

// isWholeWord reports whether no letter or digit of a narrow script touches a stretch of narrow script.
func isWholeWord(text string, start, end int) bool {
	if r, _ := utf8.DecodeRuneInString(text[start:]); !isNarrow(r) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	goesOn := strings.ContainsRune(".-", after) && end+1 < len(text) && isAlnum(text[end+1])
	return (start == 0 || !isNarrow(before) && before != '@' && before != '_') &&
		(end == len(text) || !isNarrow(after) && after != '_' && !goesOn)
}

// numbersAccounts reports platforms on which a number is the name of an account.
func numbersAccounts(platform string) bool {
	return slices.Contains([]string{"line", "potato", "qq", "wechat", "weibo"}, platform)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

func nextIndex(text, word string, from int) int {
	if i := strings.Index(text[from:], word); i >= 0 {
		return from + i
	}
	return -1
}
