package facts

import (
	"strings"
	"unicode"
)

// upset are words of anger; a * stands for any ending. They are what people write to a desk, not a list of all insults.
const upset = `
	ridiculous|unacceptable|disgusting|disgrace*|pathetic|outrageous|furious|fed up|sick of|sick and tired|worst|useless
	|incompetent|thieves|scammers|ripoff|rip off|bullshit|
	wtf|fuck*|shit*|joke of a|shame on you|horrible|terrible service|losing my patience|last warning|how dare|idiots|stupid
	|垃圾|骗子公司|騙子公司|无语|無語|太差|差劲|恶心|噁心|气死|氣死|滚|他妈|妈的|狗屁|忍无可忍|什么破|什麼爛|爛透|离谱|離譜|坑人|黑心|不要脸|不要臉|傻逼|尼玛|受够了|受夠了|投诉|投訴
	|lừa đảo hết|tệ hại|quá tệ|vô trách nhiệm|bực mình|bức xúc|điên tiết|đồ lừa|mất dạy|chó má|vãi|rác rưởi|không chấp nhận được
	|rezalet|rezil|saçmalık|yeter artık|bıktım|dolandırıcı firma|utanmaz|terbiyesiz|kepazelik|berbat|iğrenç|hırsızlar|salak
	|безобрази*|позор*|ужасн*|достали|надоел*|возмут*|хамств*|издева*|мошенники вы|воры|жулики|кидалы|беспредел|отвратительн*
	|бесит|идиот*|дебил*|сколько можно|охренел*|блять|блин сколько
	|어이없|어이가 없|짜증|화나|열받|최악|쓰레기|사기꾼|도둑놈|미친|씨발|시발|개같|빡치|너무하|장난하|못참
	|vergüenza|inaceptable|indignante|pésimo|harto|harta|asco|ladrones|estafadores|ridículo|inútiles|mierda|joder|es una burla
	|se burlan|basta ya
	|vergonha|absurdo|inaceitável|péssimo|cansado de|cansada de|ladrões|palhaçada|ridículo|lixo|porra|merda|caralho|descaso
	|desrespeito|revoltad*
	|keterlaluan|kecewa berat|muak|kesal|parah banget|maling|penipu kalian|brengsek|anjing|bangsat|tolol|goblok|tidak masuk akal
	|sampah|payah
	|مهزله|فضيحه|زفت|نصابين|حراميه|لصوص|قرف|عيب عليكم|زهقت|طفح الكيل|غير مقبول|اسوا خدمه|حسبي الله|استهتار|احتقار|كلاب|مسخره
	|ふざけ|いい加減にし|最悪|最低|許せ|ムカつ|腹が立|詐欺会社|舐めて|なめて|馬鹿にし|バカにし|あり得ない|ありえない|クソ|怒り
	|frechheit|unverschämt*|unfassbar|inakzeptabel|saftladen|sauerei|verarsch*|scheiß*|katastroph*|betrügerladen|abzocke*
	|stinksauer|schnauze voll|reicht mir|lächerlich|zumutung
	|inadmissible|scandaleux|honteux|honte à|ras le bol|marre|inacceptable|voleurs|escrocs|foutez|foutage|merde|putain
	|nul à chier|incompétent*|ridicule|lamentable`

// worried are words of fear and hurry.
const worried = `
	urgent*|asap|please help|help me|worried|scared|panic*|afraid|desperate|anxious|begging|emergency|right now|immediately
	|terrified
	|着急|急死|急急|救命|求求|担心|擔心|害怕|慌|赶紧|趕快|快点|怎么办啊|在线等|睡不着
	|lo lắng|lo quá|gấp|khẩn cấp|cứu|sợ|làm ơn giúp|hoang mang|mất ngủ
	|acil|lütfen yardım|korkuyorum|endişe*|panik|imdat|yalvarıyorum|çok kötüyüm
	|срочно|помогите|боюсь|паник*|умоляю|пожалуйста помог*|переживаю|волнуюсь|страшно
	|급해|급합|급히|도와주세요|걱정|불안|무서|살려|제발|빨리
	|urgente|ayuda por favor|ayúdenme|preocupad*|miedo|desesperad*|auxilio|asustad*|de inmediato
	|socorro|me ajuda*|por favor ajud*|medo|aflit*|desesper*
	|tolong*|mohon bantu*|panik|takut|cemas|khawatir|segera|darurat|buruan
	|عاجل|ضروري|ساعدوني|الحقوني|خايف|خايفه|قلق*|مرعوب|ارجوكم|بسرعه|طارئ
	|至急|助けて|心配|不安|怖い|焦って|お願いします急|緊急|すぐに
	|dringend*|hilfe|bitte helf*|angst|sorge*|panisch|verzweifelt|sofort|notfall
	|urgence|aidez|au secours|inquiet*|peur|panique|désespér*|tout de suite|stress*`

// moods tells how a text is written.
type moods struct{ words dictionary[Mood] }

func newMoods() moods {
	m := moods{words: newDictionary[Mood]()}
	for mood, list := range map[Mood]string{Upset: upset, Worried: worried} {
		for term := range strings.SplitSeq(list, "|") {
			if term = strings.TrimSpace(term); term != "" {
				m.words.add(term, mood)
			}
		}
	}
	return m
}

func (m moods) of(original, folded string) Mood {
	mood := Calm
	for i := range folded {
		found, _, ok := m.words.at(folded, i)
		switch {
		case ok && found == Upset:
			return Upset
		case ok:
			mood = Worried
		}
	}
	switch {
	case shouts(original):
		return Upset
	case strings.Contains(folded, "!!"): // folding made the full-width mark one of these
		return Worried
	}
	return mood
}

const (
	// leastShouted letters in capitals are shouting; fewer are tickers and abbreviations.
	leastShouted = 20
	// shoutedShare of all letters that have a case.
	shoutedShare = 0.8
)

func shouts(text string) bool {
	upper, lower := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	return upper >= leastShouted && float64(upper) >= shoutedShare*float64(upper+lower)
}
