import { appendFileSync } from 'node:fs';
import { answerCommandLine } from './person.ts';

/**
 * A browser as a program, for $BROWSER: `node browser-program.ts URL`. The person in front of it is told by the
 * environment; what they see at the end goes to the file that it names.
 */
const env = (name: string): string => process.env[name] ?? '';
const page = await answerCommandLine(process.argv[2] ?? '', {
  username: env('PERSON'),
  password: env('PERSON_PASSWORD'),
  decision: env('PERSON_DECISION') === 'Deny' ? 'Deny' : 'Allow',
});
if (env('PERSON_SAW') !== '') appendFileSync(env('PERSON_SAW'), `${page.url.origin} ${page.status} ${page.text}\n`);
