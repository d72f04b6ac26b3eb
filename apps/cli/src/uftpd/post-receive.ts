/** The script of -s: `script -I GROUPID path...`, started for what was received and not waited for. */
import type { ChildProcess } from 'node:child_process';
import { encodeUtf8, hasEscapedBytes } from '@uftp/wire';
import { hexId, Level, type Log } from '../drop-in/log.ts';

/** Scripts that run at the same time; more wait for their turn. C has no bound and falls over a large tree. */
const RUNNING_MAX = 64;

export class PostReceiveScript {
	readonly #script: string;
	readonly #log: Log;
	readonly #waiting: string[][] = [];
	#running = 0;

	constructor(script: string, log: Log) {
		this.#script = script;
		this.#log = log;
	}

	/** Starts the script for some paths of a session, or as soon as others have ended. */
	run(groupId: number, paths: readonly string[]): void {
		this.#waiting.push(['-I', hexId(groupId), ...paths]);
		this.#startNext();
	}

	#startNext(): void {
		while (this.#running < RUNNING_MAX) {
			const words = this.#waiting.shift();
			if (words === undefined) return;
			this.#start(words);
		}
	}

	#start(words: readonly string[]): void {
		this.#running++;
		let isOver = false;
		const end = (problem?: string): void => {
			if (isOver) return;
			isOver = true;
			this.#running--;
			if (problem !== undefined) this.#log.say(Level.Error, `Can't run ${this.#script}: ${problem}`);
			this.#startNext();
		};
		try {
			const child = started(this.#script, words);
			child.on('error', (error) => end(error.message));
			child.on('exit', () => end());
			child.unref();
		} catch (error) {
			end(error instanceof Error ? error.message : String(error));
		}
	}
}

/** The runtime hands only text to programs: a shell hands over names that are not UTF-8. */
function started(script: string, words: readonly string[]): ChildProcess {
	// Loaded here: most receivers run no script.
	const { spawn } = process.getBuiltinModule('node:child_process');
	if (![script, ...words].some(hasEscapedBytes)) return spawn(script, words, { stdio: 'ignore' });
	const child = spawn('/bin/sh', ['-s'], { stdio: ['pipe', 'ignore', 'ignore'] });
	child.stdin?.on('error', () => {});
	child.stdin?.end(shellLines([script, ...words]));
	return child;
}

/** Becomes the program with these words. The "." keeps newlines at the end of a name, which `$()` takes off. */
function shellLines(words: readonly string[]): string {
	const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
	const lines = words.map(
		(word, i) => `w${i}=$(printf '${[...encodeUtf8(word)].map(octal).join('')}.'); w${i}=\${w${i}%.}`,
	);
	return `${lines.join('\n')}\nexec ${words.map((_, i) => `"$w${i}"`).join(' ')} </dev/null\n`;
}
