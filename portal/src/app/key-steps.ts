/** One key to press, with what is held down meanwhile: `mod+enter`, `shift+j`, `?`. */
export type Step = string;

/** What of a KeyboardEvent is looked at. */
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly isAltGraph: boolean;
}

/**
 * Keys that browsers and screen readers keep for themselves on one system or another. Whoever takes them away breaks
 * what people's hands know: new tab, close, find, print, reload, zoom.
 */
const RESERVED = new Set([
  ...[...'acdefghjlnopqrstuvwxz0123456789'].map((key) => `mod+${key}`),
  ...['mod+tab', 'mod+plus', 'mod+-', 'mod+=', 'tab', 'shift+tab', 'f1', 'f3', 'f5', 'f6', 'f7', 'f11', 'f12'],
  ...[...'nptwcij'].map((key) => `mod+shift+${key}`),
]);

const MODIFIERS = ['mod', 'alt', 'shift'] as const;

/** `G then R` of a person, `'g r'` of the code: its steps, each written one way. Refuses what a page must not take. */
export function stepsOf(keys: string): readonly Step[] {
  const known = parsed.get(keys);
  if (known !== undefined) return known;
  const steps = keys.split(' ').map(normalised);
  const taken = steps.find((step) => RESERVED.has(step));
  if (taken !== undefined) throw new Error(`The keys "${keys}" belong to the browser. Choose others.`);
  parsed.set(keys, steps);
  return steps;
}

const parsed = new Map<string, readonly Step[]>();

function normalised(step: string): Step {
  const parts = step.toLowerCase().split('+');
  const key = parts.at(-1) ?? '';
  return [...MODIFIERS.filter((name) => parts.slice(0, -1).includes(name)), key].join('+');
}

/** What was pressed, as a step; undefined while only a modifier is down. */
export function stepOf(press: KeyPress, isApple: boolean): Step | undefined {
  if (['Control', 'Meta', 'Alt', 'Shift', 'AltGraph', 'CapsLock', 'Dead', 'Process', 'Unidentified'].includes(press.key))
    return undefined;
  const isMod = (isApple ? press.metaKey : press.ctrlKey) && !press.isAltGraph;
  // The other of the two is the system's (Ctrl on a Mac, the Windows key): never ours.
  if ((isApple ? press.ctrlKey : press.metaKey) && !press.isAltGraph) return undefined;
  const isAlt = press.altKey && !press.isAltGraph;
  const key = keyOf(press);
  // `?` and `#` are typed with Shift on some keyboards and without it on others: it says nothing there.
  const isShift = press.shiftKey && (key.length > 1 || /[a-z]/.test(key));
  return [isMod && 'mod', isAlt && 'alt', isShift && 'shift', key].filter((part) => part !== false).join('+');
}

/** The letter on the key; on a keyboard that types other than Latin letters the one at its place. */
function keyOf({ key, code }: KeyPress): string {
  if (key === ' ') return 'space';
  const isLatin = key.length > 1 || key.charCodeAt(0) < 0x250;
  const place = /^Key([A-Z])$/.exec(code)?.[1];
  return (isLatin || place === undefined ? key : place).toLowerCase();
}

/** True for keys that write something when they are pressed in a text: WCAG 2.1.4 wants those to be turned off at will. */
export function isCharacter(step: Step): boolean {
  return !step.includes('mod+') && !step.includes('alt+') && [...step.replace('shift+', '')].length === 1;
}
