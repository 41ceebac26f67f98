package redact

import "strings"

// cue is what a phrase in the text announces.
type cue uint8

const (
	seedCue     cue = iota
	keyCue          // a private key
	publicCue       // a transaction, address, order or other number that must stay
	passwordCue     //
	pinCue          // a password of digits
	codeCue         // a one-time code, unmistakably
	weakCodeCue     // some code
	otherCode       // a code that is no secret: error code, postcode
	cvvCue
	totpCue
	apiCue
	cardCue
	namedKeyCue // the beginning of a private key
	otpauthCue  // the beginning of an otpauth URI
	phoneCue    // with [Config.PII] only, as the next two
	passportCue //
	identityCue // the number of another identity document, of a tax payer, of social security
)

// cueSet has one bit per cue.
type cueSet uint32

func cues(wanted ...cue) cueSet {
	var set cueSet
	for _, c := range wanted {
		set |= 1 << c
	}
	return set
}

func (s cueSet) has(c cue) bool { return s&(1<<c) != 0 }

func newCueAutomaton(config Config) *automaton[cue] {
	groups := cuePhrases()
	if config.PII {
		groups = append(groups, personalPhrases()...)
	}
	var patterns []pattern[cue]
	for _, group := range groups {
		seen := map[string]bool{}
		for phrase := range strings.SplitSeq(group.value, "|") {
			f := fold(strings.TrimSpace(phrase))
			if !seen[f.lower] && f.lower != "" {
				seen[f.lower] = true
				patterns = append(patterns, pattern[cue]{text: f.lower, value: group.key})
			}
		}
	}
	return newAutomaton(patterns)
}

type cueGroup struct {
	key   cue
	value string
}

