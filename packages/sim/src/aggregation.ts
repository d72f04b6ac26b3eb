/**
 * `aggregation [--receivers N] [--proxies N] [--loss PCT] [--seed N]`: the same session with and without response
 * proxies, and what the sender has to hear in either.
 */
import type { Run } from './run.ts';
import { run } from './runner.ts';
import { QUIET_PATH, type Scenario, scenarioNamed } from './scenario.ts';

const USAGE = 'sim aggregation [--receivers N] [--proxies N] [--loss PCT] [--seed N]';

/** Fewer than that share of the answers are what the proxies are for. */
export const WANTED_FACTOR = 20;

/** What both runs came to. */
export interface Aggregation {
	readonly direct: Run;
	readonly gathered: Run;
	/** How many times fewer datagrams the sender heard. */
	readonly factor: number;
}

/** Runs a session of `receivers` at that loss twice: by themselves, and behind `proxies` response proxies. */
export function compareAggregation(receivers: number, proxies: number, lossPercent: number, seed: number): Aggregation {
	const loss = lossPercent / 100;
	const changes: Partial<Scenario> = { receivers, seed, path: { ...QUIET_PATH, loss, lossBack: loss } };
	const direct = run(session('thousand', changes));
	const gathered = run(session('gathered', { ...changes, proxies: { kind: 'response', count: proxies } }));
	return { direct, gathered, factor: direct.sender.heard / gathered.sender.heard };
}

function session(name: 'thousand' | 'gathered', changes: Partial<Scenario>): Scenario {
	const scenario = scenarioNamed(name, changes);
	if (scenario === undefined) throw new RangeError(`the scenario ${name} is missing`);
	return scenario;
}

/** Runs the command line; returns the exit code: 0 when both runs are whole and the factor is what is wanted. */
export function aggregate(words: readonly string[], print: (line: string) => void): number {
	const numbers = new Map([
		['--receivers', 1000],
		['--proxies', 10],
		['--loss', 1],
		['--seed', 1],
	]);
	for (let i = 0; i < words.length; i += 2) {
		const value = Number(words[i + 1]);
		if (!numbers.has(words[i]) || !Number.isFinite(value) || value < 0) {
			print(USAGE);
			return 2;
		}
		numbers.set(words[i], value);
	}
	const [receivers, proxies, loss, seed] = [...numbers.values()];
	const { direct, gathered, factor } = compareAggregation(receivers, proxies, loss, seed);
	print(describe('by themselves', direct));
	print(describe(`behind ${proxies} response proxies`, gathered));
	print(`The sender hears ${factor.toFixed(1)} times fewer answers (wanted: ${WANTED_FACTOR}).`);
	for (const violation of [...direct.violations, ...gathered.violations]) print(`  ${violation}`);
	const isWhole = direct.violations.length + gathered.violations.length === 0;
	return isWhole && factor >= WANTED_FACTOR ? 0 : 1;
}

function describe(title: string, { scenario, sender, sessionMs, network }: Run): string {
	const whole = sender.end?.results.filter((result) => result.outcome === 'received').length ?? 0;
	const answers = `${network.backward} answers of receivers, ${sender.heard} datagrams heard by the sender`;
	return `${title}: ${whole} of ${scenario.receivers} have the file, ${(sessionMs / 1000).toFixed(2)} s, ${answers}`;
}
