package redact

// functionWords are words that sentences have and rows of seed words lack:
// articles, pronouns, prepositions, auxiliaries and the small talk of support, in
// languages of Latin, Greek and Cyrillic script; then the most frequent Chinese
// characters.
const functionWords = `
the one and for you your yours are was were been have has had not but with this that these those from they them their there then than when
what which who whom why how where will would shall should can could may might must did does doing done don't isn't it its i'm i've he she
his her our out off over under into onto about after before again all any some each other such only just also very too here please help
thanks thank hello hey hi dear need want trying tried try still yet now get got can't cannot won't didn't because since until while if or
nor so as at by in of on to up my me we us is am be do an a no yes i let's because using through without within between during account
deposit withdrawal withdraw transfer transaction password login support exchange verification customer service team
el la los las un una unos unas de del al y e o u que en con por para sin sobre entre desde hasta como cuando donde quien cual mi tu su mis
tus sus me te se nos lo le les es son era fue ser estar esta este esto estas estos esa ese eso hay ha he han muy mas pero porque si no ya
tambien puedo puede pueden quiero necesito tengo tiene hola gracias ayuda favor cuenta todos todo toda
os as um uma uns umas do da dos das ao aos em no na nos nas por pelo pela com sem para que se meu minha seus sua seu nao sim mas ou como
quando onde quem qual isso isto esse essa ele ela eles elas voce sao foi ser estar esta estou tem tenho posso pode quero preciso ja ola
obrigado ajuda conta mais muito tambem
le la les un une des du de et ou mais donc car que qui quoi dont je tu il elle nous vous ils elles mon ma mes ton ta tes son sa ses notre
votre leur ce cet cette ces est sont etait etre avoir ai as avez ont pas ne plus tres pour par avec sans dans sur sous chez entre vers si
comme quand comment pourquoi bonjour merci aide compte aussi tout tous toute peut peux dois fait
der die das den dem des ein eine einen einem einer und oder aber denn dass wenn weil als wie wo wer was ich du er sie es wir ihr mein
meine meinen dein sein ihre unser nicht kein keine ist sind war waren wird werden wurde hat habe haben kann konnen muss soll mit ohne fur
von vom zu zum zur in im an am auf aus bei nach uber unter vor durch bis seit noch nur auch schon sehr mehr hier bitte hilfe danke hallo
konto man sich diese dieser dieses alle
il lo gli uno dello della dei degli delle nel nella che chi cui non con per tra fra sono sei siamo siete era mio mia tuo tua suo sua come
quando dove perche anche molto piu questo questa questi quello ciao grazie aiuto mi ti ci vi si ed ad al alla alle agli dal dalla sul
sulla essere ha hanno puo
bir bu su o ve ile icin ama fakat cok daha en gibi kadar sonra once mi mu de da ki ben sen biz siz onlar benim senin bana sana beni var
yok ne nasil neden hangi her hic degil olarak olan oldu olur lutfen yardim merhaba tesekkurler hesap hesabim ya veya hem sadece bile
tarafindan uzerinde
dan yang di ke dari untuk dengan tidak bukan ini itu saya aku kamu anda kami kita mereka dia ada adalah akan sudah belum telah bisa dapat
harus juga atau tapi tetapi karena jika kalau apa siapa kapan dimana bagaimana mengapa sangat lebih pada dalam oleh seperti tolong bantu
terima kasih halo akun para
va la co khong duoc cho cua toi ban minh nhung mot cac nay do thi ma de voi trong tren tai sao nao khi neu vi roi da dang se bi hay
hoac nhu the nhe xin chao cam on giup tien rut nap
a aby ale ani az bez bo by byl byt ci co czy dla do gdy go i ich ja jak jako je jego jej jest jestem jeste ktera ktere ktery kto ktory mam
mate moj moze na nad nebo ne nie niz o od oraz po pod pro proc przez przy sa se si sie sobie sou ta tak take tam te tedy tego ten to tu tym
u v ve vy w we z za ze zo
het een van voor niet met zijn dat die deze ook maar naar bij door wordt worden heeft hebben kan geen als nog meer wel om uit tot over
och att det som en ett pa med av til er og ikke jeg har kan inte den vi ni han hon var skal skulle eller men fra
ja on ei se etta kun niin myos tai ovat joka mutta jos oli hogy az egy nem es meg ez van csak de ha mint vagy si cu pe nu sa care din
este sunt mai la ale sau prin sua ng mga ang ay ko mo ka sa po opo hindi may wala
и в во не на я что он с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему теперь
когда даже ну ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней
для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой ним здесь этом один
мой моя мои мое тем чтобы нее сейчас были куда зачем при об хоть после над больше тот через эти нас про них какая много разве эту свою
этой перед чуть том такой им более всегда это эта как так можно нужно могу хочу почему помогите пожалуйста здравствуйте спасибо привет
та що це як але або чи для вiд без також тому який яка яке ми ви вони його бути є се от за са и на че са да не си ще като след през може
και το να του η της με που την από για είναι στο ο οι τα των δεν σε ένα μια αν θα
的 一 是 不 了 在 人 有 我 他 这 這 中 大 来 來 上 个 個 们 們 到 说 說 为 為 和 你 地 出 道 也 时 時 年 得 就 那 要 下 以 生 会 會
自 着 去 之 过 過 家 学 學 对 對 可 里 后 後 么 麼 没 沒 请 請 问 問 想 吗 嗎 呢 吧 啊 还 還 都 很 但 从 從 被 把 给 給 与 與 及 或 并
能 用 所 多 而 于 於 其 此 您 什 怎 如 何 它 她 让 讓 因 只 再 已 经 經
`

