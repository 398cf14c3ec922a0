export { processBirth } from '../process-birth.mjs';
export { availableMajors, MAJORS, type Major } from './binaries.ts';
export { dataHome, makeFolder } from './data-home.ts';
export type { Exit } from './postmaster.ts';
export { freePort, type PostgresServer, type StartOptions, startPostgres, type UrlOptions } from './start-postgres.ts';
