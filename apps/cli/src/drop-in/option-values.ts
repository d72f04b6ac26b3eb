/** Values of options: numbers in their ranges, ids, lists. A wrong one ends the command with C's words and a reason. */
import { uidOfNumericAddress } from '@uftp/endpoint/identity';
import { parseUid } from '@uftp/wire';
import { CommandError, ExitCode } from './command-error.ts';

/** What -B is when it is not given, in bytes. */
export const BUFFER_BYTES_INITIAL = 262_144;
const BUFFER_BYTES = { min: 65_536, max: 104_857_600 };

/** A whole number within bounds, or exit 1 with `words` ("Invalid ttl") and the bounds. */
export function wholeNumber(letter: string, text: string, min: number, max: number, words: string): number {
	const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
	if (Number.isInteger(value) && value >= min && value <= max) return value;
	const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`;
	throw new CommandError(ExitCode.Parameters, `${words}: -${letter} takes a whole number ${range}, not "${text}".`);
}

/** -B. */
export function bufferBytes(text: string, words: string): number {
	return wholeNumber('B', text, BUFFER_BYTES.min, BUFFER_BYTES.max, words);
}

/** -x: any level from 0; all above 5 mean 5, as in C. */
export function logLevel(text: string): number {
	return Math.min(wholeNumber('x', text, 0, Number.POSITIVE_INFINITY, 'Invalid log level'), 5);
}

/** -U: one to eight hex digits, or four numbers with dots, as the ids of UFTP 3 could be written (0.n.n.n). */
export function uidOption(text: string): number {
	const uid = parseUid(text) ?? (text.includes('.') ? uidOfNumericAddress(text) : undefined);
	if (uid !== undefined) return uid;
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid UID ${text}: -U takes one to eight hex digits such as 0x0A630001, other than 0 and 0xFFFFFFFF.`,
	);
}

/** -Q: a code point, decimal or hexadecimal, as C reads numbers. */
export function codePoint(text: string): number {
	const value = /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
	if (value >= 0 && value <= 63) return value;
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid dscp: -Q takes a code point from 0 to 63, decimal or hexadecimal (0x2e), not "${text}".`,
	);
}

/** How many rolled logs are kept when -n does not say it. */
export const LOG_COUNT_INITIAL = 5;

/** -g, in bytes: its unit is a million of them. */
export function logBytesMax(text: string): number {
	return wholeNumber('g', text, 1, 1024, 'Invalid max log size') * 1_000_000;
}

/** -n. */
export function logCount(text: string): number {
	return wholeNumber('n', text, 1, 1000, 'Invalid max log count');
}

/** The parts of a comma list without the empty ones. */
export function commaList(text: string): string[] {
	return text.split(',').filter((part) => part !== '');
}
