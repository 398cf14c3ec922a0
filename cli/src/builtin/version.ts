import { EXIT } from '@guichet/contract';
import { VERSION } from '../version.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const version: Leaf = {
  define(command) {
    addExamples(command, ['guichet --version', 'guichet version -o json']);
  },
  async run(shell) {
    await shell.show({ version: VERSION, node: process.version }, () => `guichet ${VERSION}`);
    return EXIT.ok;
  },
};
