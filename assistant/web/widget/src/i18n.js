// The languages of the widget. English is built in; another one is fetched when it is needed.
import english from '../texts/en.json';

const languages = ['ar', 'de', 'en', 'es', 'fr', 'id', 'ja', 'ko', 'pt', 'ru', 'tr', 'vi', 'zh-Hans', 'zh-Hant'];

/** The first of the wanted languages that the widget speaks. */
export function choose(wanted) {
  for (const tag of wanted) {
    const [language, ...rest] = (tag || '').toLowerCase().split(/[-_]/);
    if (language === 'zh') return rest.some((part) => ['hant', 'tw', 'hk', 'mo'].includes(part)) ? 'zh-Hant' : 'zh-Hans';
    if (languages.includes(language)) return language;
    if (language === 'in') return 'id'; // its old code, which Java still uses
  }
  return 'en';
}

/** Translations for one language. */
export class Texts {
  constructor(locale) {
    this.locale = locale;
    this.direction = locale === 'ar' ? 'rtl' : 'ltr';
    this.texts = english;
  }

  /** Fetches the language. Without a network the widget stays English. */
  async load(base) {
    if (this.locale === 'en') return;
    try {
      const response = await fetch(new URL(`widget/texts/${this.locale}.json`, base), { credentials: 'omit' });
      if (response.ok) this.texts = { ...english, ...(await response.json()) };
    } catch {
      this.direction = 'ltr';
    }
  }

  /** t('ticket', { number }): a text with its {places} filled. */
  t(key, values = {}) {
    return this.texts[key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  }

  /** A moment in the customer's own time, always with its day: the machine's clock may be wrong by one. */
  time(moment) {
    const style = { day: 'numeric', hour: 'numeric', minute: '2-digit', month: 'short', weekday: 'short' };
    return new Intl.DateTimeFormat(this.locale, style).format(new Date(moment));
  }
}
