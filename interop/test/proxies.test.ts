import { afterAll, describe, expect, it } from 'vitest';
import {
	castTitle,
	Keyring,
	missingPeers,
	needsPeers,
	partsOf,
	proxyScenarios,
	runProxyScenario,
} from '../src/index.ts';

const complete = process.env['UFTP_TEST_INTEROP'] === 'all';
const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
/** Beyond what the senders of a row get: building the network, making keys, comparing files, receivers' last words. */
const marginMs = 60_000;

const rows = proxyScenarios.flatMap((scenario) => {
	const parts = partsOf(scenario);
	const casts = complete ? [...scenario.casts, ...(scenario.more ?? [])] : scenario.casts;
	return casts
		.filter((cast) => withC || !needsPeers(cast, parts))
		.map((cast) => ({ title: `${castTitle(cast, parts)}: ${scenario.name}`, scenario, cast }));
});

const keyring = new Keyring();
afterAll(() => keyring.close());

describe('the table of sessions through proxies', () => {
	it('has no two rows of the same name, and casts no row twice', () => {
		const titles = proxyScenarios.flatMap((scenario) => {
			const parts = partsOf(scenario);
			return [...scenario.casts, ...(scenario.more ?? [])].map((cast) => `${castTitle(cast, parts)}: ${scenario.name}`);
		});
		expect(new Set(titles).size).toBe(titles.length);
	});
});

// Most of a session is waiting, so several run side by side, each in networks of its own.
describe.concurrent('sessions through proxies (sender, proxies, receivers)', () => {
	for (const { title, scenario, cast } of rows) {
		const timeout = 4000 * (scenario.timeoutSeconds ?? 60) + marginMs;
		it(title, { timeout }, async ({ expect: expectHere }) => {
			expectHere((await runProxyScenario(scenario, cast, keyring)).join('\n')).toBe('');
		});
	}
});
