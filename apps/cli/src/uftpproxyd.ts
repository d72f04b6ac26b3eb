/** The drop-in command `uftpproxyd`; `bin/uftpproxyd` starts it. */
import { commandWords } from './drop-in/command-words.ts';
import { runCommand, tellStderr } from './drop-in/run-command.ts';
import { PROXY_USAGE } from './uftpproxyd/arguments.ts';
import { forwardSessions } from './uftpproxyd/main.ts';

process.exit(await runCommand('uftpproxyd', PROXY_USAGE, () => forwardSessions(commandWords(), tellStderr)));
