import type { Check, Finding, Severity } from './finding.ts';

interface Danger {
  readonly setting: string;
  readonly bad: string;
  readonly severity: Severity;
  readonly why: string;
  readonly good: string;
}

const DANGERS: readonly Danger[] = [
  {
    setting: 'fsync',
    bad: 'off',
    severity: 'critical',
    why: 'A crash of the machine can damage every database beyond repair.',
    good: 'on',
  },
  {
    setting: 'full_page_writes',
    bad: 'off',
    severity: 'critical',
    why: 'A crash in the middle of a write can leave half-written pages that nothing repairs.',
    good: 'on',
  },
  {
    setting: 'autovacuum',
    bad: 'off',
    severity: 'critical',
    why: 'Dead rows stay, statistics grow old, and transaction ids run out.',
    good: 'on',
  },
  {
    setting: 'track_counts',
    bad: 'off',
    severity: 'critical',
    why: 'Autovacuum does not know what to vacuum without these counters.',
    good: 'on',
  },
  {
    setting: 'zero_damaged_pages',
    bad: 'on',
    severity: 'critical',
    why: 'Damaged pages are emptied without an error: data vanishes.',
    good: 'off',
  },
  {
    setting: 'ignore_checksum_failure',
    bad: 'on',
    severity: 'critical',
    why: 'Damaged pages are read as if they were whole.',
    good: 'off',
  },
  {
    setting: 'synchronous_commit',
    bad: 'off',
    severity: 'warning',
    why: 'Transactions that were confirmed can be lost by a crash.',
    good: 'on',
  },
];

export const settingsCheck: Check = {
  name: 'settings that endanger',
  async run({ ask }) {
    const rows = await ask<{ name: string; value: string; pending: boolean }>(
      'select name, setting as value, pending_restart as pending from pg_settings where name = any ($1) or pending_restart',
      [DANGERS.map(({ setting }) => setting)],
    );
    return [
      ...DANGERS.flatMap(({ setting, bad, severity, why, good }): Finding[] =>
        rows.some(({ name, value }) => name === setting && value === bad)
          ? [
              {
                severity,
                finding: 'dangerous setting',
                object: setting,
                figure: bad,
                why,
                mend: `a superuser: ALTER SYSTEM SET ${setting} = ${good}; SELECT pg_reload_conf();`,
              },
            ]
          : [],
      ),
      ...rows
        .filter(({ pending }) => pending)
        .map(
          ({ name, value }): Finding => ({
            severity: 'info',
            finding: 'setting waits for a restart',
            object: name,
            figure: value,
            why: 'The configuration says another value than the one that is used.',
            mend: 'restart the server when it suits',
          }),
        ),
    ];
  },
};
