export { Bus, notifyAll, type Topic } from './bus.ts';
export { asDatabaseError, Database, type Queryable, type Sent, type Statement, statement, type Transaction } from './database.ts';
export { databaseTime } from './database-time.ts';
export { keepEmbedded } from './embedded.ts';
export { knownMigrations, type Migration, migrate } from './migrate.ts';
