/**
 * The log of a drop-in command: lines with a level, on stderr or appended to a file, with C's timestamps where C has
 * them: `yyyy/mm/dd hh:mm:ss.uuuuuu: [GROUPID/II:FFFF]: text`.
 */
import { escapeControls, formatHexId as hexId } from '@uftp/wire';
import { type LogFile, writeFully } from './log-file.ts';

export { hexId };

/** Levels of -x: what is logged from which level on (found by trying the C programs at every level). */
export const Level = { Error: 0, Warning: 1, Info: 2, Verbose: 3, Debug: 4, Trace: 5 } as const;
export type Level = (typeof Level)[keyof typeof Level];

/** One line; `scope` is "GROUPID/II:FFFF" of the session and file it belongs to, or "". */
export interface LogLine {
	readonly level: Level;
	readonly text: string;
	readonly scope: string;
}

export interface LogOptions {
	readonly level: number;
	/** Where the lines go; missing: stderr. */
	readonly file?: LogFile;
	/** Put the time and the scope before each line. */
	readonly timestamps: boolean;
}

const STDERR = 2;

export class Log {
	readonly level: number;
	readonly timestamps: boolean;
	readonly #file: LogFile | undefined;

	constructor(options: LogOptions) {
		this.level = options.level;
		this.timestamps = options.timestamps;
		this.#file = options.file;
	}

	/** Writes the line if its level is wanted. */
	write(line: LogLine): void {
		if (line.level > this.level) return;
		const scope = line.scope === '' ? '' : `[${line.scope}]: `;
		const text = escapeControls(line.text);
		this.#put(this.timestamps ? `${logTime(wallClockMs())}: ${scope}${text}\n` : `${text}\n`);
	}

	/** Writes a line without a session. */
	say(level: Level, text: string): void {
		this.write({ level, text, scope: '' });
	}

	/** Writes a fault of the program, its stack in lines of their own. */
	fault(level: Level, error: unknown, where = ''): void {
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		for (const line of `${where}${text}`.split('\n')) this.say(level, line);
	}

	/** Writes a line without time and scope, at every level. */
	writeRaw(text: string): void {
		this.#put(`${escapeControls(text)}\n`);
	}

	/** What the user at the terminal must see, whatever the level and wherever the log goes. */
	tell(told: string): void {
		const text = escapeControls(told);
		const line = this.timestamps ? `${logTime(wallClockMs())}: ${text}\n` : `${text}\n`;
		this.#put(line);
		if (this.#file !== undefined) writeFully(STDERR, `${text}\n`);
	}

	/** Opens the log file anew: it has been moved away. */
	reopen(): void {
		this.#file?.reopen();
	}

	#put(text: string): void {
		if (this.#file === undefined) writeFully(STDERR, text);
		else this.#file.write(text);
	}
}

/** The log on stderr. */
export function openStderrLog(level: number, timestamps: boolean): Log {
	return new Log({ level, timestamps });
}

function wallClockMs(): number {
	return performance.timeOrigin + performance.now();
}

/** `yyyy/mm/dd hh:mm:ss.uuuuuu` in local time. */
export function logTime(ms: number): string {
	const at = new Date(ms);
	const date = `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}`;
	const micros = Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1000);
	return `${date} ${clockTime(at)}.${String(micros).padStart(6, '0')}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Sat Nov 21 08:09:57 2026" in local time: the form of C's ctime. */
export function calendarTime(ms: number): string {
	const at = new Date(ms);
	const day = String(at.getDate()).padStart(2);
	return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${clockTime(at)} ${at.getFullYear()}`;
}

function clockTime(at: Date): string {
	return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function two(value: number): string {
	return String(value).padStart(2, '0');
}

/** "C2D35086/00:0001": session, instance and file; file 0 is the session itself. */
export function scopeOf(groupId: number, instance: number, fileId: number): string {
	const file = fileId === 0 ? '0' : fileId.toString(16).toUpperCase().padStart(4, '0');
	return `${hexId(groupId)}/${instance.toString(16).toUpperCase().padStart(2, '0')}:${file}`;
}
