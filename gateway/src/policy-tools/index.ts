export { type CaseFile, type CaseWorld, type ParsedCases, parseCases } from './case-file.ts';
export { PolicyTools } from './policy-tools.ts';
export { runCases } from './run-cases.ts';
