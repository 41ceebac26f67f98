package guard

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sourced are things that a reply may speak of only where a source does, whatever language that is in: what is invented about a
// desk's matters most often brings one of them in, and words and vectors see little of a single foreign thing among the article's
// own words. An entry is the beginning of a word, a whole word where it ends with a space, and stands anywhere in Arabic, Korean
// and scripts without spaces. Several names of a thing are parted by commas; it is the same in all languages.
var sourced = compiled([]lexeme{
	{"an insurance", `insur, versicher, asegurad, seguro medico, assurance , assurances , assure par, assures par, assurees par,
		segurad, sigorta, bảo hiểm, страхов, застрахован, asuransi, diasuransi, 保险, 保險, 承保, 保険, 보험, تأمين, مؤمنة,
		مؤمن عليه`},
	{"a guarantee", `guarant, garant, đảm bảo hoàn, bảo đảm hoàn, гарант, jaminan, dijamin, 担保, 擔保, 保証, 보장, مضمون, ضمان`},
	{"a government or an embassy", `government, embass, ministry, regierung, botschaft, ministeri, ministre, gobierno, embajad, gouvernement,
		ambassade, governo, embaixad, hükümet, elçili, büyükelçili, chính phủ, đại sứ quán, правительств,
		посольств, министерств, pemerintah, kedutaan, kedubes, 政府, 大使馆, 大使館, 国家承, 정부, 대사관, حكومة, سفارة,
		by the state, vom staat, devlet, государством, oleh negara, nhà nước, 由国家, 由國家, 국가가 보, 国が保, من قبل الدولة,
		حكومي`},
	{"the police", `police, polizei, policia, polisi , polis , cảnh sát, полиц, kepolisian, 警察, 경찰, الشرطة, شرطة`},
	{"a charity or a hospital", `donat, charit, hospital, spende, krankenhaus, gespendet, dona , donan, hopital, bağış, hastane, quyên góp,
		bệnh viện, благотворит, больниц, пожертв, жертву, sumbang, disumbang, rumah sakit, 捐, 慈善, 医院, 醫院, 寄付, 病院,
		병원, تبرع, مستشفى`},
	{"cash or a counter", `cash , in cash, post office, postfil, am schalter, bargeld, bar ausgez, efectivo , en efectivo,
		oficina de correos, ventanilla, especes, bureau de poste, guichet, dinheiro vivo, em dinheiro, correios,
		guiche, nakit, postane, gişe, tiền mặt, bưu điện, quầy, наличны, почтов отделен, почтово, отделени почт,
		отделении банк, tunai, kantor pos, loket, 现金, 現金, 邮局, 郵局, 柜台, 櫃台, 櫃檯, 郵便局, 窓口, 현금, 우체국, 창구, نقدا, نقداً,
		مكتب البريد, الشباك`},
	{"a lottery", `lottery, lots among, drawing lots, verlost, auslos, losverfahren, durch losen, sorteo, loterie,
		tirage au sort, tire au sort, sorteio, loteri, çekiliş, kura, bốc thăm, xổ số, лотере, жереб, undian,
		diundi, 抽签, 抽籤, 抽奖, 抽獎, 彩票, 抽選, くじ, 추첨, 제비, قرعة, يانصيب`},
	{"travel or tickets", `airline, air miles, lounge, stadium, holiday trip, flugmeil, meilen, stadion, millas, estadio, aeropuert,
		miles aer, le stade , au stade , salon d'aeroport, milhas, estadio, aeroporto, uçuş mil, stadyum,
		stadyumu, dặm bay, sân vận động, sân bay, мили , миль , милях , милями , милей , стадион, аэропорт,
		mil penerbang, poin terbang, bandara, 航空里程, 里程, 体育场, 球场, 球票, 體育場, 球場, 机场, 機場, マイル, スタジアム, 空港, 마일리지, 경기장,
		공항, أميال, ملعب, المطار`},
	{"relatives or neighbours", `neighbour, neighbor, ex-partner, former partner, spouse, nachbar, ex-partner, fruhere partner,
		ehemalige partner, vecino, expareja, ex pareja, conyuge, voisin, ancien conjoint, ex-conjoint, vizinho,
		ex-parceir, ex-conjuge, komşu, eski eş, hàng xóm, người yêu cũ, vợ cũ, chồng cũ, сосед, бывший партн,
		бывший супруг, бывшая жена, бывший муж, tetangga, mantan, 邻居, 鄰居, 前伴侣, 前伴侶, 前任, 隣人, 近所, 元パートナー, 元の配偶者, 이웃,
		전 연인, 전 배우자, 전 파트너, جيران, شريكك السابق, زوجك السابق`},
	{"teachers, nurses or students", `teacher, nurse, lehrer, lehrkraft, pflegekr, maestro, profesor, enfermer, enseignant, infirmi, professor,
		öğretmen, hemşire, giáo viên, y tá, учител, медсест, guru , perawat, 教师, 教師, 护士, 護士, 看護師, 교사, 간호사, معلم,
		ممرض`},
	{"doing without documents or verification", `without verification, without any verification, without documents, without any document,
		without identification, no documents needed, no verification needed, ohne verifizierung, ohne dokument,
		ohne ausweis, sin verificación, sin verificarse, sin document, sin ningun document, sans verification,
		sans document, sans aucun document, sem verificac, sem document, sem nenhum document, doğrulama olmadan,
		doğrulamasız, belgesiz, belge olmadan, không cần xác minh, không cần giấy tờ, без верификац, без документ,
		без каких-либо документ, tanpa verifikasi, tanpa dokumen, 无需认证, 無需認證, 免认证, 免認證, 免证件, 免證件, 無需驗證, 免驗證, 無需證件,
		无需证件, 不用认证, 本人確認なし, 確認なしで, 書類なし, 인증 없이, 서류 없이, 신분증 없이, بدون توثيق, دون توثيق, بدون تحقق, دون تحقق,
		بدون التحقق, دون التحقق, بدون وثائق, دون وثائق, بدون مستندات, دون مستندات, دون أي وثائق, بدون أي وثائق`},
	{"something that holds for any amount or at any time", `any amount, jeden betrag, cualquier importe, cualquier monto, cualquier cantidad, n'importe quel montant,
		qualquer valor, qualquer quantia, herhangi bir miktar, istediğiniz miktar, bất kỳ số tiền, любую сумму,
		jumlah berapa pun, jumlah berapapun, 任意金额, 任意金額, 任何金额, 任何金額, 金額を問わず, 任意の金額, いくらでも, 금액에 상관없이, 원하는 금액, 얼마든지,
		أي مبلغ, اي مبلغ`},
	{"interest or a yield", `interest until, bring interest, earn interest, zinsen, intereses, interets, juros, faiz, lãi,
		процент годов, приносят процент, начисля процент, bunga , 利息, 利子, 金利, فائدة, فوائد`},
	{"shareholders or a council", `shareholder, council, aktionar, gremium, accionist, consejo de la comunidad, actionnair, acionist,
		hissedar, cổ đông, hội đồng, акционер, pemegang saham, dewan, 股东, 股東, 理事会, 理事會, 株主, 評議会, 주주, 위원회 투표,
		مساهم, المجلس`},
})

