import { formatBytes, formatDuration, type Output, type TableOutput } from '@guichet/contract';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDuration, parseTime } from '../src/duration.ts';
import type { Canvas } from '../src/output/canvas.ts';
import { clean } from '../src/output/clean.ts';
import { drawOutput } from '../src/output/draw.ts';
import { PLAIN } from '../src/output/paint.ts';
import { sparkline } from '../src/output/timeseries.ts';
import { formatRelative } from '../src/output/units.ts';
import { fit, widthOf, wrap } from '../src/output/width.ts';
import { toText } from '../src/shell.ts';

const NOW = new Date(2026, 2, 2, 12, 0, 0);
const canvas = (width: number, wide = false): Canvas => ({ width, wide, paint: PLAIN, now: NOW });
const draw = (output: Output, width = 80): string => drawOutput(output, canvas(width));

const TABLE: TableOutput = {
  kind: 'table',
  columns: [
    { key: 'pid', title: 'Pid', type: 'number', wide: false },
    { key: 'app', title: 'Application', type: 'text', wide: false },
    { key: 'for', title: 'For', type: 'duration', wide: false },
    { key: 'query', title: 'Query', type: 'code', wide: false },
    { key: 'host', title: 'Host', type: 'text', wide: true },
  ],
  rows: [
    { pid: 14024, app: 'orders', for: 192.4, query: 'alter table orders add column note text', host: '10.0.0.1' },
    { pid: 7, app: '漢字', for: 0.02, query: null, host: '10.0.0.2' },
  ],
};

describe('a table', () => {
  it('puts rows under their titles, numbers to the right, wide characters counted', () => {
    expect(draw(TABLE)).toBe(
      [
        '  PID  APPLICATION    FOR  QUERY',
        '14024  orders       3m12s  alter table orders add column note text',
        '    7  漢字          20ms  –',
      ].join('\n'),
    );
  });

  it('fits the terminal by cutting the widest text, never a number', () => {
    const lines = draw(TABLE, 44).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(44);
    expect(lines[1]).toMatch(/^14024 .* 3m12s {2}alter table .*…$/);
  });

  it('shows every column uncut when it is asked to', () => {
    const wide = drawOutput(TABLE, canvas(20, true));
    expect(wide).toContain('HOST');
    expect(wide).toContain('add column note text');
  });

  it('cuts nothing in a pipe', () => {
    expect(draw(TABLE, Number.POSITIVE_INFINITY)).toContain('add column note text');
  });

  it('says what is to be said when it is empty', () => {
    expect(draw({ ...TABLE, rows: [], empty: 'Nobody waits.' })).toBe('Nobody waits.');
  });

  it('shows times as how long ago where room is scarce', () => {
    const times: TableOutput = {
      kind: 'table',
      columns: [{ key: 'at', title: 'At', type: 'timestamp', wide: false }],
      rows: [{ at: new Date(NOW.getTime() - 180_000).toISOString() }],
    };
    expect(draw(times)).toBe('AT\n11:57:00 (3m ago)');
    expect(draw(times, 10)).toBe('AT\n3m ago');
  });
});

describe('the other kinds', () => {
  it('draw a tree with its branches and details', () => {
    const tree: Output = {
      kind: 'tree',
      roots: [
        {
          label: 'a',
          detail: 'root',
          children: [
            { label: 'b', children: [{ label: 'c' }] },
            { label: 'd', detail: 'last' },
          ],
        },
      ],
    };
    expect(draw(tree)).toBe(['a  root', '├── b', '│   └── c', '└── d  last'].join('\n'));
  });

  it('draw a record as its summary and aligned fields', () => {
    const record: Output = {
      kind: 'record',
      summary: 'stopped',
      fields: [
        { key: 'freed', title: 'Freed', type: 'number', value: 4 },
        { key: 'size', title: 'Size of it', type: 'bytes', value: 1_234_567_890 },
        { key: 'gone', title: 'Gone', type: 'boolean', value: true },
      ],
      notes: ['Seen once.'],
    };
    expect(draw(record)).toBe('stopped\n  Freed       4\n  Size of it  1.2 GB\n  Gone        yes\nSeen once.');
  });

  it('draw a series as its shape, with gaps where nothing is known', () => {
    expect(sparkline([0, 1, null, 7], 10)).toBe('▁▂ █');
    expect(sparkline([5, 5], 10)).toBe('▁▁');
  });

  it('say how to save a file and where a link leads', () => {
    expect(draw({ kind: 'file', name: 'heap.pprof', mediaType: 'application/octet-stream', base64: 'AAAA' })).toBe(
      'heap.pprof (application/octet-stream, 3 B). Save it with --output-file PATH.',
    );
    expect(draw({ kind: 'link', label: 'Logs', url: 'https://logs.example.com/' })).toBe('Logs: https://logs.example.com/');
  });
});

describe('text of others', () => {
  it('cannot move the cursor, hide text or turn its direction', () => {
    expect(clean('a\u001b[2Jb\u0007\r\nc\u202ed\u009b')).toBe('a␛[2Jb␇⏎cd');
    expect(draw({ kind: 'text', text: 'one\n\u001b]0;title\u0007two\n' })).toBe('one\n␛]0;title␇two');
  });

  it('is as harmless to a terminal in a document for programs, and means the same', async () => {
    const document = { plain: 'é ✓', evil: 'a\u009b31m\u202eb\u007f\u001b[2J', list: ['\u2066'], 'key\u202d': 1 };
    for (const format of ['json', 'yaml'] as const) {
      const text = await toText(document, format);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      expect(text).toContain('é ✓');
      expect(parse(text)).toEqual(document);
    }
  });

  it('is cut and wrapped by the columns that it takes', () => {
    expect(fit('漢字漢字', 5)).toBe('漢字…');
    expect(fit('short', 10)).toBe('short');
    expect(wrap('one two three four', { width: 9, indent: 2 })).toBe('one two\n  three\n  four');
  });
});

describe('units', () => {
  it.each([
    [0, '0s'],
    [0.0004, '1ms'],
    [0.02, '20ms'],
    [3.02, '3s'],
    [9.96, '10s'],
    [192.4, '3m12s'],
    [3661, '1h01m'],
    [90_000, '1d1h'],
    [-5, '-5s'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [123_456, '123 kB'],
    [999_999, '1 MB'],
    [1_234_567_890, '1.2 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('tell how long ago and how soon', () => {
    expect(formatRelative(new Date(NOW.getTime() - 90 * 60_000), NOW)).toBe('2h ago');
    expect(formatRelative(new Date(NOW.getTime() + 86_400_000 * 3), NOW)).toBe('in 3d');
  });

  it('read durations and times as people type them', () => {
    expect(parseDuration('1h30m')).toBe(5400);
    expect(parseDuration('10')).toBeUndefined();
    expect(parseDuration('10x')).toBeUndefined();
    expect(parseTime('--since', '2h', NOW)).toBe(new Date(2026, 2, 2, 10).toISOString());
    expect(parseTime('--since', '2026-03-01', NOW)).toBe(new Date(2026, 2, 1).toISOString());
    expect(() => parseTime('--since', 'yesterday', NOW)).toThrow("--since must be a time, not 'yesterday'.");
  });
});
