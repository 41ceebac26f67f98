package guard

import (
	"fmt"
	"slices"
)

// stressed are claims of how, when, to whom or how much something happens. A lie in an article's own words most often turns on one of
// them: "always", "at once", "by itself", "twice". Where the words of a sentence cannot be compared with its sources, because these are
// in another language, a source must make the same claim, in whatever language, or hint at it with a word of hinted. The entries are
// written as those of sourced.
var stressed = compiled([]lexeme{
	{"at once", `immediate, at once, instant, right away, straight away, within seconds, sofort, umgehend, inmediat, al instante,
		enseguida, en segundos,
		imediat, na hora , instantan, tout de suite, немедленн, сразу же, мгновенн, тотчас, hemen , anında, derhal, ngay lập tức, tức thì,
		즉시, 곧바로, すぐに, 直ちに, 即座, 即時, 立刻, 立即, 马上, 馬上, 几秒, 幾秒, segera, seketika, فورا , على الفور, خلال ثوان, في الحال`},
	{"by itself", `automat, automát, automá, by itself, by themselves, on its own, on their own, von selbst, von allein,
		d'elle-meme, de lui-meme, tout seul,
		сам собой, сами собой, сама собой, otomatik, kendiliğinden, tự động, 自动, 自動, 자동, 저절로, ひとりでに, otomatis, تلقائ, من تلقاء`},
	{"faster", `faster, quicker, sooner than, speed up, speeds up, accelerat, schneller, beschleunig, más rápid, aceler, mais rápid,
		plus vite, plus rapid, accélér,
		быстрее, ускор, daha hızlı, hızlandır, daha çabuk, nhanh hơn, tăng tốc, 更快, 加快, 加速, 더 빨, 빨라, 앞당, 早くな, 速くな, 速ま, 早ま, lebih cepat,
		mempercepat, أسرع من, تسرع, يسرع, تسريع`},
	{"always or for everybody", `always, every time, everybody, everyone, in all cases, at any time, immer , jederzeit, für alle ,
		siempre, en cualquier mom, para todos ,
		sempre, a qualquer mom, toujours, a tout moment, pour tous , всегда, в любое время, для всех , her zaman, herkes, luôn,
		bất cứ lúc nào,
		mọi người, 总是, 总会, 總是, 總會, 始终, 始終, 所有人, 随时, 隨時, 항상, 언제나, 언제든, 모든 사람, 누구나, 常に, いつでも, 誰でも, 全員, selalu, kapan saja,
		semua orang, دائما, في أي وقت, للجميع, كاملة, in full , por completo`},
	{"never or for ever", `never, for ever, forever, for good, permanent, for life, as often as you, as many times as, niemals,
		für immer, dauerhaft, endgültig, nunca, jamás,
		para siempre, para sempre, definitivamente, jamais, никогда, навсегда, безвозврат, hiçbir zaman, sonsuza, kalıcı olarak,
		không bao giờ,
		vĩnh viễn, mãi mãi, 永久, 永远, 永遠, 从不, 從不, 永不, 想用多少, 결코, 영구, 영원, 決して, 二度と, tidak pernah, selamanya, للأبد, نهائيا, إلى الأبد,
		كلما أردت, tantas veces como`},
	{"a multiple or a part", `twice, double, triple, half of , half the , quarter of , one tenth, a third of , doppelt, hälfte,
		zehntel, drittel, el doble, mitad, décima parte,
		dobro, metade, décima parte, terço, moitié, dixième, вдвое, половин, десятую часть, десятая часть, треть , iki kat, yarısı,
		onda bir, gấp đôi,
		một nửa, phần mười, 两倍, 兩倍, 双倍, 雙倍, 一半, 十分之, 几倍, 加倍, 두 배, 절반, 10분의, 二倍, 2倍, 半分, 10分の, dua kali lipat, setengah, separuh,
		sepersepuluh, ضعف, نصف`},
	{"a time of the day or week", `at night, overnight, midnight, morning, weekend, nachts, mitternacht, am morgen, wochenende,
		noche, medianoche, por la manana, mañana siguiente,
		fin de semana, fines de semana, a noite, meia-noite, de manha, fim de semana, fins de semana, la nuit, minuit, matin, week-end,
		ночью, полноч,
		утром, выходны, gece yarısı, geceleri, sabah, hafta sonu, ban đêm, nửa đêm, buổi sáng, cuối tuần, 夜间, 夜間, 半夜, 午夜, 早上, 早晨,
		周末, 週末, 밤에,
		자정, 아침, 주말, 深夜, 真夜中, 朝に, malam, pagi hari, akhir pekan, ليلا, الليل, صباح, نهاية الأسبوع`},
	{"a reward or a discount", `reward, bonus, gift, discount, voucher, belohn, prämie, geschenk, rabatt, recompensa, regalo,
		descuento, prémio, prêmio, desconto, récomp,
		cadeau, remise de , вознагражд, бонус, подар, скидк, ödül, hediye, indirim, phần thưởng, tiền thưởng, giảm giá, 奖励, 獎勵, 奖金, 獎金,
		礼品, 禮品,
		折扣, 优惠, 優惠, 보상금, 보너스, 선물, 할인, 報酬, 特典, 割引, hadiah, diskon, مكاف, جائزة, هدية, خصم`},
	{"deleting", `delet, erase, lösch, eliminad, se elimina, borrad, se borra, apagad, é apagad, excluíd, supprim, efface, удаля,
		удален, удали, silin, silecek, bị xóa,
		bị xoá, 删除, 刪除, 注销, 註銷, 삭제, 削除, dihapus, يحذف, تحذف`},
	{"somebody close", `friend, relative, amigo, amiga, familiar, freund, verwandt, un ami , votre ami , amis , proche , proches ,
		родственн, друга , другу , друзья,
		знакомого, arkadaş, akraba, bạn bè, người thân, 朋友, 亲友, 親友, 家人, 친구, 가족, 友人, 家族, teman, keluarga, kerabat, صديق, أصدقاء, أقارب`},
	{"what is best", `safest, fastest, cheapest, most secure, sicherst, am besten, günstigst, más segur, más barat, mais segur,
		mais barat, plus sûr, самый безопасн, самая
		безопасн, самый быстр, самый деш, en güvenli, en iyi, en ucuz, an toàn nhất, tốt nhất, rẻ nhất, 最安全, 最好的, 最便宜, 가장 안전, 가장 좋, 가장 저렴,
		最も安全, 一番安全, paling aman, terbaik, الأكثر أمان, الأفضل, الأرخص`},
})

