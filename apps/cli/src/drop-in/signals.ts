/** SIGINT and SIGTERM: the first asks the command to end well, the second ends it at once. */
import { constants } from 'node:os';

/** Calls `end` with the signal's number at the first signal; a second one exits with `exitCode`. */
export function onInterrupt(exitCode: number, end: (signal: number) => void): void {
	let isAsked = false;
	for (const name of ['SIGINT', 'SIGTERM'] as const) {
		process.on(name, () => {
			if (isAsked) process.exit(exitCode);
			isAsked = true;
			end(constants.signals[name]);
		});
	}
}
