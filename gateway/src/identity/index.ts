export { type Caller, type NewToken, Tokens } from './tokens.ts';
