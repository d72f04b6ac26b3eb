/** The drop-in command `uftp`; `bin/uftp` starts it. */
import { commandWords } from './drop-in/command-words.ts';
import { runCommand } from './drop-in/run-command.ts';
import { SENDER_USAGE } from './uftp/arguments.ts';
import { runSender } from './uftp/main.ts';

process.exit(await runCommand('uftp', SENDER_USAGE, () => runSender(commandWords())));
