/** The script of -s: `script -I GROUPID path...`, started for what was received and not waited for. */
import { spawn } from 'node:child_process';
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
			const child = spawn(this.#script, words, { stdio: 'ignore' });
			child.on('error', (error) => end(error.message));
			child.on('exit', () => end());
			child.unref();
		} catch (error) {
			end(error instanceof Error ? error.message : String(error));
		}
	}
}
