import { tell } from './toast.tsx';

/** For a choice of a menu, which is gone when it is copied: a toast says so. */
export function copyText(text: string, said: string): void {
  void navigator.clipboard.writeText(text).then(() => tell(said));
}
