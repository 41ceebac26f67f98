package facts

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const day = 24 * time.Hour

// maxAge is the longest time that can be a problem's age: who names years speaks of the account.
const maxAge = 300 * day

// units are the words for lengths of time. Plurals and cases are listed where a beginning would match other words.
var units = map[time.Duration]string{
	time.Minute: `minute minutes min mins 分钟 分鐘 分 phút phut dakika минут минуты минута мин 분 minuto minutos menit دقيقة
		دقائق دقيقه minuten`,
	time.Hour: `hour hours hr hrs h 小时 小時 钟头 鐘頭 个钟 個鐘 tiếng giờ saat saattir час часа часов ч 시간 hora horas jam ساعة ساعات ساعه
		時間 stunde stunden std heure heures saa3a`,
	day: `day days d 天 日 ngày gün gündür день дня дней сутки суток 일 día días dia dias hari ايام يوم أيام يوما 日間 tag tage tagen
		jour jours youm gunden`,
	7 * day: `week weeks wk wks 周 週 星期 礼拜 禮拜 tuần hafta haftadır неделя недели неделю недель 주 주일 주째 semana semanas minggu pekan
		اسبوع أسابيع اسابيع 週間 woche wochen semaine semaines osbou3`,
	30 * day: `month months 个月 個月 月 tháng ay aydır месяц месяца месяцев 달 개월 mes meses mês bulan شهر اشهر شهور أشهر شهرا ヶ月
		か月 カ月 monat monate monaten mois shahr`,
}

// numbers are small numbers as words; half and few are what people mean by them.
var numbers = map[string]float64{
	"a": 1, "an": 1, "one": 1, "two": 2, "couple": 2, "couple of": 2, "three": 3, "few": 3, "several": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
	"nine": 9, "ten": 10, "half": 0.5, "半": 0.5, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "好几": 4, "好幾": 4,
	"几": 3, "幾": 3, "数": 3, "một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "mấy": 3, "vài": 3, "bir": 1, "iki": 2, "üç": 3, "dört": 4, "beş": 5, "altı": 6,
	"yedi": 7, "birkaç": 3, "один": 1, "одну": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "несколько": 3, "한": 1, "두": 2, "세": 3, "네": 4,
	"다섯": 5, "여섯": 6, "일곱": 7, "며": 3, "몇": 3, "un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "varios": 3, "varias": 3,
	"um": 1, "uma": 1, "dois": 2, "duas": 2, "três": 3, "quatro": 4, "sete": 7, "vários": 3, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7,
	"beberapa": 3, "ثلاثة": 3, "ثلاث": 3, "اربعة": 4, "اربع": 4, "خمسة": 5, "خمس": 5, "ستة": 6, "سبعة": 7, "عدة": 3, "كم": 3, "ein": 1, "eine": 1, "einen": 1, "einer": 1, "zwei": 2, "drei": 3,
	"vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "einigen": 3, "mehreren": 3, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "quelques": 3, "plusieurs": 3,
}

// phrases are lengths of time in a word.
var phrases = map[time.Duration]string{
	time.Hour:     `منذ ساعة|من ساعة|قبل ساعة`,
	2 * time.Hour: `ساعتين`,
	day: `yesterday|昨天|昨日|hôm qua|dün|вчера|어제|하루|ayer|ontem|kemarin|امس|أمس|مبارح|gestern|hier soir|depuis hier|
		seharian|all day`,
	2 * day: `day before yesterday|前天|一昨日|おととい|hôm kia|позавчера|이틀|그저께|anteayer|anteontem|يومين|أول أمس|vorgestern|avant hier`,
	3 * day: `사흘|kemarin lusa`,
	4 * day: `나흘`,
	7 * day: `last week|all week|a week|上周|上週|上星期|上礼拜|先週|tuần trước|geçen hafta|на прошлой неделе|지난주|일주일|la semana pasada|
		semana passada|minggu lalu|الاسبوع الماضي|اسبوع|letzte woche|semaine dernière`,
	14 * day: `fortnight|半个月|半個月|半月|보름|اسبوعين|quincena`,
	30 * day: `last month|上个月|上個月|先月|tháng trước|geçen ay|в прошлом месяце|지난달|한달|한 달|el mes pasado|mês passado|bulan lalu|
		الشهر الماضي|letzten monat|le mois dernier`,
	60 * day: `شهرين`,
}

// ages finds lengths of time.
type ages struct {
	numbers dictionary[float64]
	phrases dictionary[time.Duration]
	units   dictionary[time.Duration]
}

func newAges() ages {
	a := ages{
		numbers: newDictionary[float64](), phrases: newDictionary[time.Duration](), units: newDictionary[time.Duration](),
	}
	for word, n := range numbers {
		a.numbers.add(word, n)
	}
	for span, list := range units {
		for unit := range strings.FieldsSeq(list) {
			a.units.add(unit, span)
		}
	}
	for span, list := range phrases {
		for phrase := range strings.SplitSeq(list, "|") {
			a.phrases.add(strings.TrimSpace(phrase), span)
		}
	}
	return a
}

// maxCount is the largest number of units that is read: larger ones are order numbers and years.
const maxCount = 999

// fillers may stand between a number and its unit.
var fillers = []string{" ", "-", "个", "個", "多", "of ", "full ", "whole "}

// longest returns the longest time named in a folded text.
func (a ages) longest(text string) time.Duration {
	longest := time.Duration(0)
	take := func(span time.Duration) {
		if span <= maxAge {
			longest = max(longest, span)
		}
	}
	for i := 0; i < len(text); {
		end := i + 1
		if number, next, ok := numberAt(text, i); ok {
			end = next
			if span, _, ok := a.units.at(text, skip(text, next, fillers)); ok && number <= maxCount {
				take(time.Duration(number * float64(span)))
			}
		} else if utf8.RuneStart(text[i]) {
			if span, _, ok := a.phrases.at(text, i); ok {
				take(span)
			}
			if number, next, ok := a.numbers.at(text, i); ok {
				if span, _, ok := a.units.at(text, skip(text, next, fillers)); ok {
					take(time.Duration(number * float64(span)))
				}
			}
		}
		i = end
	}
	return longest
}

// maxSkipped bounds the fillers between two parts of a statement.
const maxSkipped = 4

// skip returns the place behind the fillers that stand at byte i.
func skip(text string, i int, fillers []string) int {
	for range maxSkipped {
		at := slices.IndexFunc(fillers, func(filler string) bool { return strings.HasPrefix(text[i:], filler) })
		if at < 0 {
			break
		}
		i += len(fillers[at])
	}
	return i
}
