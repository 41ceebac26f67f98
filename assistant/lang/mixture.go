package lang

// leadShare is the share of the words in a script other than Latin from which on the text counts as written in it. People
// put English terms into their own language all the time; a foreign word in an English sentence is rare.
const leadShare = 0.3

// script returns the script that a mixed text is written in.
func (e evidence) script() script {
	var counts [scriptCount]int // in half words
	grammar := false
	for _, w := range e.words {
		letters := e.runes[w.from:w.to]
		switch w.script {
		case han, kana:
			counts[w.script] += len(letters)
			grammar = grammar || carriesGrammar(letters)
		case thai:
			counts[thai] += len(letters) / 2
		default:
			counts[w.script] += 2
		}
	}
	// A run is kana when it holds any, so Japanese shows as both.
	if counts[kana] > 0 {
		counts[kana] += counts[han]
		counts[han] = 0
	}
	lead, total := noScript, 0
	for s := latin; s < scriptCount; s++ {
		total += counts[s]
		if s != latin && counts[s] > counts[lead] {
			lead = s
		}
	}
	if lead != noScript && (grammar || float64(counts[lead]) >= leadShare*float64(total)) {
		return lead
	}
	return latin
}

// carriesGrammar reports a Chinese or Japanese run that holds a word of the grammar: the sentence around it is Chinese or
// Japanese, however many English terms it has.
func carriesGrammar(letters []rune) bool {
	for _, r := range letters {
		switch r {
		case '我', '你', '您', '吗', '嗎', '呢', '吧', '的', '了', '是', '不', '怎', '什', '没', '沒', '为', '為', '这', '這', '那', '请', '請', '到', '被',
			'は', 'が', 'を', 'に', 'で', 'か', 'た', 'て':
			return true
		}
	}
	return false
}

// courtesyOnly reports a text of nothing but "ok", "hi", "thanks": every language borrows them.
func (e evidence) courtesyOnly() bool {
	for _, w := range e.words {
		if w.script != latin || !courtesy(e.runes[w.from:w.to]) {
			return false
		}
	}
	return true
}
