// Secrets in what is being typed, so that they are not sent at all. The rules are the server's as far as they fit here: it
// still removes what this misses (assistant/redact).

const window = 12; // the words of the shortest recovery phrase
const mayBeFunction = 4; // of them, words that also hold English sentences together

// Words of the English list that people write between other words.
const functionWords = new Set(
  ('about above across after again all also always any around because become before between both but can century could day develop ' +
    'each either else enough even ever every few first follow for from have help how into just keep know like little long make many ' +
    'maybe more most much must near need never next nothing now off often once one only open other over own same seek shall she should ' +
    'side since some such than that then there they this time to under until up use very wait want way what when where will with you').split(' '),
);

// Each rule: what it looks like on its own. A word of 64 hexadecimal digits is also a transaction: it needs words around it.
const keys = [
  /\b[xyztuvYZUV]prv[1-9A-HJ-NP-Za-km-z]{86,126}\b/,
  /\b(?:Ltpv|Mtpv|dgpv|dprv)[1-9A-HJ-NP-Za-km-z]{86,126}\b/,
  /\b6P[1-9A-HJ-NP-Za-km-z]{55,57}\b/,
  /\b(?:5[1-9A-HJ-NP-Za-km-z]{50}|[KLcTQ][1-9A-HJ-NP-Za-km-z]{51})\b/,
  /\bS[A-Z2-7]{55}\b/,
  /-----BEGIN [A-Z ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z ]*-----|$)/,
  /\{[^{}]*"ciphertext"[\s\S]*\}/,
];
const hex = /\b(?:0x)?[0-9a-f]{64}\b/i;
const keyWords =
  /private\s*key|priv\s*key|secret\s*key|wallet\s*key|私钥|密钥|私鑰|密鑰|秘密鍵|개인\s*키|비밀\s*키|clave\s+privada|chave\s+privada|cl[ée]\s+priv[ée]e|privater?\s+schl[üu]ssel|приватн\S*\s+ключ|закрыт\S*\s+ключ|gizli\s+anahtar|özel\s+anahtar|kho[áa]\s+(?:ri[êe]ng|b[íi]\s+m[ậa]t)|kunci\s+(?:pribadi|privat)|المفتاح\s+الخاص|مفتاح\s+خاص/i;

/**
 * Finds the first secret in a text.
 * @param {string} text
 * @param {Set<string>[]} lists the words of recovery phrases, as loaded so far
 * @returns {{kind: 'phrase'|'key', start: number, end: number}|null}
 */
export function findSecret(text, lists) {
  for (const rule of keys) {
    const found = rule.exec(text);
    if (found) return { kind: 'key', start: found.index, end: found.index + found[0].length };
  }
  const found = hex.exec(text);
  if (found && keyWords.test(text.slice(Math.max(0, found.index - 160), found.index + found[0].length + 40))) {
    return { kind: 'key', start: found.index, end: found.index + found[0].length };
  }
  const words = wordsOf(text);
  for (const list of lists) {
    const phrase = findPhrase(words, list);
    if (phrase) return phrase;
  }
  return null;
}

/** The names of the lists that a text asks for; none while it is too short for a phrase. */
export function listsFor(text, locale) {
  if (wordsOf(text).length < window) return [];
  if (/[\u3040-\u30ff]/.test(text)) return ['ja'];
  if (/[\uac00-\ud7af]/.test(text)) return ['ko'];
  if (/\p{Script=Han}/u.test(text)) return ['zh-Hans', 'zh-Hant'];
  if (!/[a-z]{3}/i.test(text)) return [];
  return ['es', 'fr'].includes(locale) ? ['en', locale] : ['en'];
}

/** A word as the lists have it. */
export function folded(word) {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

// A row of Chinese characters without spaces counts as one word: the lists are made of the most frequent ones, and any
// sentence would be a phrase. The service decides those by their checksum.
function wordsOf(text) {
  const words = [];
  for (const found of text.matchAll(/\p{L}[\p{L}\p{M}]*/gu)) {
    words.push({ end: found.index + found[0].length, start: found.index, text: folded(found[0]) });
  }
  return words;
}

// Twelve list words in a row, one of them possibly mistyped.
function findPhrase(words, list) {
  for (let i = 0; i + window <= words.length; i++) {
    const row = words.slice(i, i + window);
    const listed = row.filter((word) => list.has(word.text)).length;
    const functions = row.filter((word) => functionWords.has(word.text)).length;
    if (listed < window - 1 || functions > (listed === window ? mayBeFunction : mayBeFunction - 2)) continue;
    let end = i + window;
    while (end < words.length && list.has(words[end].text)) end++;
    return { kind: 'phrase', start: words[i].start, end: words[end - 1].end };
  }
  return null;
}
