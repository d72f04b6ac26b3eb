/** The simulator's command: the only file of this package that uses the process. */
import { simulate } from './cli.ts';

declare const console: { log(line: string): void };
declare const process: { readonly argv: readonly string[]; exitCode: number };

process.exitCode = simulate(process.argv.slice(2), (line) => console.log(line));
