// Words of the console, in two languages. Each feature brings its own under its own name:
//
//   export const useWords = words("tasks", { en: { title: "Tasks" }, zh: { title: "任务" } });
//   const t = useWords();  t("title")
//
// The type makes the two languages complete: a key that one of them lacks does not compile.
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

export type Language = "zh" | "en";
const KEPT = "callwright.language";

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "zh" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

void i18next.use(initReactI18next).init({
  lng: first(),
  fallbackLng: false,
  resources: {},
  keySeparator: false, // a key may hold a dot, like the permission or state it names
  nsSeparator: false,
  interpolation: { escapeValue: false }, // React escapes
  returnNull: false,
  saveMissing: true, // nothing is saved: it is only told
  missingKeyHandler: (_languages, feature, key) => console.error(`words are missing: ${feature} ${key}`),
});

export function language(): Language {
  return i18next.language === "en" ? "en" : "zh";
}

export function speak(to: Language): void {
  localStorage.setItem(KEPT, to);
  void i18next.changeLanguage(to);
}

type Catalogue = Record<string, string>;
type Values = Record<string, string | number>;

export type T<E extends Catalogue> = (key: keyof E & string, values?: Values) => string;

export function words<E extends Catalogue>(feature: string, both: { en: E; zh: { [K in keyof E]: string } }): () => T<E> {
  i18next.addResourceBundle("en", feature, both.en, true, true);
  i18next.addResourceBundle("zh", feature, both.zh, true, true);
  return function useWords(): T<E> {
    const { t } = useTranslation(feature);
    return (key, values) => String(t(key as never, (values ?? {}) as never));
  };
}
