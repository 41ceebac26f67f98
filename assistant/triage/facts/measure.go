package facts

import (
	"strings"
	"unicode/utf8"
)

// Measure is something that a desk's articles give a number of.
type Measure string

// The measures. How long something takes is told apart from other times elsewhere.
const (
	MeasureConfirmations Measure = "confirmations"
	MeasureFee           Measure = "fee"
	MeasureLimit         Measure = "limit"
	MeasureMinimum       Measure = "minimum"
)

// measureTerms are their names; under the empty one stands what only looks like a measure. One that ends in * is the beginning of words.
var measureTerms = map[Measure]string{
	"": `limit order*|stop limit*|stop-limit*|limit-order*|limit emr*|ордер*|أمر محدد|지정가*|lenh gioi han|ordre limite*|
		ordre a cours limite*|orden limit*|orden limite*|ordem limit*|限价*|限價*|指値*`,
	MeasureConfirmations: `confirmation|confirmations|confs|conf|确认数|確認數|次确认|次確認|个确认|個確認|几个确认|區塊確認|区块确认|承認|подтвержден*|конф|확인|컨펌*|
		تأكيد|تأكيدات|xác nhận|onay|onayı|onaya|confirmaci*|confirmaç*|confirmaco*|bestätigung*|konfirmasi`,
	MeasureFee: `fee|fees|commission|commissions|cost|costs|charge|charges|手续费|手續費|费率|費率|费用|費用|комисси*|수수료|رسوم|رسم|عمولة|手数料|ücret*|
		komisyon*|kesinti|phí|comisi*|tarifa*|taxa*|frais|gebühr*|kosten|kostet|biaya`,
	MeasureLimit: `limit|limits|maximum|max|maximal*|cap|限额|限額|上限|最多|最高|额度|額度|лимит*|максим*|한도|최대|حد|حدود|أقصى|limit*|maks*|azami|
		hạn mức|tối đa|límite*|máxim*|limite*|höchst*|batas|maksimal`,
	MeasureMinimum: `minimum|min|minimal*|smallest|least|最小|最低|最少|起提|起充|минимал*|миним*|최소|الحد الأدنى|أدنى|أقل|asgari|en az|minimum*|
		tối thiểu|ít nhất|mínim*|mindest*|minimal`,
}

// measures finds measures.
type measures struct{ terms dictionary[Measure] }

func newMeasures() measures {
	m := measures{terms: newDictionary[Measure]()}
	for measure, list := range measureTerms {
		for _, term := range terms(list) {
			for _, form := range forms(term) {
				m.terms.add(form, measure)
			}
		}
	}
	return m
}

// Measures returns the measures that a text names, each mention, in its order.
func (r *Reader) Measures(text string) []Measure {
	text = fold(shorten(text))
	var found []Measure
	for i := 0; i < len(text); {
		measure, end, ok := r.measures.terms.at(text, i)
		if !ok {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		before := strings.TrimRight(text[:i], " ")
		minutes := text[i:end] == "min" && digitAt(before, len(before)-1)
		if i = end; measure != "" && !minutes {
			found = append(found, measure)
		}
	}
	return found
}
