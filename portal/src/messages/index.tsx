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

interface Loaded {
  readonly language: Language;
  readonly messages: Messages;
}

/** The words to begin with, in the reader's language. */
export async function loadMessages(): Promise<Loaded> {
  const language = chosenLanguage();
  return { language, messages: await load(language) };
}

/** Gives every word on the screen in the reader's language. Another one is spoken once its words are there. */
export function MessagesProvider({ first, children }: { readonly first: Loaded; readonly children: ReactNode }): ReactNode {
  const [loaded, setLoaded] = useState(first);
  useEffect(() => {
    document.documentElement.lang = loaded.language;
  }, [loaded.language]);
  const spoken = useMemo(
    () => ({
      ...loaded,
      speak: (language: Language): void => {
        keepLanguage(language);
        void load(language).then((messages) => setLoaded({ language, messages }));
      },
    }),
    [loaded],
  );
  return <SpokenContext value={spoken}>{children}</SpokenContext>;
}

export function useSpoken(): Spoken {
  const spoken = use(SpokenContext);
  if (spoken === undefined) throw new Error('useSpoken is used outside of MessagesProvider');
  return spoken;
}

/** The words of the reader's language: `const m = useMessages()`, then `m.requests.title`. */
export const useMessages = (): Messages => useSpoken().messages;
