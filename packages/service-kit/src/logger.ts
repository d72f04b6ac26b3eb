/** The log, by pino, on stdout: one JSON object per line, or one line of text where a person is watching. */
import { writeSync } from 'node:fs';
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
	return pino(
		{
			base: { service },
			level,
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
		},
		destination,
	);
}

function standardOutput(): DestinationStream {
	if (!process.stdout.isTTY) return pino.destination({ fd: 1, sync: true });
	return { write: (line) => void writeSync(1, textLine(line)) };
}

/** `08:15:30 sender warn  The disk is full.` of a line of JSON; control characters of others cannot move the cursor. */
export function textLine(json: string): string {
	const { time, service, level, msg } = JSON.parse(json) as Record<'time' | 'service' | 'level' | 'msg', string>;
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
	const message = msg.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '?');
	return `${time.slice(11, 19)} ${service} ${level.padEnd(5)} ${message}\n`;
}