// hinted are words of a source that may stand for a stressed claim, by its place in that list: a translation is freer than a list of words.
var hinted = compiled([]lexeme{
	{"at once", `at once, within minutes, as soon as, once , first , minut, sobald, en cuanto, sogleich, direkt, assim que, dès que,
		сразу, как только, минут, ardından, ngay,
		phút, 几分钟, 幾分鐘, 即, 바로, 분, すぐ, 分, langsung, فور, دقائق, دقيق, بمجرد`},
	{"by itself", `itself, yourself, yourselves, selbst, solo , sola , solos , solas , sozinh, por sí, por si , сам, kendi, tự , 自行,
		自己, 스스로, 직접, 自然, 自分, sendiri,
		بنفس, وحده`},
	{"faster", `fast, quick, sooner, schnell, rápid, antes , vite, rapid, скоре, быстр, hızl, çabuk, nhanh, 快, 提前, 빠르, 빨리, 早, 速,
		cepat, سرع, سريع`},
	{"always", `all , every , each , jede, alle , todo , toda , todos , todas , cada , tous , toute , chaque, все , всех , кажд,
		tüm , bütün , mọi , mỗi , tất cả, 一律, 所有,
		每笔, 每次, 每个, 均, 都, 모든, 모두, 매번, すべて, 全て, 毎回, semua, setiap, كل , جميع, only, nur, только, 只能, 必须, phải, must`},
	{"never", `no longer, not any more, not be undone, ever , nie , nicht mehr, ya no, no se puede, já não, não pode, ne peut,
		ne plus, больше не, нельзя, asla, artık,
		không thể, tuyệt đối, không còn, 不再, 绝不, 絕不, 绝对, 再也, 无法, 無法, 不能, 不会, 不會, 절대, 더 이상, 수 없, もう, 絶対, できませ, ことはあり, tidak bisa,
		tidak dapat, tidak akan, لم يعد, لا يمكن, لن `},
	{"a multiple or a part", `2 , ½, 50 %, 50%, x2, 10 %, 10%`},
	{"a time of the day or week", `night, day, utc, holiday, tag, día, dia, jour, день, дн, gün, ngày, 日, 夜, 天, 일, 공휴, 祝, hari, يوم,
		أيام, عطل, ليل`},
	{"a reward or a discount", `bounty, lower fee, campaign, invit, 活动, 邀请, 캠페인, promo, kampany, кампан, акци`},
	{"deleting", `clos, remov, borra, apag, exclu, cerr, fech, schließ, entfern, ferm, закр, удал, kapat, sil, xóa, xoá, đóng, 关闭,
		關閉, 移除, 닫, 閉, tutup, hapus, حذف, اغلاق, إغلاق, إزال`},
	{"somebody close", `other people, somebody else, someone else, third part, third-part, another person, otras personas, terceros,
		outras pessoas, terceir, другого человека,
		третьих лиц, других людей, başka, üçüncü, người khác, bên thứ ba, 他人, 别人, 別人, 第三方, 타인, 제3자, 다른 사람, 第三者,
		別の人, orang lain, pihak ketiga,
		شخص آخر, طرف ثالث, أشخاص آخرين, غيرك, andere person, dritte, autre personne, tiers`},
	{"what is best", `recommend, secure, safe, empfehl, sicher, recomend, segur, recommand, рекоменд, безопас, öner, güven, khuyên,
		khuyến nghị, an toàn, 建议, 建議, 推荐, 推薦, 安全, 권장,
		추천, 안전, 推奨, おすすめ, sarankan, aman, ننصح, نوصي, أمان, آمن`},
})

// checkStress reports a stressed claim of a sentence that none of its sources, all in other languages, makes.
func checkStress(folded string, c grounding) []Finding {
	if slices.ContainsFunc(c.sources, func(s *source) bool { return s.isIn(c.language) }) {
		return nil
	}
	denials, known := denialsOf(c.language)
	for i, claimed := range stressed.in(folded) {
		if claimed && !slices.ContainsFunc(c.sources, func(s *source) bool { return s.stresses(i) }) {
			if i < deniable && known && isDenied(folded, denials) {
				continue
			}
			return []Finding{{CheckGrounding, fmt.Sprintf("says %s, and no cited source does: %q", stressed[i].name, excerpt(folded))}}
		}
	}
	return nil
}

// deniable is how many of stressed, the first ones, may be denied without a source: what does not always happen may happen.
const deniable = 4

// stresses reports whether the source makes a stressed claim.
func (s *source) stresses(claim int) bool {
	if s.stressed == nil {
		s.stressed = stressed.in(s.fold())
		for i, hint := range hinted.in(s.fold()) {
			s.stressed[i] = s.stressed[i] || hint
		}
	}
	return s.stressed[claim]
}
