import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import type { Messages } from './en/index.ts';
import { chosenLanguage, keepLanguage, type Language } from './language.ts';

interface Spoken {
  readonly language: Language;
  readonly messages: Messages;
  readonly speak: (language: Language) => void;
}

const SpokenContext = createContext<Spoken | undefined>(undefined);

/** One language is loaded, not both. */
async function load(language: Language): Promise<Messages> {
  return language === 'fr' ? (await import('./fr/index.ts')).fr : (await import('./en/index.ts')).en;
}

/** Gives every word on the screen in the reader's language; shows nothing until it has them. */
export function MessagesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(chosenLanguage);
  const [loaded, setLoaded] = useState<{ language: Language; messages: Messages }>();
  useEffect(() => {
    let isCurrent = true;
    document.documentElement.lang = language;
    void load(language).then((messages) => isCurrent && setLoaded({ language, messages }));
    return () => {
      isCurrent = false;
    };
  }, [language]);
  const spoken = useMemo(
    () =>
      loaded && {
        ...loaded,
        speak: (chosen: Language): void => {
          keepLanguage(chosen);
          setLanguage(chosen);
        },
      },
    [loaded],
  );
  return spoken && <SpokenContext value={spoken}>{children}</SpokenContext>;
}

export function useSpoken(): Spoken {
  const spoken = use(SpokenContext);
  if (spoken === undefined) throw new Error('useSpoken is used outside of MessagesProvider');
  return spoken;
}

/** The words of the reader's language: `const m = useMessages()`, then `m.requests.title`. */
export const useMessages = (): Messages => useSpoken().messages;
