export { type Admission, Tunnels } from './tunnels.ts';
export { TunnelClock } from './unused.ts';
