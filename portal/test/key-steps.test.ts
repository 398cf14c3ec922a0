import { expect, test } from 'vitest';
import { isCharacter, type KeyPress, stepOf, stepsOf } from '../src/app/key-steps.ts';

const pressed = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isAltGraph: false,
  ...more,
});

test('steps are written one way, whatever the order and the case of their parts', () => {
  expect(stepsOf('g R')).toEqual(['g', 'r']);
  expect(stepsOf('shift+Mod+Enter')).toEqual(['mod+shift+enter']);
});

test('keys of the browser are refused when they are registered', () => {
  expect(() => stepsOf('mod+t')).toThrow('belong to the browser');
  expect(() => stepsOf('g F5')).toThrow('belong to the browser');
  expect(() => stepsOf('mod+k')).not.toThrow();
});

test('mod is Control, and Command on a Mac; the other of the two is never ours', () => {
  expect(stepOf(pressed('k', { ctrlKey: true }), false)).toBe('mod+k');
  expect(stepOf(pressed('k', { metaKey: true }), true)).toBe('mod+k');
  expect(stepOf(pressed('k', { metaKey: true }), false)).toBeUndefined();
  expect(stepOf(pressed('k', { ctrlKey: true }), true)).toBeUndefined();
});

test('a sign counts as itself, whether a keyboard types it with Shift, with AltGr or with neither', () => {
  expect(stepOf(pressed('?', { shiftKey: true }), false)).toBe('?');
  expect(stepOf(pressed('?'), false)).toBe('?');
  expect(stepOf(pressed('#', { ctrlKey: true, altKey: true, isAltGraph: true }), false)).toBe('#');
});

test('Shift counts for letters and for keys that write nothing; caps lock does not', () => {
  expect(stepOf(pressed('J', { shiftKey: true }), false)).toBe('shift+j');
  expect(stepOf(pressed('J'), false)).toBe('j');
  expect(stepOf(pressed('Enter', { shiftKey: true, ctrlKey: true }), false)).toBe('mod+shift+enter');
});

test('a keyboard that types no Latin letters presses the letter at the place of the key', () => {
  expect(stepOf(pressed('п', { code: 'KeyG' }), false)).toBe('g');
  expect(stepOf(pressed('é', { code: 'Digit2' }), false)).toBe('é');
});

test('a modifier alone is no step', () => {
  expect(stepOf(pressed('Control', { ctrlKey: true }), false)).toBeUndefined();
});

test('keys that write a character are told from those that do not, for they can be turned off', () => {
  expect(['j', '?', 'shift+j'].every(isCharacter)).toBe(true);
  expect(['mod+k', 'enter', 'arrowdown', 'alt+j', 'escape'].some(isCharacter)).toBe(false);
});
