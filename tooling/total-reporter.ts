import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** What one run came to: `failed` also counts files and suites that broke outside a test, and unhandled errors. */
export interface Total {
	passed: number;
	failed: number;
	skipped: number;
}

/** The part of vitest's test module that is counted. */
type CountedModule = Pick<TestModule, 'errors'> & {
	children: {
		allTests(): Iterable<{ result(): { state: string } }>;
		allSuites(): Iterable<{ errors(): readonly unknown[] }>;
	};
};

/** Counts every test once. A test that never got a result counts as failed: nothing may be lost from the total. */
export function countTests(modules: readonly CountedModule[], unhandledErrors: readonly unknown[]): Total {
	const total: Total = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
	for (const module of modules) {
		for (const test of module.children.allTests()) {
			const { state } = test.result();
			if (state === 'passed') total.passed++;
			else if (state === 'skipped') total.skipped++;
			else total.failed++;
		}
		for (const suite of module.children.allSuites()) {
			if (suite.errors().length > 0) total.failed++;
		}
		if (module.errors().length > 0) total.failed++;
	}
	return total;
}

/** The one line that a run ends with, as the continuous integration reads it. */
export function totalLine(total: Total): string {
	const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
	return `${total.passed} passed, ${total.failed} failed${skipped}`;
}

/**
 * Gives the total as the very last line of the process, after every other reporter, and an exit code that agrees with
 * it. With `UFTP_TEST_TOTAL_FILE` set the line goes into that file instead, and whoever named it prints it.
 */
export class TotalReporter implements Reporter {
	readonly #seed: string;

	/** `seed` is what the property tests of this run drew from. */
	constructor(seed: string) {
		this.#seed = seed;
	}

	onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
		const total = countTests(modules, unhandledErrors);
		if (modules.length === 0) total.failed++;
		const line = totalLine(total);
		process.once('exit', () => {
			if (total.failed > 0) process.exitCode ||= 1;
			const seed = this.#seed;
			process.stdout.write(`Property tests drew from seed ${seed}; UFTP_TEST_SEED=${seed} repeats them.\n`);
			const file = process.env.UFTP_TEST_TOTAL_FILE;
			if (file) writeFileSync(file, `${line}\n`);
			else process.stdout.write(`${line}\n`);
		});
	}
}
