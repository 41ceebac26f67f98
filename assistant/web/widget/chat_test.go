package widget_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const (
	pending = "My withdrawal has been pending for two hours"
	hacked  = "Someone logged into my account and withdrew my BTC"
	// phrase is a test vector of BIP-39: nobody's.
	phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
)

// stage is the whole service, a browser, and a host site of another origin with a strict policy.
type stage struct {
	*system

	host string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := newSystem(t)
	return &stage{system: s, host: site(t, s.Base).URL}
}

// chat opens a host page with the chat open on it.
func (s *stage) chat(t *testing.T, attributes ...string) *tab {
	t.Helper()
	b := newTab(t)
	b.open(s.host + "?" + query(s.widget, append(attributes, "open", "")...))
	b.Await(`shown('.panel')`)
	return b
}

// TestChat runs the chat as a customer does, in Chromium against the whole service.
func TestChat(t *testing.T) {
	t.Parallel()

	s := newStage(t)
	for name, test := range map[string]func(*testing.T, *stage){
		"QuestionIsAnsweredWithItsSource":       testAnswer,
		"PersonAnswersAndAReloadKeepsAll":       testHandOff,
		"PersonCanBeAskedForBeforeAnything":     testPersonAtOnce,
		"ClockThatIsADayOffMovesNoPromise":      testClock,
		"SecretIsWarnedOfBeforeItIsSent":        testSecret,
		"ArabicRunsFromRightToLeft":             testArabic,
		"ChineseCustomerReadsChinese":           testChinese,
		"PhoneShowsItFullScreen":                testPhone,
		"DarkIsTheSystemsChoice":                testDark,
		"KeyboardAloneIsEnough":                 testKeyboard,
		"MessageWrittenOfflineIsSentOnceLater":  testOffline,
		"ForeignOriginIsRefusedWithAReason":     testForeignOrigin,
		"HostileQuestionStaysText":              testHostileQuestion,
		"MessageThatIsTooLongIsKept":            testLongMessage,
		"PastedPageIsItsText":                   testPaste,
		"ConversationIsRated":                   testRating,
		"LostNetworkNeitherAsksTwiceNorForgets": testLostNetwork,
		"ContactIsCheckedInTheConversation":     testContact,
		"TwoTabsShowOneConversation":            testTwoTabs,
		"ConversationIsItsCustomersOnly":        testCustomer,
		"DemoPageHoldsTheChatUnderItsOwnPolicy": testDemo,
		"NothingIsWrongForScreenReaders":        testAccessible,
		"PhrasesAreSeenAndHarmlessTextsAreNot":  testJudgement,

		// Against a service that does what ours should not, or more than it does.
		"StreamThatBreaksIsRepeatedUnderItsName": testBrokenStream,
		"SentencesAppearOneByOne":                testSentences,
		"ReloadWaitsForTheAnswer":                testReloadInAStream,
		"HostileAnswerStaysText":                 testHostileAnswer,
		"ExpiredTokenIsFetchedAnew":              testToken,
		"ContactIsCheckedWithTheRegistry":        testVerify,
		"RepliesArriveByEvents":                  testEvents,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func testAnswer(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t, "article-url", "https://help.example/{locale}/{slug}")
	b.Do(`const seen = new MutationObserver(() => stages.push($('.status').innerText)); seen.observe($('.status'), {childList: true, subtree: true})`)
	b.ask(pending)
	b.Await(`$('.sources a')`)
	require.Equal(t, "https://help.example/en/withdrawal-pending", read[string](b, `$('.sources a').href`))
	require.Equal(t, "noopener noreferrer", read[string](b, `$('.sources a').rel`))
	require.Contains(t, read[string](b, `text()`), "Security check")
	require.Positive(t, read[int](b, `$$('.row.assistant li').length`), "lists are lists")
	require.Contains(t, read[string](b, `stages.join()`), "Searching our articles", "what is being done is told")
	b.Await(`!shown('.status')`)
	require.Empty(t, read[[]string](b, `violations`), "a strict policy holds")
	require.Empty(t, read[[]string](b, `errors`))
	b.Picture("answer")

	b.press("Helpful")
	b.Await(`$('.thumbs [role=status]').innerText === 'Thank you for your feedback.'`)
	require.Equal(t, "true", read[string](b, `button('Helpful').getAttribute('aria-pressed')`))
}

func testHandOff(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.ask(hacked)
	b.Await(`/^Ticket DH-\d+ A person answers here by [A-Z][a-z]{2}, [A-Z]/.test($('.ticket').innerText)`)
	require.Contains(t, read[string](b, `text()`), "Freeze account")
	require.Positive(t, read[int](b, `$$('.row.assistant ol li').length`), "steps are numbered")
	b.Picture("ticket")

	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.Await(`text().includes('Freeze account') && shown('.ticket')`)
	require.Equal(t, 1, read[int](b, `$$('.row.customer').length`))
	require.Equal(t, 1, read[int](b, `localStorage.length`))
	conversation := read[string](b, `localStorage.getItem(localStorage.key(0))`)
	require.Len(t, conversation, 36, "only the conversation's id is kept in the browser")

	b.Key(kb.Escape)
	s.reply(t, conversation, "Your account is locked now. Nobody can withdraw.")
	b.Await(`$('.badge').innerText === '1'`)
	b.press("Open the support chat (1)")
	b.Await(`$('.row.agent').innerText.includes('Nobody can withdraw')`)
	b.Await(`$('.ticket').innerText.includes('A person has answered')`)
	require.Equal(t, 1, read[int](b, `$$('.row.agent').length`))
}

func testPersonAtOnce(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.press("Talk to a person")
	b.Await(`shown('.ticket')`)
	require.Equal(t, 1, read[int](b, `$$('.row.customer').length`))

	// In a conversation that has answers too, and the wish stands above what it brought.
	other := s.chat(t)
	other.ask(pending)
	other.Await(`$('.sources')`)
	other.press("Talk to a person")
	other.Await(`shown('.ticket') && $$('.row.customer').length === 2`)
	require.Equal(t, "assistant", read[string](other, `['assistant', 'customer'].find((author) => $$('.row').at(-1).classList.contains(author))`))
}

func testClock(t *testing.T, s *stage) {
	t.Helper()
	off := newTab(t)
	off.Before(`{ const real = Date, ahead = 86400000; globalThis.Date = class extends real {
		constructor(...parts) { super(...(parts.length ? parts : [real.now() + ahead])); }
		static now() { return real.now() + ahead; } }; }`)
	off.open(s.host + "?" + query(s.widget, "open", ""))
	off.ask(hacked)
	off.Await(`shown('.ticket')`)
	promise := read[string](off, `$('.ticket').innerText`)
	kept := read[string](off, `JSON.stringify([localStorage.key(0), localStorage.getItem(localStorage.key(0))])`)

	right := newTab(t)
	right.open(s.host + "?" + query(s.widget))
	right.Do(`localStorage.setItem(...` + kept + `)`)
	right.open(s.host + "?" + query(s.widget, "open", ""))
	right.Await(`shown('.ticket')`)
	require.Equal(t, promise, read[string](right, `$('.ticket').innerText`))
}

func testSecret(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	for _, secret := range []struct{ kind, text string }{
		{"recovery phrase", "help, my words are " + phrase},
		{"recovery phrase", "1. legal 2. winner 3. thank 4. year 5. wave 6. sausage 7. worth 8. useful 9. legal 10. winner 11. thank 12. yelow"},
		{"recovery phrase", "的 一 是 在 不 了 有 和 人 这 中 大"},
		{"private key", "my key is 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"},
		{"private key", "private key: 0x" + strings.Repeat("3a", 32)},
	} {
		b.write(secret.text)
		b.Await(`shown('.warning') && $('.warning').innerText.includes('looks like a ` + secret.kind + `')`)
		b.Key(kb.Enter)
		b.Picture("secret")
		b.press("Remove it")
		b.Await(`!shown('.warning') && $('textarea').value.includes('[removed]')`)
		require.Zero(t, read[int](b, `$$('.row.customer').length`), "nothing was sent")
		b.Do(`$('textarea').value = ''`)
	}
	b.write("my withdrawal has the txid " + strings.Repeat("3a", 32) + " and is pending since this morning, can you please look what is wrong with it")
	b.Key(kb.Enter)
	b.Await(`$$('.row.customer').length === 1`)
	require.False(t, read[bool](b, `shown('.warning')`), "a transaction is no key, and a sentence no phrase")

	// Who knows better is not held up: the service looks again.
	b.write(phrase)
	b.press("It is no secret, send")
	b.Await(`$$('.row.customer').length === 2 && shown('.ticket')`)
}

func testArabic(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t, "locale", "ar-EG")
	require.Equal(t, "rtl", read[string](b, `getComputedStyle($('.panel')).direction`))
	b.ask("سحبي معلق منذ ساعتين ولم يصل، ماذا أفعل؟")
	b.Await(`$$('.row.assistant').length > 1`)
	require.Equal(t, "اكتب رسالة", read[string](b, `$('textarea').placeholder`))
	require.Less(t, read[float64](b, `$('.row.customer').getBoundingClientRect().left`), read[float64](b, `$('.row.assistant').getBoundingClientRect().left`),
		"one's own messages are on the other side")
	require.True(t, read[bool](b, `$('.send svg').matches('.flip') && getComputedStyle($('.send svg')).transform.startsWith('matrix(-1')`))
	b.Picture("ar")
}

