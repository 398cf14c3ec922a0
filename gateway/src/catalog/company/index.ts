export { asPrincipal, Company, type Member, type Team } from './company.ts';
export { type CompanyFinding, NO_ENTRIES as NO_COMPANY, type ServiceEntry } from './entries.ts';
export { findingInWords, loadCompany, parseCompany, readCompany, readTexts } from './load.ts';
