import { GuichetError } from '@guichet/contract';

/** The flag that each field of a call came from, by JSON pointer; entries of a list follow their list. */
export type FlagsOfFields = Readonly<Record<string, string>>;

/** A gateway names what is wrong by the fields of the call; whoever typed flags is told which of them. */
export async function namingFlags<Answer>(
  call: Promise<Answer>,
  { flags, help }: { flags: FlagsOfFields; help: string },
): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof GuichetError) || error.errors === undefined) throw error;
    const named = (text: string): string =>
      Object.entries(flags).reduce(
        (words, [field, flag]) => words.replaceAll(new RegExp(`(?<![\\w/])${field}(?:/\\d+)?(?![\\w/])`, 'g'), flag),
        text,
      );
    throw new GuichetError(error.code, named(error.message), {
      remedy: error.remedy?.startsWith('GET /openapi.json') === true ? `See ${help} --help.` : error.remedy,
      errors: error.errors.map((finding) => ({ ...finding, field: named(finding.field) })),
      details: error.details,
      cause: error,
    });
  }
}
