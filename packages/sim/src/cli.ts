/** `sim [scenario] [--seed N] [--runs N] [--receivers N] [--loss PCT]`: runs scenarios and prints what came of them. */
import { type Run, run } from './runner.ts';
import { SCENARIOS, type Scenario, scenarioNamed } from './scenario.ts';

interface Options {
	name: string;
	seed: number;
	runs: number;
	changes: Partial<Scenario>;
}

/** The options of a command line, or a sentence that says what is wrong with it. */
export function parseOptions(words: readonly string[]): Options | string {
	const options: Options = { name: 'lan', seed: 1, runs: 1, changes: {} };
	for (let i = 0; i < words.length; i++) {
		const word = words[i];
		if (!word.startsWith('--')) {
			options.name = word;
			continue;
		}
		const value = Number(words[++i]);
		if (!Number.isFinite(value) || value < 0) return `${word} needs a number`;
		const base = scenarioNamed(options.name);
		if (word === '--seed') options.seed = value;
		else if (word === '--runs') options.runs = value;
		else if (word === '--receivers') options.changes = { ...options.changes, receivers: value };
		else if (word === '--loss' && base !== undefined) {
			const path = { ...base.path, loss: value / 100, lossBack: value / 100 };
			options.changes = { ...options.changes, path };
		} else return `${word} is not an option; there are --seed, --runs, --receivers and --loss`;
	}
	if (scenarioNamed(options.name) === undefined) {
		return `there is no scenario ${options.name}; there are ${Object.keys(SCENARIOS).join(', ')}`;
	}
	return options;
}

/** One line about a run. */
export function describeRun({ scenario, sender, sessionMs, goodputBytesPerSecond, network }: Run): string {
	const whole = sender.end?.results.filter((result) => result.outcome === 'received').length ?? 0;
	const rate = ((goodputBytesPerSecond * 8) / 1e6).toFixed(2);
	const sent = `${network.forward} packets out, ${network.backward} back, ${network.lost} lost`;
	const time = (sessionMs / 1000).toFixed(2);
	return `${scenario.name} seed ${scenario.seed}: ${whole}/${scenario.receivers} received, ${time} s, ${rate} Mbit/s, ${sent}`;
}

/** Runs the command line; returns the lines to print and the exit code. */
export function simulate(words: readonly string[], print: (line: string) => void): number {
	const options = parseOptions(words);
	if (typeof options === 'string') {
		print(options);
		return 2;
	}
	let failures = 0;
	for (let i = 0; i < options.runs; i++) {
		const seed = options.seed + i;
		const result = run(scenarioNamed(options.name, { ...options.changes, seed })!);
		print(describeRun(result));
		for (const violation of result.violations) print(`  ${violation}`);
		if (result.violations.length > 0) {
			failures++;
			print(`  again: npm run sim -- ${words.filter((word) => !word.startsWith('--seed')).join(' ')} --seed ${seed}`);
		}
	}
	return failures === 0 ? 0 : 1;
}
