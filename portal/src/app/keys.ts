import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { isCharacter, type Step, stepOf, stepsOf } from './key-steps.ts';

export interface KeyBinding {
  /** What it does, as the help sheet says it. Left out: a second way to do what is listed already. */
  readonly label?: string;
  readonly run: (event: KeyboardEvent) => void;
  /** False: as if it were not there, and not in the help sheet either. */
  readonly enabled?: boolean;
  /** Also while somebody types into a field. Left out: only when it is pressed with `mod`. */
  readonly whileTyping?: boolean;
  /** Again and again while it is held down: moving through rows. */
  readonly repeats?: boolean;
}

/** `{ 'g r': …, '/': …, 'mod+enter': … }`: steps are pressed one after the other, `+` holds down. `mod` is ⌘ on a Mac, Ctrl elsewhere. */
export type KeyBindings = Readonly<Record<string, KeyBinding>>;

export const KEY_GROUPS = ['anywhere', 'here', 'go'] as const;
export type KeyGroup = (typeof KEY_GROUPS)[number];

interface UseKeysOptions {
  /** Where the help sheet lists them. Keys `here`, of a page, go before those of the shell. */
  readonly group?: KeyGroup;
  /** They are of a dialog: pressed in it, they run; those of the page below do not. */
  readonly inDialog?: boolean;
}

interface Layer {
  bindings: KeyBindings;
  readonly group: KeyGroup;
  readonly inDialog: boolean;
}

/** A longer silence between two steps begins anew. */
const PATIENCE_MS = 1500;
const KEY_OFF = 'guichet.single-keys';
const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

const layers = new Set<Layer>();
const listeners = new Set<() => void>();
let pending: readonly Step[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Keys that work as long as the component that calls this is on the screen:
 *
 *     useKeys({ j: { label: m.next, run: next, repeats: true }, '/': { label: m.search, run: focusSearch } });
 *
 * None of them does anything while somebody types (but with `mod`), in a menu or in a dialog, or when the reader has
 * turned keys without a modifier off. A key that runs is not given to the browser.
 */
export function useKeys(bindings: KeyBindings, { group = 'here', inDialog = false }: UseKeysOptions = {}): void {
  const own = useRef<Layer>(undefined);
  useLayoutEffect(() => {
    for (const keys of Object.keys(bindings)) stepsOf(keys);
    if (own.current !== undefined) own.current.bindings = bindings;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: new bindings are put into the layer above; it stays where it is
  useEffect(() => {
    const layer: Layer = { bindings, group, inDialog };
    own.current = layer;
    layers.add(layer);
    return () => {
      layers.delete(layer);
      own.current = undefined;
    };
  }, [group, inDialog]);
}

interface ListedKey {
  readonly keys: string;
  readonly label: string;
}

/** What can be pressed right now, for the help sheet. */
export function registeredKeys(): Readonly<Record<KeyGroup, readonly ListedKey[]>> {
  const listed: Record<KeyGroup, ListedKey[]> = { anywhere: [], go: [], here: [] };
  for (const { bindings, group } of layers)
    for (const [keys, { label, enabled = true }] of Object.entries(bindings))
      if (label !== undefined && enabled && isOn(stepsOf(keys)) && !listed[group].some((known) => known.keys === keys))
        listed[group].push({ keys, label });
  return listed;
}

const areSingleKeysOn = (): boolean => localStorage.getItem(KEY_OFF) !== 'off';

/** Keys without a modifier can be turned off: who speaks to their computer would press them unawares. */
export function turnSingleKeys(to: 'on' | 'off'): void {
  if (to === 'off') localStorage.setItem(KEY_OFF, 'off');
  else localStorage.removeItem(KEY_OFF);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSingleKeys = (): boolean => useSyncExternalStore(subscribe, areSingleKeysOn);

const isOn = (steps: readonly Step[]): boolean => areSingleKeysOn() || !steps.some(isCharacter);

interface Found {
  readonly steps: readonly Step[];
  readonly binding: KeyBinding;
}

/** What begins with these steps and may run where the key was pressed; what is of the page before what is of the shell. */
function found(steps: readonly Step[], where: { readonly typing: boolean; readonly inPopup: boolean }): readonly Found[] {
  const ofPage: Found[] = [];
  const ofShell: Found[] = [];
  for (const { bindings, group, inDialog } of layers) {
    if (where.inPopup && !inDialog) continue;
    for (const [keys, binding] of Object.entries(bindings)) {
      const own = stepsOf(keys);
      const whileTyping = binding.whileTyping ?? own.every((step) => step.includes('mod+'));
      if (binding.enabled === false || (where.typing && !whileTyping) || !isOn(own)) continue;
      if (steps.every((step, index) => own[index] === step)) (group === 'here' ? ofPage : ofShell).push({ steps: own, binding });
    }
  }
  // The latest first: a part of a page goes before the page.
  return [...ofPage.reverse(), ...ofShell.reverse()];
}

const NOT_TYPED_INTO = new Set(['button', 'checkbox', 'radio', 'submit', 'reset', 'range', 'color', 'file', 'image']);

function placeOf(event: KeyboardEvent): { typing: boolean; inPopup: boolean } {
  const [target] = event.composedPath(); // looks into shadow roots too, where editors live
  if (!(target instanceof HTMLElement)) return { typing: false, inPopup: false };
  const typing =
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !NOT_TYPED_INTO.has(target.type)) ||
    target.closest('[role="combobox"],[role="textbox"],[role="searchbox"]') !== null;
  return { typing, inPopup: target.closest('[role="dialog"],[role="alertdialog"],[role="menu"],[role="listbox"]') !== null };
}

function forget(): void {
  clearTimeout(timer);
  pending = [];
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const step = stepOf(
    {
      key: event.key,
      code: event.code,
      ctrlKey: event.ctrlKey,
      metaKey: event.metaKey,
      altKey: event.altKey,
      shiftKey: event.shiftKey,
      isAltGraph: event.getModifierState('AltGraph'),
    },
    isApple,
  );
  if (step === undefined) return;
  const where = placeOf(event);
  const before = pending;
  forget();
  for (const steps of before.length > 0 ? [[...before, step], [step]] : [[step]]) {
    const fitting = found(steps, where);
    const whole = fitting.find((one) => one.steps.length === steps.length);
    if (whole !== undefined) {
      if (event.repeat && whole.binding.repeats !== true) return;
      event.preventDefault();
      whole.binding.run(event);
      return;
    }
    if (fitting.length > 0) {
      event.preventDefault();
      pending = steps;
      timer = setTimeout(forget, PATIENCE_MS);
      return;
    }
  }
}

addEventListener('keydown', press);
