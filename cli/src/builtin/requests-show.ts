import { EXIT } from '@guichet/contract';
import { Option } from 'commander';
import { durationFlag } from '../duration.ts';
import { saveFile } from '../output/save-file.ts';
import { followRequest } from '../request/follow.ts';
import { readRequestId } from '../request/request-id.ts';
import { requestText, standingText } from '../request/request-text.ts';
import { showEnd } from '../request/settle.ts';
import { addExamples, type Leaf, numberFlag } from './leaf.ts';

export const requestsShow: Leaf = {
  define(command) {
    command.argument('<request>', 'REQ-12, or just 12').option('--output-file <path>', 'Where to save the file that it gave');
    addExamples(command, ['guichet requests show REQ-12', 'guichet requests show 12 -o json']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const request = await client.call('requests.show', { params: { request: id }, signal: shell.context.interrupt });
    if (await saveFile(shell, request.output, flags['outputFile'])) return EXIT.ok;
    await shell.show(request, () => requestText(request, shell.canvas));
    return EXIT.ok;
  },
};

export const requestsWatch: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .addOption(
        new Option('--timeout <duration>', 'Watch no longer than this, such as 10m').argParser(durationFlag('--timeout')),
      )
      .option('--output-file <path>', 'Where to save a file that it gives');
    addExamples(command, ['guichet requests watch REQ-12', 'guichet requests watch 12 --timeout 10m && echo done']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const request = await client.call('requests.show', { params: { request: id }, signal: shell.context.interrupt });
    if (request.state === 'awaiting_approval' || request.waitsFor !== null) shell.say(shell.aside.bold(standingText(request)));
    const ended = await followRequest(shell, request, { after: 0, timeout: numberFlag(flags, 'timeout') });
    return showEnd(shell, ended, flags['outputFile']);
  },
};
