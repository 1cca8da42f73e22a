import type { Actions } from '../program.ts';
import type { TaughtCommand } from './taught.ts';

/** `prodigy clean completion`: a script for the reader's shell. */
export function addCompletion(clean: TaughtCommand, actions: Actions): void {
  clean
    .command('completion')
    .summary('a script that completes commands, flags and ids')
    .description('print the script with which a shell completes commands, flags, and what is there now')
    .examples(
      ['source <(prodigy clean completion bash)', 'in ~/.bashrc'],
      ['source <(prodigy clean completion zsh)', 'in ~/.zshrc, after compinit'],
      ['prodigy clean completion fish | source', 'in ~/.config/fish/config.fish'],
    )
    .argument('<shell>', 'bash, zsh or fish')
    .withHelp()
    .completes({ shell: 'shells' })
    .exits('done', 'usage', 'defect')
    .action((shell: string) => actions.completion(shell));
}
