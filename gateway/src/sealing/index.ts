export { loadKeyring, resolveSealing, type Sealing, SealingConfig } from './config.ts';
export type { Envelope } from './envelope.ts';
export { Keyring } from './key-encryption-key.ts';
export { type Rewrapped, rewrapAll } from './rewrap.ts';
export { Sealer } from './sealer.ts';
