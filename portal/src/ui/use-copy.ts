import { useMessages } from '../messages/index.tsx';
import { tell } from './toast.tsx';

/** Copies a text. When the browser does not let the page (no right to, or a page over plain HTTP) it says so, and gives false. */
export function useCopy(): (text: string) => Promise<boolean> {
  const { ui: m } = useMessages();
  return async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      tell(m.notCopied, { description: m.notCopiedAbout, timeout: 15_000 });
      return false;
    }
  };
}

/** For a choice of a menu, which is gone when it is copied: a toast says that it is. */
export function useCopyAndTell(): (text: string, said: string, about?: string) => void {
  const copy = useCopy();
  return (text, said, about) =>
    void copy(text).then((isCopied) => isCopied && tell(said, about === undefined ? {} : { description: about }));
}
