export { type Instance, startInstance } from './estate.ts';
export { startBlockedCheckout, startTraffic } from './traffic.ts';
