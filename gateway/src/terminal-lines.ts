import { Writable } from 'node:stream';

/** Said with every line, and of no interest to who looks at one gateway in a terminal. */
const LEFT_OUT = new Set(['time', 'level', 'service', 'pid', 'msg', 'err', 'trace_id', 'span_id']);
const TIME_OF_DAY = { start: 11, end: 19 } as const;

/** A line of the log as a person reads it: time, level, message, then what else it says. Errors keep their stack. */
export function terminalLine(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown>; // pino writes objects
  const { time, level, msg, err } = entry;
  const facts = Object.entries(entry)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [
    String(time).slice(TIME_OF_DAY.start, TIME_OF_DAY.end),
    String(level).padEnd(5),
    String(msg ?? ''),
    ...facts,
  ].join(' ');
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${printable(head)}${stack === '' ? '' : stack.split('\n').map(printable).join('\n')}\n`;
}

/** What others have put into a message must not reach the terminal as a command to it. */
const printable = (text: string): string =>
  text.replace(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** Where a logger can write instead of standard output, for people to read. */
export function terminalLines(out: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      out.write(terminalLine(line));
      done();
    },
  });
}
