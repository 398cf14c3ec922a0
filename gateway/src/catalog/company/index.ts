export { asPrincipal, Company, type Member, type Team } from './company.ts';
export type { CompanyFinding, ServiceEntry } from './entries.ts';
export { findingInWords, loadCompany, parseCompany } from './load.ts';