// isNoPassword reports whether a word that follows "password" speaks about the
// password rather than being it.
func (r *Redactor) isNoPassword(word string) bool {
	for _, device := range []string{
		"iphone", "ios", "android", "windows", "galaxy", "samsung", "macos", "chrome", "2fa", "app", "v1", "v2", "mt5", "mt4", "https", "sms",
	} {
		if len(word) < len(device)+4 && len(word) >= len(device) && word[:len(device)] == device {
			return true
		}
	}
	_, ok := r.noPasswords[word]
	return ok
}

// noPasswords are words that follow "my password is" and "password:" in
// complaints and on forms.
const noPasswords = `
wrong incorrect invalid expired locked blocked forgotten forgot lost stolen leaked compromised weak strong correct right fine good changed
change changing reset resetting recovery recover required needed missing rejected accepted refused denied disabled unknown empty secure safe
same different working broken gone old new case short long hidden visible saved stored set unset being getting hacked known exposed sent
asked error errors failed fails failing problem problems issue issues manager protection policy field page link screen button form hint
hash hashes length strength again always never maybe probably definitely obviously apparently really actually completely entirely
value yourpassword mypassword
something nothing everything anything temporary permanent protected encrypted unsafe insecure accidentally correctly incorrectly question
valor incorrecta incorrecto invalida olvidada olvide perdida bloqueada correcta caducada vencida robada cambiada restablecer cambiar segura
incorreta esqueci esquecida bloqueada perdida expirada alterada redefinir roubada trocar correta
valeur incorrect oublie oublié perdu bloqué expiré volé changé correct réinitialiser faux invalide refusé
wert falsch vergessen verloren gesperrt abgelaufen gestohlen geändert korrekt zurücksetzen ungültig richtig unbekannt
yanlış hatalı unuttum geçersiz sıfırlama değiştirme kayıp çalındı doğru
salah lupa hilang kedaluwarsa dicuri diganti benar reset terkunci
неверный неправильный забыл забыла утерян украден сброс сменить восстановить просрочен верный скомпрометирован
sai quên mất đúng bị khóa đổi
`
