/** The drop-in command `uftpd`; `bin/uftpd` starts it. */
import { commandWords } from './drop-in/command-words.ts';
import { runCommand, tellStderr } from './drop-in/run-command.ts';
import { RECEIVER_USAGE } from './uftpd/arguments.ts';
import { receiveFiles } from './uftpd/main.ts';

process.exit(await runCommand('uftpd', RECEIVER_USAGE, () => receiveFiles(commandWords(), tellStderr)));
