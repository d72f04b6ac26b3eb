/** The log of services that run in a command: lines for people on stderr. */
import type { Logger, LogLevel } from '@uftp/service-kit';
import { printable, tell } from './terminal.ts';

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** "08:51:26.970 sender    message"; `least` is asked for each line. */
export function textLogger(role: string, least: () => LogLevel): Logger {
	const line = (level: LogLevel) => (message: string) => {
		if (severity[level] < severity[least()]) return;
		const mark = level === 'warn' ? 'warning: ' : level === 'error' ? 'error: ' : '';
		tell(`${new Date().toISOString().slice(11, 23)} ${role.padEnd(8)} ${mark}${printable(message)}`);
	};
	return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