func testChinese(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t, "locale", "zh-CN")
	b.ask("提币两个小时了还没到账,怎么办?")
	b.Await(`$('.sources')`)
	require.Equal(t, "zh-Hans", read[string](b, `$('.root').lang`))
	require.Contains(t, read[string](b, `text()`), "提币会依次经过")
	require.NotNil(t, read[any](b, `button('转人工')`))
	b.Picture("zh-Hans")
}

func testPhone(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	for _, width := range []int64{390, 320} {
		b.Size(width, 700)
		b.Await(`$('.panel').getBoundingClientRect().width === innerWidth && $('.panel').getBoundingClientRect().height === innerHeight`)
		require.LessOrEqual(t, read[int](b, `$('.panel').scrollWidth`), int(width), "nothing sticks out")
		require.True(t, read[bool](b, `$$('.panel button, textarea').filter((e) => e.getClientRects().length)
			.every((e) => { const r = e.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight })`))
	}
	b.ask(pending)
	b.Await(`$('.sources')`)
	require.LessOrEqual(t, read[int](b, `$('.scroll').scrollWidth`), 320)
	b.Picture("320")
	b.Size(390, 844)
	b.Picture("390")

	// The page behind it is out of reach of the keyboard.
	for range 12 {
		b.Key(kb.Tab)
		require.True(t, read[bool](b, `document.activeElement === host`))
	}
}

