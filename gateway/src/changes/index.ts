export { ChangeHub, type ChangeReader } from './hub.ts';