// cuePhrases lists the phrases of every cue: English, Chinese (simplified and
// traditional), Vietnamese, Turkish, Russian, Korean, Spanish, Portuguese,
// Indonesian, Arabic, Japanese, German, French. Accents and case are folded away,
// so one spelling serves those who type without them.
func cuePhrases() []cueGroup { //nolint:funlen // a table
	return []cueGroup{
		{seedCue, `seed phrase|seed phrases|seedphrase|recovery phrase|secret phrase|secret recovery phrase|backup phrase|mnemonic|mnemonic phrase|mnemonics|recovery words|seed words|recovery seed|wallet seed|my seed|seed is|seed key|passphrase words|12 words|24 words|25 words|12 word phrase|24 word phrase|my phrase|the phrase|monero seed|electrum seed|phrase is
			|助记词|助記詞|注记词|註記詞|助记詞|恢复短语|恢复词|復原詞|恢復短語|种子短语|種子短語|单词是|單詞是|单词：|单词:|單詞：|12个单词|24个单词|12個單詞|24個單詞|种子词
			|cụm từ khôi phục|cụm từ bí mật|cụm từ hạt giống|12 từ|24 từ|cụm 12 từ|cụm 24 từ
			|kurtarma ifadesi|kurtarma ifadem|kurtarma kelimeleri|kurtarma kelimelerim|gizli kelimeler|gizli kelimelerim|tohum ifade|12 kelime|24 kelime|kurtarma cümlem|kurtarma cümlesi
			|сид-фраза|сид фраза|сид-фразу|сид фразу|сид-фразы|сидфраза|мнемоническая фраза|мнемоническую фразу|мнемоника|фраза восстановления|фразу восстановления|секретная фраза|секретную фразу|12 слов|24 слова|моя фраза
			|시드 구문|시드구문|복구 구문|복구구문|니모닉|시드 문구|복구 문구|비밀 복구 구문|12단어|24단어|12개 단어|24개 단어|시드
			|frase semilla|frase de recuperación|palabras semilla|frase secreta|semilla|12 palabras|24 palabras|mi frase|frase mnemotécnica
			|frase semente|frase de recuperação|palavras de recuperação|12 palavras|24 palavras|minha frase|minha seed|frase-semente
			|frasa pemulihan|frasa benih|frasa rahasia|12 kata|24 kata|frasa saya|kata pemulihan|frase pemulihan
			|عبارة الاسترداد|العبارة السرية|كلمات الاسترداد|عبارة الاستعادة|العبارة الأولية|الكلمات السرية|عبارة البذرة|12 كلمة|24 كلمة|كلمات الاستعادة|عبارتي
			|シードフレーズ|リカバリーフレーズ|ニーモニック|復元フレーズ|秘密のフレーズ|シークレットリカバリーフレーズ|12単語|24単語|12個の単語
			|wiederherstellungsphrase|seed-phrase|seedphrase|wiederherstellungswörter|12 wörter|24 wörter|meine phrase|geheime phrase
			|phrase de récupération|phrase secrète|phrase seed|phrase mnémonique|12 mots|24 mots|ma phrase|mots de récupération`},
		{keyCue, `private key|private keys|privatekey|private_key|privkey|priv key|secret key|secretkey|priv.key|pvt key|private view key|private spend key|spend key|signing key|wif|keypair|key pair|wallet key|master key|hex seed|seed hex|entropy|prv key
			|私钥|私鑰|私密金鑰|密钥|密鑰|秘钥|私人密钥|私人密鑰
			|khóa riêng tư|khóa cá nhân|khóa riêng|khoá riêng tư|khóa bí mật|khoá bí mật
			|özel anahtar|özel anahtarım|gizli anahtar|gizli anahtarım|özel anahtarımı
			|приватный ключ|приватного ключа|приватник|закрытый ключ|закрытого ключа|секретный ключ|приватный ключ кошелька|приватным ключом|приват ключ
			|개인키|개인 키|프라이빗 키|프라이빗키|비밀키|비밀 키
			|clave privada|llave privada|clave secreta|llave secreta
			|chave privada|chave secreta
			|kunci privat|kunci pribadi|kunci rahasia|private key saya
			|المفتاح الخاص|مفتاح خاص|مفتاحي الخاص|المفتاح السري|مفتاح سري
			|秘密鍵|プライベートキー|シークレットキー
			|privater schlüssel|privaten schlüssel|privatschlüssel|geheimer schlüssel|geheimschlüssel|privatekey
			|clé privée|cle privee|clef privée|clé secrète`},
		{publicCue, `tx hash|txhash|tx id|txid|tx|txn|hash|transaction hash|transaction id|transaction|transactions|tx_hash|hash id|public key|pubkey|contract address|address|addr|order id|order|order number|order no|ticket|case number|reference|ref|invoice|uid|user id|block hash|block|signature|checksum|explorer|memo|tag|destination tag|payment id|sha256|tracking number|txs
			|交易哈希|哈希|交易号|交易id|交易|区块|地址|公钥|订单号|订单|订单编号|工单|工單|交易哈希值|交易雜湊|雜湊|區塊|訂單|訂單號|公鑰|签名|簽名|哈希值|单号|單號|流水号
			|mã giao dịch|giao dịch|mã đơn hàng|đơn hàng|địa chỉ|khóa công khai
			|işlem|işlem no|işlem hash|işlem kimliği|adres|adresi|sipariş|sipariş no|açık anahtar
			|хеш|хэш|транзакция|транзакции|транзакцию|адрес|заказ|заказа|номер заказа|ордер|тикет|публичный ключ|подпись
			|해시|트랜잭션|거래 id|거래 해시|거래|주소|주문|주문번호|공개키|공개 키|서명
			|hash de transacción|transacción|transaccion|dirección|pedido|orden|número de pedido|clave pública|llave pública|firma
			|transação|hash da transação|endereço|pedido|ordem|chave pública|assinatura
			|transaksi|hash transaksi|alamat|pesanan|nomor pesanan|kunci publik|tiket
			|معاملة|المعاملة|رقم المعاملة|هاش|عنوان|العنوان|رقم الطلب|طلب|التذكرة|المفتاح العام|توقيع
			|トランザクション|ハッシュ|取引id|取引|アドレス|注文|注文番号|チケット|公開鍵|署名
			|transaktion|transaktions-id|transaktionshash|adresse|bestellnummer|bestellung|auftrag|öffentlicher schlüssel|signatur|vorgangsnummer
			|hash de transaction|commande|numéro de commande|clé publique|signature`},
		{passwordCue, `password|pass:|pass is|passwords|passwd|passcode|pwd|pasword|passwort|pass word|passphrase|login password|trading password|fund password|withdrawal password|api passphrase|pw|psw|pswd|passw
			|密码|密碼|登录密码|登陆密码|登入密碼|资金密码|資金密碼|交易密码|交易密碼|支付密码|口令
			|mật khẩu|mk|matkhau
			|şifre|şifrem|şifremiz|parola|parolam|şifresi|sifrem|parolası
			|пароль|пароль от|мой пароль|пароля|паролем
			|비밀번호|비번|패스워드|암호
			|contraseña|contrasena|clave|mi clave|clave de acceso
			|senha|minha senha|palavra-passe|palavra passe
			|kata sandi|sandi|password saya|kata sandinya
			|كلمة المرور|كلمة السر|كلمه السر|كلمه المرور|الباسورد|باسورد|باسوردي|الباسوورد|كلمة مروري|كلمة سري|الرقم السري|كلمة سر
			|パスワード|暗証番号|ログインパスワード
			|kennwort|mein passwort|passwort lautet
			|mot de passe|mdp|mon mot de passe`},
		{pinCue, `pin|pin code|pin number|pincode|pin-code|my pin|пин|пин-код|пин код|핀번호|핀 번호|mã pin|pin kodu|code pin|código pin|kode pin|رقم التعريف|الرقم السري|pin码|pin 码|pin-nummer`},
		{codeCue, `otp|one-time code|one time code|one-time password|one time password|verification code|verification codes|verify code|2fa code|2fa|sms code|email code|auth code|authentication code|authenticator code|google authenticator code|google code|ga code|security code|login code|confirmation code|passcode|totp|totp code|mfa code|otp code|6 digit code|6-digit code|six digit code|backup code|backup codes|recovery code|recovery codes|withdrawal code
			|验证码|動態碼|动态码|驗證碼|校验码|短信码|谷歌验证码|谷歌码|短信验证码|邮箱验证码|动态口令|动态密码|确认码|確認碼|一次性密码|安全码|安全碼|備用碼|备用码
			|mã xác minh|mã xác nhận|mã otp|mã xác thực|mã 2fa|mã sms|mã bảo mật
			|doğrulama kodu|doğrulama kodum|onay kodu|onay kodum|güvenlik kodu|sms kodu|tek kullanımlık şifre|2fa kodu|giriş kodu
			|код подтверждения|проверочный код|код из смс|смс код|смс-код|код 2fa|код двухфакторной аутентификации|код аутентификатора|код проверки|одноразовый код|код верификации|код из sms|код авторизации|код безопасности
			|인증번호|인증 번호|인증코드|인증 코드|확인코드|확인 코드|보안코드|보안 코드|otp 번호|otp번호|2fa 코드|일회용 비밀번호
			|código de verificación|codigo de verificacion|código 2fa|código sms|código de seguridad|código de autenticación|código de un solo uso|código de confirmación|código otp
			|código de verificação|código de segurança|código de autenticação|código de confirmação|código do sms|código por sms|código de uso único
			|kode verifikasi|kode otp|kode sms|kode 2fa|kode autentikasi|kode keamanan|kode konfirmasi
			|رمز التحقق|كود التحقق|رمز التأكيد|كود التفعيل|رمز التفعيل|رمز otp|رمز المصادقة|كود التأكيد|رمز الأمان|رمز 2fa|كود otp
			|認証コード|確認コード|ワンタイムパスワード|二段階認証コード|2段階認証コード|smsコード|セキュリティコード|認証番号|検証コード|ワンタイムコード
			|bestätigungscode|verifizierungscode|sms-code|sicherheitscode|2fa-code|einmalcode|einmalpasswort|authentifizierungscode|authentifikator-code|prüfcode
			|code de vérification|code de confirmation|code de sécurité|code sms|code 2fa|code à usage unique|code d'authentification|code otp|code reçu`},
		{weakCodeCue, `code|codes|mã|kodu|kod|kodum|код|коды|코드|código|codigo|kode|kodenya|الرمز|رمز|الكود|كود|コード|代码|代碼|驗證|验证`},
		{otherCode, `error code|error|promo code|promo|promotion code|referral code|referral|invite code|invitation code|country code|area code|zip code|postal code|postcode|swift code|bank code|sort code|branch code|qr code|barcode|status code|discount code|coupon code|coupon|voucher code|gift code|gift card code|source code|tracking code|product code|reason code|currency code|routing code|response code|merchant code|dialing code|iban|bic code
			|错误代码|错误码|錯誤代碼|邀请码|邀請碼|推荐码|推薦碼|优惠码|优惠券|邮政编码|邮编|区号|二维码|银行代码|錯誤碼
			|mã lỗi|mã giới thiệu|mã mời|mã bưu điện|mã quốc gia|mã khuyến mãi|mã qr
			|hata kodu|davet kodu|posta kodu|referans kodu|ülke kodu|alan kodu|qr kodu|promosyon kodu|swift kodu
			|код ошибки|код страны|почтовый код|реферальный код|промокод|код приглашения|qr-код|код города
			|오류 코드|오류코드|에러 코드|에러코드|추천 코드|추천코드|초대 코드|초대코드|우편번호|국가 코드
			|código de error|código postal|código de referido|código de país|código promocional|código qr|código swift|código de invitación
			|código de erro|código de indicação|código do país|código de convite|código do banco
			|kode error|kode kesalahan|kode pos|kode referral|kode undangan|kode negara|kode promo|kode qr|kode bank
			|رمز الخطأ|كود الخطأ|رمز الدعوة|كود الدعوة|الرمز البريدي|رمز الدولة|رمز الإحالة|كود الإحالة|كود خصم|رمز الاستجابة
			|エラーコード|招待コード|紹介コード|郵便番号|国番号|qrコード|クーポンコード|銀行コード
			|fehlercode|postleitzahl|einladungscode|ländercode|qr-code|empfehlungscode|gutscheincode|bankleitzahl
			|code erreur|code d'erreur|code postal|code de parrainage|code promo|code pays|code d'invitation|code qr|code banque`},
		{cvvCue, `cvv|cvc|cvv2|cvc2|cvv code|cvc code|card security code|security code|3 digits on the back|three digits on the back|card verification value|csc
			|安全码|安全碼|卡背面三位|背面三位数|卡片安全码|后三位|後三碼|末三碼
			|mã cvv|mã bảo mật thẻ|güvenlik kodu|güvenlik numarası|код cvv|код безопасности|защитный код|보안코드|cvc 번호|código de seguridad|código de segurança|kode keamanan|kode cvv|رمز الأمان|رمز cvv|رمز الحماية|セキュリティコード|kartenprüfnummer|prüfziffer|sicherheitscode|cryptogramme|code de sécurité|cryptogramme visuel`},
		{totpCue, `totp secret|totp key|totp|2fa secret|2fa key|2fa backup key|2fa recovery key|authenticator key|authenticator secret|authenticator setup key|google authenticator key|google authenticator backup|authenticator backup key|setup key|backup key|secret key|16 digit key|16-digit key|16 character key|otp secret|otp key|2fa seed|mfa secret|mfa key|authenticator|ga key|2fa backup|2fa
			|谷歌验证器密钥|验证器密钥|谷歌密钥|2fa密钥|备份密钥|谷歌验证密钥|密钥|密鑰|備份金鑰|金鑰|谷歌驗證器
			|khóa 2fa|khóa dự phòng|khóa thiết lập|mã khóa 2fa|khóa google authenticator|khóa bí mật
			|2fa anahtarı|2fa anahtarım|yedek anahtar|yedek anahtarım|kurulum anahtarı|gizli anahtar|doğrulayıcı anahtarı
			|ключ 2fa|ключ аутентификатора|резервный ключ|ключ google authenticator|секретный ключ|ключ от 2fa|ключ гугл аутентификатора
			|2fa 키|otp 키|백업 키|인증 앱 키|설정 키|보안 키|비밀키|구글 otp 키|otp키
			|clave 2fa|clave de configuración|clave de respaldo|clave secreta|clave del autenticador|llave 2fa
			|chave 2fa|chave de configuração|chave de backup|chave secreta|chave do autenticador
			|kunci 2fa|kunci cadangan|kunci pengaturan|kunci rahasia|kunci authenticator|kunci google authenticator
			|مفتاح 2fa|مفتاح المصادقة|مفتاح النسخ الاحتياطي|مفتاح الإعداد|المفتاح السري|مفتاح google authenticator|مفتاح المصادقة الثنائية
			|2faキー|セットアップキー|バックアップキー|シークレットキー|認証アプリのキー|秘密鍵|2段階認証のキー
			|2fa-schlüssel|2fa schlüssel|einrichtungsschlüssel|backup-schlüssel|geheimer schlüssel|authenticator-schlüssel|sicherungsschlüssel
			|clé 2fa|clé de configuration|clé de sauvegarde|clé secrète|clé de l'authentificateur|clé google authenticator`},
		{apiCue, `my key|key is|key:|keys:|api key|api keys|apikey|api_key|api-key|api secret|apisecret|api_secret|api-secret|secret key|secretkey|secret_key|secret|access key|access token|access_token|auth token|api token|client secret|client_secret|bearer|bearer token|api private key|api credentials|webhook secret|token
			|api密钥|api 密钥|接口密钥|api金鑰|api 金鑰|密钥|密鑰|秘钥|访问令牌|令牌|api key是|api私钥
			|khóa api|khoá api|mã api|khóa bí mật
			|api anahtarı|api anahtarım|gizli anahtar|gizli anahtarım|api şifresi|erişim anahtarı
			|api-ключ|api ключ|апи ключ|апи-ключ|ключ api|секретный ключ|секрет|токен|ключ|ключи|ключ апи
			|api 키|api키|시크릿 키|시크릿키|비밀키|액세스 토큰|시크릿
			|clave api|clave de api|clave secreta|secreto|token de acceso|llave api
			|chave de api|chave api|chave da api|chave secreta|segredo|token de acesso
			|kunci api|kunci rahasia|token akses|rahasia api
			|مفتاح api|مفتاح واجهة البرمجة|المفتاح السري|رمز الوصول|مفتاح الـ api|التوكن
			|apiキー|api キー|シークレットキー|アクセストークン|apiシークレット|トークン
			|api-schlüssel|api schlüssel|geheimer schlüssel|zugriffstoken|api-geheimnis|geheimschlüssel
			|clé api|clé d'api|clé secrète|jeton d'accès|jeton|secret api`},
		{otpauthCue, `otpauth://|otpauth-migration://`},
		{namedKeyCue, `suiprivkey1|nsec1|_sk1|xsk1|xprv1|edsk1|edsk2|edsk3|edsk4|pvt_k1_|pvt_r1_|secret-extended-key-main1|secret-extended-key-test1|secret-spending-key-main1|age-secret-key-1`},
		{cardCue, `card number|card no|card|credit card|debit card|visa|mastercard|unionpay|pan|amex|卡号|卡號|银行卡|銀行卡|信用卡|银行卡号|số thẻ|thẻ|kart numarası|kart no|kart|kartım|номер карты|карта|карты|картой|카드번호|카드 번호|카드|número de tarjeta|tarjeta|número do cartão|cartão|nomor kartu|kartu|رقم البطاقة|بطاقة|البطاقة|カード番号|カード|kartennummer|karte|kreditkarte|numéro de carte|carte`},
	}
}

