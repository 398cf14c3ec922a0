import type { Complaint } from './messages.ts';

/**
 * With it a session waits, signed in, before the server lists it: whoever ends the sessions of a role does not find it, and
 * it may last longer than what it was signed in with.
 */
const HIDING = 'post_auth_delay';
const SETTING = /^(?:-c|--)([\w.-]+)=/s;

/** What a client asks for with its start that is not let through; undefined for what is. */
export function refusalOfStart(parameters: ReadonlyMap<string, string>): Omit<Complaint, 'severity'> | undefined {
  const settings = [...parameters.keys()].filter((name) => name !== 'options');
  for (const option of optionsOf(parameters.get('options') ?? '')) {
    const [, setting] = SETTING.exec(option) ?? [];
    if (setting === undefined) {
      return {
        code: '42501',
        message: `Guichet does not let the option '${option}' of the start through.`,
        hint: 'Settings are taken as -c name=value.',
      };
    }
    settings.push(setting);
  }
  if (!settings.some((name) => name.replaceAll('-', '_').toLowerCase() === HIDING)) return undefined;
  return { code: '42501', message: `Guichet does not let the setting '${HIDING}' through.`, hint: 'Leave it out.' };
}

/** The words of the start-up option `options`, as the server splits it; `-c name=value` is one of them. */
function optionsOf(text: string): string[] {
  const words = [...text.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) => word.replaceAll(/\\(.)/gs, '$1'));
  const options: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    options.push(word === '-c' ? `-c${words[++at] ?? ''}` : word);
  }
  return options;
}
