import { EXIT, GuichetError } from '@guichet/contract';
import { SCRIPTS } from '../completion/scripts.ts';
import { didYouMean } from '../suggest.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const completion: Leaf = {
  define(command) {
    command.argument('<shell>', Object.keys(SCRIPTS).join(', '));
    addExamples(command, [
      '# bash: put this into ~/.bashrc',
      'source <(guichet completion bash)',
      '# zsh: put this into ~/.zshrc, after compinit',
      'source <(guichet completion zsh)',
      '# fish: once',
      'guichet completion fish > ~/.config/fish/completions/guichet.fish',
    ]);
  },
  async run(shell, { args: [name = ''] }) {
    const script = Object.hasOwn(SCRIPTS, name) ? SCRIPTS[name] : undefined;
    if (script === undefined)
      throw new GuichetError('usage.invalid', `There is no completion for '${name}'.`, {
        remedy: didYouMean(name, Object.keys(SCRIPTS)),
      });
    shell.context.stdout.write(script);
    return EXIT.ok;
  },
};
