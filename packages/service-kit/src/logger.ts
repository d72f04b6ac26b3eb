/** The log: one JSON object per line on stdout, by pino. */
import { pino } from 'pino';

export interface Logger {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes at once: the last words of a process that ends must not get lost. */
export function createLogger(service: string, level: LogLevel): Logger {
	return pino(
		{
			base: { service },
			level,
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
		},
		pino.destination({ fd: 1, sync: true }),
	);
}
