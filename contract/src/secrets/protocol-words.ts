/** Names of members of plans, outputs, observations, choices and problems: every answer has them. */
export const PROTOCOL_NAMES: ReadonlySet<string> = new Set(
  `base64 children columns data detail details done effects empty errors failure field fields fingerprint id key kind label level
   mediaType message name notes output owner points protocol remedy resource roots rows seen series status summary target text
   title total type unit url value warnings wide`.split(/\s+/),
);

const WORDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['kind', wordsOf('table record text tree timeseries link file connection retryable permanent cancelled')],
  ['type', wordsOf('text code number boolean timestamp duration bytes state log progress heartbeat result failure')],
  ['status', wordsOf('succeeded failed not_started running unknown')],
  ['level', wordsOf('info warn error')],
  ['protocol', wordsOf('postgres ssh http tcp')],
]);

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

/** True for the words by which answers are told apart, where they stand. */
export const isProtocolWord = (name: string, value: string): boolean => WORDS.get(name)?.has(value) === true;
