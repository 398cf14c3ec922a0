export type { ChangesOptions } from './changes.ts';
export { type Catalogue, type Client, type ClientOptions, createClient, type TunnelAddress } from './client.ts';
export { isProblem, type TokenSource } from './transport.ts';
export type { CallArguments, CallName, CallOptions, InputOf, ResponseOf } from './types.ts';
export { isEnded, type WatchOptions } from './watch.ts';