func testDark(t *testing.T, s *stage) {
	t.Helper()
	b := newTab(t)
	b.Prefer("prefers-color-scheme", "dark")
	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.Await(`shown('.panel')`)
	require.Equal(t, "rgb(22, 24, 29)", read[string](b, `getComputedStyle($('.panel')).backgroundColor`))
	b.ask(pending)
	b.Await(`$('.sources')`)
	b.Picture("dark")

	b.open(s.host + "?" + query(s.widget, "open", "", "theme", "light"))
	b.Await(`shown('.panel')`)
	require.Equal(t, "rgb(255, 255, 255)", read[string](b, `getComputedStyle($('.panel')).backgroundColor`), "the site has the last word")
}

func testKeyboard(t *testing.T, s *stage) {
	t.Helper()
	b := newTab(t)
	b.Prefer("prefers-reduced-motion", "reduce")
	b.open(s.host + "?" + query(s.widget))
	b.Key(kb.Tab)
	require.Equal(t, "before", read[string](b, `document.activeElement.id`))
	b.Key(kb.Tab)
	require.Equal(t, "launcher", read[string](b, `focus().className`))
	b.Key(kb.Enter)
	b.ask(pending)
	b.Await(`$('.sources')`)
	require.Equal(t, "none", read[string](b, `getComputedStyle($('.panel')).animationName`), "nothing moves for who wants that")
	b.Await(`focus()?.localName === 'textarea'`)
	b.Key(kb.Tab) // the send button
	b.Key(kb.Tab) // "Is this really us?"
	b.Key(kb.Enter)
	b.Await(`focus()?.localName === 'input'`)
	b.Key(kb.Escape)
	b.Await(`shown('.main') && focus()?.innerText === 'Is this really us?'`)
	b.Key(kb.Escape)
	b.Await(`!shown('.panel') && focus()?.className === 'launcher'`)
}

