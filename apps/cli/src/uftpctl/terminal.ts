/** What people see: numbers with units, columns, and one line that is drawn over and over. */
import { writeSync } from 'node:fs';
import { shownText } from '@uftp/wire';

/** "28.6 MiB". */
export function bytesText(bytes: number): string {
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
	let value = bytes;
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return unit === 0 ? `${bytes} bytes` : `${value.toFixed(1)} ${units[unit]}`;
}

/** "0:07", "1:02:03". */
export function durationText(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	const two = (value: number) => String(value).padStart(2, '0');
	const hours = Math.floor(whole / 3600);
	const minutes = Math.floor(whole / 60) % 60;
	return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** "1 file", "3 files". */
export function countText(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows as columns, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[], indent = '  '): string {
	const widths: number[] = [];
	for (const row of rows)
		row.forEach((cell, i) => {
			widths[i] = Math.max(widths[i] ?? 0, cell.length);
		});
	return rows
		.map((row) =>
			(indent + row.map((cell, i) => cell.padEnd(i === row.length - 1 ? 0 : (widths[i] ?? 0))).join('  ')).trimEnd(),
		)
		.join('\n');
}

/** What another program sent, made safe to print: it must not move the cursor or change colours. */
export function printable(text: string): string {
	return shownText(text);
}

/** One line of JSON in which no control character stands raw. */
export function jsonLine(value: unknown): string {
	return JSON.stringify(value).replace(
		/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

/** Writes text whole, to a pipe as well; false if nobody reads any more. */
export function write(fd: 1 | 2, text: string): boolean {
	const bytes = Buffer.from(text);
	for (let at = 0; at < bytes.length; ) {
		try {
			at += writeSync(fd, bytes, at);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
			Bun.sleepSync(1);
		}
	}
	return true;
}

export function say(text: string): void {
	if (!write(1, `${text}\n`)) process.exitCode = 1;
}

export function tell(text: string): void {
	write(2, `${text}\n`);
}

/**
 * A line of progress: on a terminal it is drawn in place, elsewhere each state is a line of its own. Other lines go
 * through `say`, so that they do not run into it.
 */
export class LiveLine {
	readonly #fd: 1 | 2;
	readonly #isTerminal: boolean;
	#isShown = false;

	constructor(fd: 1 | 2) {
		this.#fd = fd;
		this.#isTerminal = fd === 1 ? process.stdout.isTTY === true : process.stderr.isTTY === true;
	}

	show(text: string): void {
		if (!this.#isTerminal) {
			write(this.#fd, `${text}\n`);
			return;
		}
		const width = (this.#fd === 1 ? process.stdout.columns : process.stderr.columns) || 80;
		write(this.#fd, `\r\u001B[K${text.slice(0, width - 1)}`);
		this.#isShown = true;
	}

	/** The last state stays; what follows stands below it. */
	keep(): void {
		if (this.#isShown) write(this.#fd, '\n');
		this.#isShown = false;
	}
}
