/** The command `uftpctl`; `bin/uftpctl` starts it. */
import { commandWords } from './drop-in/command-words.ts';
import { uftpctl } from './uftpctl/main.ts';

process.exit(await uftpctl(commandWords()));
