import { Argument, Command } from 'commander';
import type { CliContext } from '../context.js';
import { HOW_TO, SCRIPTS, SHELLS, type Shell } from '../completion/scripts.js';
import { examples } from '../program.js';

export function completion(context: CliContext): Command {
  return new Command('completion')
    .description(
      'Print the script that completes verbs, options and names in a shell. Names are asked of the hub, and left out where it does not answer at once.',
    )
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples([
        [HOW_TO.bash, 'bash: in ~/.bashrc'],
        [HOW_TO.zsh, 'zsh: in ~/.zshrc'],
        [HOW_TO.fish, 'fish: in ~/.config/fish/config.fish'],
      ]),
    )
    .action((shell: Shell) => context.out(SCRIPTS[shell]));
}
