/** The log, by pino, on stdout: one JSON object per line, or one line of text where a person is watching. */
import { writeSync } from 'node:fs';
import { shownText } from '@uftp/wire';
import { type DestinationStream, pino } from 'pino';

export interface Logger {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes at once: the last words of a process that ends must not get lost. `destination` is for tests. */
export function createLogger(service: string, level: LogLevel, destination = standardOutput()): Logger {
	const log = pino(
		{
			base: { service },
			level,
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
		},
		destination,
	);
	return {
		debug: (message) => log.debug(inLines(message)),
		info: (message) => log.info(inLines(message)),
		warn: (message) => log.warn(inLines(message)),
		error: (message) => log.error(inLines(message)),
	};
}

function standardOutput(): DestinationStream {
	if (!process.stdout.isTTY) return pino.destination({ fd: 1, sync: true });
	return { write: (line) => void writeSync(1, textLine(line)) };
}

/** What a line brings from others cannot move the cursor; a line behind the first, as of a stack, does not look like one of the log. */
function inLines(message: string): string {
	return message.split('\n').map(shownText).join('\n    ');
}

/** `08:15:30 sender warn  The disk is full.` of a line of JSON. */
export function textLine(json: string): string {
	const { time, service, level, msg } = JSON.parse(json) as Record<'time' | 'service' | 'level' | 'msg', string>;
	return `${time.slice(11, 19)} ${service} ${level.padEnd(5)} ${msg}\n`;
}
