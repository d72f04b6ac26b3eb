/** The drop-in command `uftp_keymgt`; `bin/uftp_keymgt` starts it. */
import { commandWords } from './drop-in/command-words.ts';
import { runCommand, tellStderr } from './drop-in/run-command.ts';
import { KEYMGT_USAGE, manageKeys } from './uftp-keymgt/main.ts';

process.exit(await runCommand('uftp_keymgt', KEYMGT_USAGE, () => manageKeys(commandWords(), tellStderr)));
