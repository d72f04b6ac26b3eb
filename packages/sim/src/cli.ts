/**
 * `sim [scenario] [--seed N] [--runs N] [--receivers N] [--loss PCT]`: runs scenarios and prints what came of them.
 * `sim aggregation` compares a session with and without response proxies.
 */
import { aggregate } from './aggregation.ts';
import type { Run } from './run.ts';
import { run } from './runner.ts';
import { SCENARIOS, type Scenario, scenarioNamed } from './scenario.ts';

const USAGE = `sim [${Object.keys(SCENARIOS).join(' | ')} | aggregation] [--seed N] [--runs N] [--receivers N] [--loss PCT]`;

const OPTIONS = ['--seed', '--runs', '--receivers', '--loss'];

interface Options {
	readonly scenario: Scenario;
	readonly seed: number;
	readonly runs: number;
}

/** The options of a command line, or a sentence that says what is wrong with it. */
export function parseOptions(words: readonly string[]): Options | string {
	if (words.includes('--help')) return USAGE;
	let name = 'lan';
	const numbers = new Map<string, number>();
	for (let i = 0; i < words.length; i++) {
		const word = words[i];
		if (!word.startsWith('--')) {
			name = word;
			continue;
		}
		const value = Number(words[++i]);
		if (!OPTIONS.includes(word)) return `${word} is not an option; there are ${OPTIONS.join(', ')}`;
		if (!Number.isFinite(value) || value < 0) return `${word} needs a number`;
		numbers.set(word, value);
	}
	const named = scenarioNamed(name);
	if (named === undefined) return `there is no scenario ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`;
	const receivers = numbers.get('--receivers') ?? named.receivers;
	const loss = numbers.get('--loss');
	const path = loss === undefined ? named.path : { ...named.path, loss: loss / 100, lossBack: loss / 100 };
	const scenario = { ...named, receivers, path };
	return { scenario, seed: numbers.get('--seed') ?? 1, runs: numbers.get('--runs') ?? 1 };
}

/** One line about a run. */
export function describeRun({ scenario, sender, sessionMs, goodputBytesPerSecond, network }: Run): string {
	const whole = sender.end?.results.filter((result) => result.outcome === 'received').length ?? 0;
	const rate = ((goodputBytesPerSecond * 8) / 1e6).toFixed(2);
	const sent = `${network.forward} packets out, ${network.backward} back, ${sender.heard} heard by the sender, ${network.lost} lost`;
	const time = (sessionMs / 1000).toFixed(2);
	return `${scenario.name} seed ${scenario.seed}: ${whole}/${scenario.receivers} received, ${time} s, ${rate} Mbit/s, ${sent}`;
}

/** Runs the command line; returns the lines to print and the exit code. */
export function simulate(words: readonly string[], print: (line: string) => void): number {
	if (words[0] === 'aggregation') return aggregate(words.slice(1), print);
	const options = parseOptions(words);
	if (typeof options === 'string') {
		print(options);
		return 2;
	}
	let failures = 0;
	for (let i = 0; i < options.runs; i++) {
		const seed = options.seed + i;
		const result = run({ ...options.scenario, seed });
		print(describeRun(result));
		for (const violation of result.violations) print(`  ${violation}`);
		if (result.violations.length > 0) {
			failures++;
			print(`  again: npm run sim -- ${words.filter((word) => !word.startsWith('--seed')).join(' ')} --seed ${seed}`);
		}
	}
	return failures === 0 ? 0 : 1;
}
