package intent

// simplify returns the simplified form of a traditional character that a support desk meets (or the Mandarin form of a
// Cantonese one), else the character itself. It lets examples in either script serve both; a full converter would need
// phrases and adds nothing here.
func simplify(r rune) rune {
	if s, ok := traditional[r]; ok {
		return s
	}
	return r
}

// traditional maps the characters of hantPairs; read-only.
var traditional = pairs(hantPairs)

// hantPairs lists traditional and simplified characters by turns.
const hantPairs = "" +
	"帳账戶户號号錢钱幣币網网絡络鏈链轉转帶带單单訂订賣卖買买價价錄录證证驗验認认識识" +
	"碼码裝装備备設设機机電电話话郵邮簡简訊讯聯联繫系絕绝審审駁驳過过還还沒没為为麼么" +
	"請请問问題题時时間间們们個个這这裡里裏里對对錯错誤误發发現现從从來来後后會会說说" +
	"該该應应當当開开關关閉闭刪删銷销註注冊册綁绑換换變变動动態态顯显實实體体額额餘余" +
	"費费將将據据報报稅税務务紀纪導导匯汇產产業业質质壓压貸贷槓杠桿杆約约強强倉仓損损" +
	"虧亏點点漲涨選选擇择類类級级層层與与無无進进遲迟遠远達达適适邏逻輯辑連连線线斷断" +
	"續续給给結结織织組组終终經经維维護护讓让詐诈騙骗釣钓魚鱼盜盗駭骇權权樣样標标籤签" +
	"記记憶忆詞词語语簽签協协議议處处員员貨货專专區区塊块擴扩擁拥擊击擋挡擔担攜携敗败" +
	"敵敌數数斂敛斃毙於于曆历書书條条楊杨極极樂乐檢检櫃柜歡欢歲岁歷历殘残氣气決决況况" +
	"測测準准減减滿满漢汉濟济濾滤灣湾爲为爭争牆墙獎奖獲获獨独瀏浏覽览環环異异盡尽監监" +
	"盤盘眾众睏困礦矿礙碍禮礼種种稱称積积穩稳竊窃競竞筆笔範范節节糾纠納纳紙纸細细統统" +
	"絲丝綠绿縮缩總总績绩繳缴繼继罰罚罵骂義义習习聞闻聲声聽听職职脫脱腦脑臉脸臺台舉举" +
	"舊旧萬万葉叶蘋苹蓋盖藝艺藥药虛虚蝦虾術术衛卫補补製制複复襲袭見见規规視视親亲覺觉" +
	"觀观觸触計计訓训託托訪访訴诉診诊評评試试詢询詳详誰谁調调談谈諮咨謝谢講讲譯译讀读" +
	"讚赞負负財财貝贝責责貳贰貼贴資资賊贼賓宾賠赔賬账賺赚購购贈赠贏赢贖赎趕赶跡迹踐践" +
	"車车軟软較较載载輕轻輸输辦办農农迴回運运違违邊边鄉乡醫医釋释釐厘針针鈕钮銀银銘铭" +
	"鋪铺錶表鍵键鎖锁鏡镜鐘钟鑰钥長长門门閃闪閒闲閱阅闆板陣阵陰阴陳陈陸陆陽阳隊队階阶" +
	"際际隨随險险隱隐雖虽雙双雜杂離离難难雲云靈灵靜静響响頁页頂顶項项順顺須须預预頓顿" +
	"領领頭头頻频顆颗願愿風风飛飞飯饭飾饰餓饿館馆馬马騷骚驅驱髒脏鬆松鬧闹鬱郁麗丽麥麦" +
	"黃黄黨党齊齐龍龙龜龟儲储優优億亿償偿傳传傷伤僅仅僞伪偽伪倆俩係系俠侠兌兑內内兩两" +
	"凍冻凱凯別别剛刚創创劃划劇剧勁劲勝胜勞劳勢势勵励勸劝卻却厲厉參参吳吴呂吕啟启啓启" +
	"嗎吗嘗尝囉啰嚇吓嚴严國国園园圍围圓圆圖图團团執执場场壞坏壯壮壽寿夠够夢梦夾夹奪夺" +
	"奮奋媽妈學学孫孙寧宁寫写寬宽寶宝尋寻屆届屬属島岛巔巅幫帮幹干幾几庫库廠厂廢废廣广" +
	"張张彈弹彙汇徵征徹彻恆恒悅悦悶闷惡恶惱恼愛爱愨悫慘惨慣惯慮虑慶庆憂忧憑凭懶懒懷怀" +
	"懸悬戰战戲戏拋抛捨舍掃扫掛挂採采揚扬搖摇搶抢摳抠撥拨撿捡擠挤擬拟擾扰攔拦殺杀豬猪" +
	"綫线纔才佈布彆别衝冲週周遊游閥阀隻只喫吃嘅的喺在唔不咗了冇无冚全佢他哋们嚟来啲些" +
	"睇看"

func pairs(s string) map[rune]rune {
	runes := []rune(s)
	m := make(map[rune]rune, len(runes)/2)
	for i := 0; i+1 < len(runes); i += 2 {
		m[runes[i]] = runes[i+1]
	}
	return m
}
