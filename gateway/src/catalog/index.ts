export { Catalog, type CatalogAction, type ProviderFacts, type ProviderSource } from './catalog.ts';
export {
  asPrincipal,
  Company,
  type CompanyFinding,
  findingInWords,
  loadCompany,
  type Member,
  NO_COMPANY,
  parseCompany,
  readCompany,
  readTexts,
  type ServiceEntry,
  type Team,
} from './company/index.ts';
export { CompanyKeeper } from './company-keeper.ts';
export { type Claims, Directory } from './directory.ts';
export { type Deployments, Environments, type Place } from './environments.ts';
export { GrantKeys, type PublicGrantKey } from './grant-keys.ts';
export { GRANT_SECONDS, type GrantSubject, Grants } from './grants.ts';
export { GrantsConfig } from './grants-config.ts';
export { HttpEndpoint } from './http-endpoint.ts';
export { askLedger } from './ledger-call.ts';
export {
  type CallSubject,
  digestOfWhatCame,
  ProviderCalls,
  type ProviderEnd,
  type RunSubject,
  type TunnelSubject,
} from './provider-calls.ts';