// personalPhrases lists the phrases that announce personal data, in the order of
// languages of [cuePhrases].
func personalPhrases() []cueGroup {
	return []cueGroup{
		{phoneCue, `phone|phone number|phone no|telephone|tel|tel no|mobile|mobile number|mobile no|cell|cell phone|cellphone|cell number|call me|call me at|call me on|reach me|reach me at|text me|whatsapp|viber|contact number|my number|fax|hotline|desk|landline
			|手机|手機|手机号|手機號|手机号码|手機號碼|电话|電話|电话号码|電話號碼|联系电话|聯絡電話|联系方式|座机
			|điện thoại|số điện thoại|sđt|sdt|di động|zalo|gọi cho tôi
			|telefon|telefonum|telefon numaram|telefon numarası|cep|cep telefonu|cep telefonum|gsm|numaram
			|телефон|номер телефона|мой номер|тел|мобильный|звоните|позвоните|сотовый|ватсап
			|전화|전화번호|휴대폰|휴대전화|핸드폰|연락처|휴대폰 번호
			|teléfono|número de teléfono|móvil|celular|mi número|llámame|llámenme
			|telefone|número de telefone|telemóvel|meu número|me liguem|me ligue
			|telepon|nomor telepon|nomor hp|no hp|hp|ponsel|nomor saya|wa
			|هاتف|الهاتف|رقم الهاتف|هاتفي|جوال|الجوال|رقم الجوال|موبايل|رقمي|واتساب
			|電話番号|携帯|携帯番号|携帯電話
			|telefonnummer|handy|handynummer|mobilnummer|rufnummer|rückruf
			|téléphone|numéro de téléphone|portable|mon numéro|appelez-moi|mobile`},
		{passportCue, `passport|passport number|passport no|passport id|passport #
			|护照|護照|护照号|護照號|护照号码|護照號碼
			|hộ chiếu|số hộ chiếu
			|pasaport|pasaportum|pasaport no|pasaport numaram|pasaport numarası
			|паспорт|паспорта|номер паспорта|серия и номер паспорта|загранпаспорт
			|여권|여권번호|여권 번호
			|pasaporte|número de pasaporte
			|passaporte|número do passaporte
			|paspor|nomor paspor
			|جواز السفر|جواز سفري|رقم جواز السفر|رقم الجواز|جواز سفر
			|パスポート|パスポート番号|旅券番号
			|reisepass|reisepassnummer|passnummer
			|passeport|numéro de passeport`},
		{identityCue, `id number|id no|id card|id card number|identity number|identity card|identity card number|national id|national id number|national identity number|personal id number|ssn|social security number|social security no|tax id|tax number|tin|driver's license|driver's license number|drivers license|driving licence|driving license|driver license number|nino|national insurance number|aadhaar|pan card
			|身份证|身分證|身份证号|身分證號|身份证号码|身份證字號|身份證號碼|身份證|统一编号|居留证
			|cccd|cmnd|căn cước|căn cước công dân|số căn cước|chứng minh nhân dân|số cccd|số cmnd|mã số thuế
			|tc kimlik|tc kimlik no|tc no|kimlik no|kimlik numaram|kimlik numarası|t.c. kimlik|vergi no|vergi numarası
			|снилс|инн|номер удостоверения|удостоверение личности|водительское удостоверение|иин
			|주민등록번호|주민번호|외국인등록번호|운전면허번호|신분증 번호
			|dni|nie|nif|curp|rfc|rut|cédula|cuit|cuil|número de identidad|documento de identidad|documento nacional|número de identificación|seguridad social
			|cpf|rg|nif|cartão de cidadão|número de identidade|documento de identidade|número do documento
			|nik|ktp|nomor ktp|no ktp|nomor induk kependudukan|npwp|nomor identitas
			|رقم الهوية|الهوية الوطنية|رقم الهوية الوطنية|بطاقة الهوية|هويتي|رقم هويتي|الرقم القومي|رقم الإقامة|الرقم الوطني
			|マイナンバー|個人番号|運転免許証番号|免許証番号|在留カード番号|身分証番号
			|personalausweis|personalausweisnummer|ausweisnummer|ausweis|steuernummer|steuer-id|steueridentifikationsnummer|sozialversicherungsnummer|führerscheinnummer
			|carte d'identité|numéro de carte d'identité|cni|numéro de sécurité sociale|numéro d'identité|sécurité sociale|numéro fiscal|permis de conduire`},
	}
}
