package assistant

import "strings"

// timeAsked are ways to ask how long something takes, or when it comes, in the desk's languages.
var timeAsked = splitWays(`how long|how fast|how quickly|how much longer|how much time|
	how many days|how many hours|how many minutes|how many weeks|
	when will|when do i get|when does it arrive|how soon|多久|多快|多长时间|多長時間|几天|幾天|几个小时|幾個小時|几分钟|幾分鐘|什么时候到|什麼時候到|何时到|
	bao lâu|mất mấy|khi nào|mấy ngày|ne kadar sür|
	ne kadar zaman|kaç gün|kaç saat|kaç dakika|ne zaman gel|сколько времени|как долго|сколько идет|сколько идёт|
	сколько ждать|через сколько|сколько дней|сколько часов|когда прид|когда зачисл|얼마나 걸|며칠|언제 들어|언제 도착|몇 시간|몇 분|
	cuanto tarda|cuanto tiempo|cuando llega|cuantos dias|quanto tempo|
	quanto demora|quantos dias|quando chega|quando cai|berapa lama|berapa hari|berapa jam|kapan masuk|kapan sampai|كم ياخذ|
	كم يأخذ|كم يستغرق|كم مدة|كم وقت|كم يوم|كم ساعة|متى يوصل|متى يصل|متى توصل|どのくらいかか|どれくらいかか|何日|何時間|何分|いつ届|いつ反映|wie lange|
	wie viele tage|wann kommt|wann ist|combien de temps|combien de jours|quand arrive|quand vais|sous combien`)

func splitWays(list string) []string {
	ways := strings.Split(list, "|")
	for i := range ways {
		ways[i] = strings.TrimSpace(ways[i])
	}
	return ways
}

// asksTime reports whether a question asks for a time: an answer that names none leaves it open.
func asksTime(question string) bool {
	folded := strings.ReplaceAll(strings.ToLower(question), "á", "a")
	for _, way := range timeAsked {
		if strings.Contains(folded, way) {
			return true
		}
	}
	return false
}