// promised is how many of sourced, the first ones, a reply may deny without a source.
const promised = 2

// lexeme is a thing with its names in all languages, as sourced says.
type lexeme struct{ name, words string }

// lexemes are such things with their names folded.
type lexemes []struct {
	entries []string
	name    string
}

func compiled(list []lexeme) lexemes {
	all := make(lexemes, len(list))
	for i, l := range list {
		all[i].name = l.name
		for word := range strings.SplitSeq(l.words, ",") {
			whole := strings.HasSuffix(word, " ")
			word = fold(strings.TrimSpace(word))
			if whole {
				word += " "
			}
			all[i].entries = append(all[i].entries, word)
		}
	}
	return all
}

// in returns which of the things a folded text names.
func (l lexemes) in(folded string) []bool {
	found := make([]bool, len(l))
	plain := withoutAccents(folded)
	for i, thing := range l {
		found[i] = slices.ContainsFunc(thing.entries, func(word string) bool { return speaksOf(folded, word) || speaksOf(plain, word) })
	}
	return found
}

// speaksOf reports whether a folded text has an entry of sourced.
func speaksOf(folded, entry string) bool {
	plain := strings.TrimRight(entry, " ")
	for at := 0; ; {
		i := strings.Index(folded[at:], plain)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(plain)
		if anywhere(plain) || startsWord(folded, start, firstRune(plain)) && (plain == entry || endsWord(folded, end)) {
			return true
		}
		at = end
	}
}

// anywhere reports an entry of a script whose words have others before them, or no spaces between them.
func anywhere(entry string) bool {
	return strings.ContainsFunc(entry, func(r rune) bool {
		return isUnspaced(r) || unicode.In(r, unicode.Arabic, unicode.Hangul)
	})
}

// checkThings reports a sentence that speaks of something that no cited source speaks of in any language.
func (g *Guard) checkThings(folded, language string, sources []*source) []Finding {
	denials, known := denialsOf(language)
	for i, found := range g.things.of(folded, sourced.in) {
		if i < promised && known && isDenied(folded, denials) {
			continue // "we cannot guarantee it"
		}
		if found && !slices.ContainsFunc(sources, func(s *source) bool { return s.speaksOf(i) }) {
			detail := fmt.Sprintf("speaks of %s, and no cited source does: %q", sourced[i].name, excerpt(strings.TrimSpace(folded)))
			return []Finding{{CheckGrounding, detail}}
		}
	}
	return nil
}

// speaksOf reports whether the source names a thing of sourced.
func (s *source) speaksOf(thing int) bool {
	if s.things == nil {
		s.things = sourced.in(s.fold())
	}
	return s.things[thing]
}

func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}
