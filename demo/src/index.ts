export { type Instance, startInstance } from './estate.ts';
export {
  type IdentityClient,
  type IdentityPerson,
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from './identity-provider.ts';
export { type Balancer, type BalancerOptions, startBalancer } from './replicas/balancer.ts';
export { startBlockedCheckout, startTraffic } from './traffic.ts';
