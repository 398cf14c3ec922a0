/** What somebody has used of the palette lately, kept by this browser: names alone, never what was typed into a form. */
const MOST = 8;

const placeOf = (principal: string): string => `guichet.palette.${principal}`;

export function recentOf(principal: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(placeOf(principal)) ?? '[]');
    return Array.isArray(kept) ? kept.filter((key) => typeof key === 'string').slice(0, MOST) : [];
  } catch {
    return []; // somebody else has written there
  }
}

export function remember(principal: string, key: string): void {
  const recent = [key, ...recentOf(principal).filter((known) => known !== key)].slice(0, MOST);
  localStorage.setItem(placeOf(principal), JSON.stringify(recent));
}

export const forgetRecent = (principal: string): void => localStorage.removeItem(placeOf(principal));
