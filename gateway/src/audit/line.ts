import { AT_TEXT } from './store.ts';

/** A text column as JSON; null stays null. */
const json = (column: string): string => `coalesce(to_json(${column})::text, 'null')`;

/**
 * The line of an event, as it is exported and as it is hashed: JSON in a fixed order of members, no spaces of its own, and
 * `data` as it was written. docs/spec/audit.md says the same in words.
 */
export const LINE = `
  '{"id":"' || id || '","at":"' || ${AT_TEXT} || '","type":' || to_json(type)::text
  || ',"actor":{"id":' || to_json(actor_id)::text || ',"name":' || to_json(actor_name)::text || '},"action":' || ${json('action')}
  || ',"environment":' || ${json('environment')} || ',"resource":' || ${json('resource')}
  || ',"request":' || coalesce('"REQ-' || request || '"', 'null') || ',"outcome":"' || outcome
  || '","data":' || replace(replace(data::text, E'\\n', ' '), E'\\r', ' ') || '}'`;
