import {
	type Backend,
	CipherType,
	describeSuite,
	generateEcKey,
	HashType,
	KeyExchange,
	SignatureType,
	type Suite,
} from '@uftp/crypto';
import { openBackend } from '@uftp/crypto/backends';
import { describe, expect, it } from 'vitest';
import { run } from '../src/runner.ts';
import { type Scenario, scenarioNamed } from '../src/scenario.ts';
import { P256, STRONG, secured, seededRandom, suiteOf } from './secured.ts';

const outcomes = (result: ReturnType<typeof run>) => new Set(result.sender.end?.results.map((entry) => entry.outcome));

function backendNamed(name: 'noble' | 'node' | 'libcrypto'): Backend {
	const opened = openBackend(name);
	if (typeof opened === 'string') throw new Error(opened);
	return opened.backend;
}

const small = (changes: Partial<Scenario>) => scenarioNamed('lan', { fileBytes: [30_000, 0, 1301], ...changes })!;

/** Every key exchange with every cipher and, where there is a choice, signature; the hashes take turns. */
function families(): Suite[] {
	const hashes = Object.values(HashType);
	const ciphers = Object.values(CipherType).filter((cipher) => cipher !== CipherType.DES);
	const found: Suite[] = [];
	for (const keyExchange of Object.values(KeyExchange)) {
		for (const cipher of ciphers) {
			for (const signsByKey of [false, true]) {
				const suite = suiteOf(keyExchange, cipher, hashes[found.length % hashes.length], signsByKey);
				if (!signsByKey || suite.signature === SignatureType.KEYEX) found.push(suite);
			}
		}
	}
	return found;
}

describe('encrypted sessions under a virtual clock', () => {
	const libcrypto = backendNamed('libcrypto');
	it.each(families().map((suite, index) => [describeSuite(suite), index % 2 === 0, suite] as const))(
		'deliver every file with %s, client authentication %s',
		(_name, clientAuth, suite) => {
			const result = run(small({ security: secured(libcrypto, { suite, clientAuth }) }));
			expect(result.violations).toEqual([]);
			expect(outcomes(result)).toEqual(new Set(['received']));
			const keyed = result.sender.events.filter((event) => event.kind === 'keyed');
			expect(keyed).toHaveLength(3);
		},
	);

	it.each(['noble', 'node'] as const)('deliver every file with the backend %s', (name) => {
		const backend = backendNamed(name);
		for (const cipher of [CipherType.AES256_GCM, CipherType.AES128_CCM, CipherType.AES128_CBC]) {
			const suite = suiteOf(KeyExchange.ECDH_ECDSA, cipher, HashType.SHA256);
			const result = run(small({ security: secured(backend, { suite, clientAuth: true }) }));
			expect(result.violations).toEqual([]);
			expect(outcomes(result)).toEqual(new Set(['received']));
		}
	});

	it.each(['lossy', 'chaos', 'outage'])('deliver every file in the scenario %s', (name) => {
		const security = secured(libcrypto, { clientAuth: true });
		const result = run(scenarioNamed(name, { security, fileBytes: [400_000, 0, 1, 700_001] })!);
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
	});

	it('put no byte of a file on the network in the clear, and no clear control message after the keys', () => {
		const result = run(small({ isClosed: true, security: secured(libcrypto) }));
		expect(outcomes(result)).toEqual(new Set(['received']));
		expect(result.clearFunctions).toEqual(new Set(['ANNOUNCE', 'REGISTER', 'KEYINFO']));
	});

	it('serve open groups', () => {
		const result = run(small({ isClosed: false, security: secured(libcrypto, { clientAuth: true }) }));
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
	});

	it('let in only receivers with the pinned key, and name the key that another one offered', () => {
		const right = generateEcKey(libcrypto, P256, seededRandom(71));
		const wrong = generateEcKey(libcrypto, P256, seededRandom(72));
		const security = secured(libcrypto, {
			sender: { fingerprints: new Map([[0x0a000101, right.publicKey.fingerprint]]) },
			receiver: (index) => (index === 1 ? { keys: [wrong] } : {}),
		});
		const result = run(small({ security }));
		expect(result.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'mute', 'received']);
		const warnings = result.sender.events.filter((event) => event.kind === 'warning');
		expect(result.sender.end?.results[1].reason).toMatch(/^it came with the key /);
		expect(warnings[0].message).toMatch(
			/^receiver 0x0A000101 at 10\.0\.1\.1 is not let in: it came with the key .* the list has /,
		);
	});

	it('tell the sender at once that a receiver has no key that fits, and which would', () => {
		const security = secured(libcrypto, { clientAuth: true, receiver: (index) => (index === 2 ? { keys: [] } : {}) });
		const result = run(small({ security }));
		expect(result.sender.end?.results[2]).toMatchObject({
			outcome: 'aborted',
			reason: 'No client key compatible with server key: the receiver has no key, it needs EC, secp256r1',
		});
		expect(result.sessionMs).toBeLessThan(1000);
	});

	it('ask for a key in memory when none of a receiver fits', () => {
		const security = secured(libcrypto, {
			clientAuth: true,
			receiver: (index) => ({
				keys: [],
				keyFor: (key) =>
					key.kind === 'ec' ? generateEcKey(libcrypto, key.curve, seededRandom(index + 500)) : undefined,
			}),
		});
		expect(outcomes(run(small({ security })))).toEqual(new Set(['received']));
	});

	it('replay to the same packet from the same seed', () => {
		const runs = [1, 2].map(() => run(scenarioNamed('chaos', { security: secured(backendNamed('noble')) })!));
		expect(runs[0].network).toEqual(runs[1].network);
		expect(runs[0].sessionMs).toBe(runs[1].sessionMs);
	}, 60_000);

	it('refuse clear sessions with -E, as C words it', () => {
		const { receiver } = secured(libcrypto, { suite: STRONG, receiver: () => ({ encryptedOnly: true }) });
		const nodes = run(small({ security: undefined, receiverSecurity: receiver }));
		expect(nodes.sender.end?.results[0].reason).toBe('No unencrypted transfers allowed');
	});
});
