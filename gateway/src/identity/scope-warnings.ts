import { scopeCovers, type TokenScope } from '@guichet/contract';
import { suggestion } from '../findings/index.ts';

/** What a scope names and nobody offers now. It is taken all the same: the provider may come later. */
export function scopeWarnings({ actions = [] }: TokenScope, offered: readonly string[]): string[] {
  return actions
    .filter((pattern) => !offered.some((action) => scopeCovers({ actions: [pattern] }, action)))
    .map((pattern) => {
      const meant = pattern.endsWith('.*') ? undefined : suggestion(pattern, offered);
      return `No action is called ${pattern} now.${meant?.startsWith('Did you mean') === true ? ` ${meant}` : ''}`;
    });
}