func testOffline(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.Cut()
	b.Await(`$('.notice').innerText.startsWith('You are offline')`)
	b.ask(pending)
	b.Await(`$('.row.failed .delivery').innerText.startsWith('Not sent.')`)
	b.Picture("offline")
	b.press("Try again")
	b.Await(`$('.row.failed')`)
	b.Mend()
	b.Await(`$('.sources')`)
	require.Equal(t, 1, read[int](b, `$$('.row.customer').length`))
	require.Zero(t, read[int](b, `$$('.row.failed').length`))
	require.False(t, read[bool](b, `shown('.notice')`))
}

func testForeignOrigin(t *testing.T, s *stage) {
	t.Helper()
	b := newTab(t)
	b.open(s.host + "?" + query(s.elsewhere, "open", ""))
	b.Await(`shown('.panel')`)
	b.ask(pending)
	b.Await(`$('.notice').innerText.includes('does not work on this website')`)
	require.Contains(t, read[string](b, `errors.join()`), "--origin "+s.host, "who built the page reads how to mend it")
	require.Equal(t, pending, read[string](b, `$('textarea').value`), "what was written is not lost")
}

func testHostileQuestion(t *testing.T, s *stage) {
	t.Helper()
	const hostile = `<img src=x onerror="window.pwned=1"><script>pwned=1</script><a href="javascript:pwned=1">x</a> ${pwned=1} {{pwned}}`
	b := s.chat(t, "article-url", "javascript:pwned=1//{slug}", "name", `<b onclick="pwned=1">Desk</b>`)
	b.ask(hostile)
	b.Await(`$$('.row.assistant').length > 1`)
	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.Await(`$('.row.customer')?.innerText.includes('onerror')`)
	require.Zero(t, read[int](b, `$$('.row img, .row script, h2 b, .row.customer a').length`))
	require.Equal(t, "undefined", read[string](b, `typeof window.pwned`))
}

func testRating(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.ask(pending)
	b.press("Rate this conversation")
	b.Await(`focus()?.type === 'radio'`)
	b.Do(`$$('input[type=radio]')[3].click()`)
	b.Do(`$('.page textarea').focus()`)
	b.write("quick and right")
	b.Picture("rating")
	b.press("Send the rating")
	b.Await(`$('.page .said').innerText === 'Thank you for your feedback.'`)
	b.press("Back")
	b.Await(`shown('.main')`)
	b.press("Not helpful")
	b.Await(`button('Not helpful').getAttribute('aria-pressed') === 'true'`)

	// What was said is there after a reload, and may be changed without writing it again.
	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.Await(`button('Not helpful')?.getAttribute('aria-pressed') === 'true'`)
	require.Equal(t, "false", read[string](b, `button('Helpful').getAttribute('aria-pressed')`))
	b.press("Rate this conversation · 4 of 5")
	b.Await(`focus()?.type === 'radio'`)
	require.Equal(t, "4", read[string](b, `$$('input[type=radio]').find((e) => e.checked).value`))
	require.Equal(t, "quick and right", read[string](b, `$('.page textarea').value`))
	b.Do(`$$('input[type=radio]')[1].click()`)
	b.press("Send the rating")
	b.Await(`$('.page .said').innerText === 'Thank you for your feedback.'`)
	b.press("Back")
	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.press("Rate this conversation · 2 of 5")
	require.Equal(t, "quick and right", read[string](b, `$('.page textarea').value`))

	b.press("Back")
	b.press("New conversation")
	require.Equal(t, "Rate this conversation", read[string](b, `$$('.action')[1].textContent`))
}

func testContact(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.press("Is this really us?")
	b.Await(`focus()?.localName === 'input'`)
	require.NotEmpty(t, read[string](b, `$('.page').innerText`))
	b.Picture("verify")
	b.Do(`focus().value = 't.me/quayside_help_desk'`)
	b.press("Check")
	// Named as not ours: on the page, or in the conversation where the service cannot be asked directly.
	b.Await(`/not on the list|is not|known fake/i.test($('.panel').innerText.replace($('.official')?.innerText, ''))`)
}
