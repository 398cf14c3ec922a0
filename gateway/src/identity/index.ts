export { GRANT_SECONDS, type GrantSubject, Grants } from './grants.ts';
export { type Caller, type NewToken, Tokens } from './tokens.ts';
