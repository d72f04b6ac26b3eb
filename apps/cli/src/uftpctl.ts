/** The command `uftpctl`; `bin/uftpctl` starts it. */
import { uftpctl } from './uftpctl/main.ts';

process.exit(await uftpctl(process.argv.slice(2)));
