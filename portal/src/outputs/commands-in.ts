/** A piece of a sentence. */
interface Part {
  readonly at: number;
  readonly text: string;
  readonly command: boolean;
}

// `…`, or guichet and its words: quoted ones as they are, others up to what ends a sentence, opens a parenthesis, or would
// make a shell do something: a word may come from data.
const COMMAND = /`([^`]+)`|\bguichet(?: (?:'[^']*'|"[^"$`\\]*"|[^\s'"`()→;,$|&<>\\]+(?:'[^']*'|"[^"$`\\]*")?))+/g;

/** It has flags, or is one of its own commands: `the roles of guichet are left out` is none. */
const IS_COMMAND = /^guichet (?:[a-z].* --[a-z]|(?:requests|audit|sessions|tokens|schedules|policy|login|logout)\b)/;

/** Splits a sentence into words and commands. */
export function commandsIn(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(COMMAND)) {
    const command = (match[1] ?? match[0]).replace(/[.:]$/, '');
    if (match[1] === undefined && !IS_COMMAND.test(command)) continue;
    if (match.index > at) parts.push({ at, text: text.slice(at, match.index), command: false });
    parts.push({ at: match.index, text: command, command: true });
    at = match[1] === undefined ? match.index + command.length : match.index + match[0].length;
  }
  if (at < text.length) parts.push({ at, text: text.slice(at), command: false });
  return parts;
}
