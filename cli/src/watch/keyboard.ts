import { emitKeypressEvents } from 'node:readline';
import type { InputStream } from '../context.ts';

/** A key that was pressed: its name (`q`, `up`, `return`), and the character that it writes, if it writes one. */
export interface Key {
  readonly name: string;
  readonly text: string | undefined;
}

export interface Keyboard {
  close(): void;
}

/** Hears each key as it is pressed; undefined where nobody can press one. Ctrl-C is the key `ctrl-c`. */
export function openKeyboard(stdin: InputStream, heard: (key: Key) => void): Keyboard | undefined {
  if (stdin.isTTY !== true) return undefined;
  const onKeypress = (text: string | undefined, key: { name?: string; ctrl?: boolean } = {}): void => {
    const name = key.name ?? text ?? '';
    const writes = text !== undefined && key.ctrl !== true && /^[^\p{Cc}]+$/u.test(text);
    heard({ name: key.ctrl === true ? `ctrl-${name}` : name, text: writes ? text : undefined });
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode?.(true);
  stdin.on('keypress', onKeypress);
  stdin.resume();
  return {
    close() {
      stdin.off('keypress', onKeypress);
      stdin.setRawMode?.(false);
      stdin.pause();
    },
  };
}
