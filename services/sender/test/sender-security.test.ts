import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '@uftp/bus';
import {
	CipherType,
	curveByName,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	HashType,
	KeyExchange,
	type PrivateKey,
} from '@uftp/crypto';
import { KnownKeys, openCryptography } from '@uftp/endpoint/identity';
import { publishedKeys } from '@uftp/service-kit';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExpectedReceiver } from '../src/expected-receivers.ts';
import { allProxies, type JobProxy, namedProxies } from '../src/jobs/job-proxies.ts';
import {
	type SecurityDecision,
	type SecurityRequest,
	type SenderKeys,
	sessionSecurity,
} from '../src/sender-security.ts';

const base = mkdtempSync(join(tmpdir(), 'uftp-sender-security-'));
const cryptography = await openCryptography('auto');
const { backend, random } = cryptography;
const p256 = curveByName('prime256v1')!;
const own = generateEcKey(backend, p256, random);
const [one, two, three] = [0xf0000001, 0xf0000002, 0xf0000003];
const keyOf = new Map([one, two].map((id) => [id, generateEcKey(backend, p256, random) as PrivateKey]));
let keys: SenderKeys;

beforeEach(() => {
	const stateFolder = mkdtempSync(join(base, 'state-'));
	keys = { cryptography, key: own, published: publishedKeys([own]), stateFolder };
});

afterAll(() => rmSync(base, { recursive: true }));

function expected(...ids: number[]): Map<number, ExpectedReceiver> {
	return new Map(
		ids.map((receiverId) => {
			const key = keyOf.get(receiverId);
			return [
				receiverId,
				{ receiverId, host: 'host', address: '10.0.0.1', keys: publishedKeys(key === undefined ? [] : [key]) },
			];
		}),
	);
}

function ask(
	targets: number[],
	known: ReadonlyMap<number, ExpectedReceiver>,
	encryption?: 'auto' | 'always' | 'never',
	proxies: readonly JobProxy[] = [],
	more: Partial<SecurityRequest> = {},
): SecurityDecision {
	const options = { unlisted: true, ...(encryption === undefined ? {} : { encryption }) };
	const job: Job = { v: 1, files: [], options };
	const about = { mode: 'auto', unasked: undefined, promised: undefined } as const;
	return sessionSecurity(keys, { ...about, job, targets, expected: known, proxies, ...more });
}

const job: Job = { v: 1, files: [] };
const pinOne = () => KnownKeys.read(keys.stateFolder).trust(one, printOf(one));

function encrypted(answer: SecurityDecision) {
	if (answer.kind !== 'encrypted') throw new Error(JSON.stringify(answer));
	return answer;
}

function printOf(id: number): Uint8Array {
	return keyOf.get(id)!.publicKey.fingerprint;
}

describe('a job', () => {
	it('is encrypted with AES-256-GCM, SHA-256 and ECDH, receivers authenticated, when all expected ones can', () => {
		for (const targets of [[], [one, two]]) {
			const { config, keptOut } = encrypted(ask(targets, expected(one, two)));
			expect(config.suite).toMatchObject({
				cipher: CipherType.AES256_GCM,
				hash: HashType.SHA256,
				keyExchange: KeyExchange.ECDH_ECDSA,
			});
			expect(config.clientAuth).toBe(true);
			expect(config.key.publicKey).toMatchObject({ curve: p256 });
			expect(config.fingerprints.get(one)).toEqual(printOf(one));
			expect(config.fingerprints.get(two)).toEqual(printOf(two));
			expect(keptOut.size).toBe(0);
		}
	});

	it.each([
		['nobody is known', [], [], 'the registry knows no receiver that could decrypt'],
		['one is not known', [one, three], [one], 'the registry does not know 0xF0000003'],
		['one has no key', [], [one, three], '0xF0000003 cannot decrypt'],
		['one that is named has no key', [one, three], [one, three], '0xF0000003 cannot decrypt'],
	])('goes in the clear, with the reason, when %s', (_, targets, known, why) => {
		expect(ask(targets, expected(...known))).toEqual({ kind: 'clear', why, wasAsked: false });
		// A sender that has encrypted before does not do that by itself.
		KnownKeys.read(keys.stateFolder).trust(0xf0000009, printOf(one));
		const answer = ask(targets, expected(...known));
		if (targets.length === 0 && known.length === 0) expect(encrypted(answer).config.fingerprints.size).toBe(1);
		else expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'would-be-clear' } });
		expect(ask(targets, expected(...known), 'never')).toMatchObject({ kind: 'clear', wasAsked: true });
	});

	it('does not go in the clear by itself when the registry cannot be asked', () => {
		const silent = { unasked: 'no-responders' };
		for (const targets of [[], [one]]) {
			const answer = ask(targets, expected(), undefined, [], silent);
			expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'would-be-clear' } });
			expect(ask(targets, expected(), 'never', [], silent)).toMatchObject({ kind: 'clear' });
			expect(encrypted(ask(targets, expected(), 'always', [], silent)).config.clientAuth).toBe(true);
		}
		pinOne();
		for (const targets of [[], [one]]) {
			expect(encrypted(ask(targets, expected(), undefined, [], silent)).config.fingerprints.get(one)).toEqual(
				printOf(one),
			);
		}
		expect(ask([one, two], expected(), undefined, [], silent)).toMatchObject({ kind: 'refused' });
	});

	it('cannot lower what the operator has set', () => {
		const always = { mode: 'always', unasked: 'no-responders' } as const;
		expect(ask([one], expected(one), 'never', [], always)).toMatchObject({
			kind: 'refused',
			refusal: { code: 'encryption-required' },
		});
		for (const encryption of ['auto', 'always', undefined] as const) {
			encrypted(ask([three], expected(three), encryption, [], always));
		}
	});

	it.each(['auto', 'always', 'never', undefined] as const)(
		'that names a receiver which nobody knows is refused, encryption %s, unless it says that it is not on the bus',
		(encryption) => {
			const asked: Job = { ...job, ...(encryption === undefined ? {} : { options: { encryption } }) };
			expect(ask([one, three], expected(one), undefined, [], { job: asked })).toMatchObject({
				kind: 'refused',
				refusal: { code: 'unknown-receiver', message: expect.stringContaining('know 0xF0000003:') },
			});
			expect(ask([one, three], expected(one), encryption).kind).not.toBe('refused');
		},
	);

	it('keeps the encryption that its answer has promised', () => {
		const promised = { mode: 'encrypted', cipher: 'aes256-gcm', keyExchange: 'ecdh_ecdsa', hash: 'sha256' } as const;
		encrypted(ask([one], expected(), undefined, [], { job, promised }));
		encrypted(ask([], expected(three), undefined, [], { job, promised }));
	});

	it('stays encrypted for a pinned receiver whatever a heartbeat in its name shows', () => {
		pinOne();
		// Without keys, or with another port: then it is not expected at all.
		const shown = { receiverId: one, host: 'h', address: '10.0.0.1', keys: [] };
		for (const known of [new Map([[one, shown]]), new Map()]) {
			encrypted(ask([], known));
			encrypted(ask([one], known));
		}
	});

	it('is encrypted for receivers whose keys are pinned even if the registry does not know them now', () => {
		KnownKeys.read(keys.stateFolder).trust(one, printOf(one));
		const { config } = encrypted(ask([one, two], expected(two)));
		expect(config.fingerprints.get(one)).toEqual(printOf(one));
	});

	it('is encrypted always and never if it says so', () => {
		expect(encrypted(ask([three], expected(), 'always')).config.fingerprints.size).toBe(0);
		expect(ask([one], expected(one), 'never')).toMatchObject({ kind: 'clear', wasAsked: true });
	});

	it('ties a receiver to its pinned key, and says why one that shows another will be kept out', () => {
		KnownKeys.read(keys.stateFolder).trust(one, printOf(two));
		const { config, keptOut } = encrypted(ask([one], expected(one)));
		expect(config.fingerprints.get(one)).toEqual(printOf(two));
		expect(keptOut.get(one)).toContain('uftpctl keys trust 0xF0000001');
		expect(keptOut.get(one)).toContain(formatFingerprint(printOf(one)));
	});

	it('is refused for a receiver whose key is revoked, and keeps it out of an open group', () => {
		KnownKeys.read(keys.stateFolder).revoke(one, printOf(one));
		expect(ask([one], expected(one))).toMatchObject({ kind: 'refused', refusal: { code: 'key-revoked' } });
		const { config, keptOut } = encrypted(ask([], expected(one, two)));
		expect(config.fingerprints.get(one)).toEqual(new Uint8Array(20));
		expect([...keptOut.keys()]).toEqual([one]);
	});

	it('ties known receivers to their keys in an open group that they come to by themselves', () => {
		KnownKeys.read(keys.stateFolder).trust(three, printOf(two));
		expect(encrypted(ask([], expected(one))).config.fingerprints.get(three)).toEqual(printOf(two));
	});

	it('uses ECDH_RSA where the sender has an RSA key', () => {
		keys = { ...keys, key: generateRsaKey(backend, 1024) };
		const { config } = encrypted(ask([one], expected(one)));
		expect(config.suite.keyExchange).toBe(KeyExchange.ECDH_RSA);
		// Its own key does not fit: it makes another, which nobody knows yet.
		expect(config.fingerprints.size).toBe(0);
	});

	it('does not believe a fingerprint that is not that of the key beside it', () => {
		const known = expected(one);
		const { keys: shown, ...rest } = known.get(one)!;
		known.set(one, { ...rest, keys: [{ ...shown[0]!, fingerprint: formatFingerprint(printOf(two)) }] });
		expect(encrypted(ask([one], known)).config.fingerprints.size).toBe(0);
	});
});

describe('the proxies of a job', () => {
	const proxy = (fingerprint?: Uint8Array): JobProxy => ({ proxyId: three, fingerprint });

	it('are tied to the key that the job names, else to that of their first session', () => {
		const named = encrypted(ask([one], expected(one), 'auto', [proxy(printOf(two))]));
		expect(named.config.fingerprints.get(three)).toEqual(printOf(two));
		expect(encrypted(ask([one], expected(one), 'auto', [proxy()])).config.fingerprints.has(three)).toBe(false);
		KnownKeys.read(keys.stateFolder).trust(three, printOf(one));
		expect(encrypted(ask([one], expected(one), 'auto', [proxy()])).config.fingerprints.get(three)).toEqual(
			printOf(one),
		);
	});

	it('refuse the job if the key of one is revoked', () => {
		KnownKeys.read(keys.stateFolder).revoke(three, printOf(two));
		expect(ask([one], expected(one), 'auto', [proxy(printOf(two))])).toMatchObject({
			kind: 'refused',
			refusal: { code: 'key-revoked' },
		});
	});

	it('are those of the configuration unless the job names some', () => {
		const configured = [proxy()];
		expect(namedProxies(job, configured)).toEqual(configured);
		const fingerprint = formatFingerprint(printOf(one));
		expect(namedProxies({ ...job, proxies: [{ uid: '0xF0000002', fingerprint }] }, configured)).toEqual([
			{ proxyId: two, fingerprint: printOf(one) },
		]);
		expect(namedProxies({ ...job, proxies: [] }, configured)).toEqual([]);
	});

	it('are, where it names none, also those that the registry knows, with the key that it shows', () => {
		const known = [
			{ proxyId: three, keys: [] },
			{ proxyId: 9, keys: publishedKeys([keyOf.get(two)!]) },
		];
		const proxies = allProxies(job, [proxy()], known);
		expect(proxies.map(({ proxyId }) => proxyId)).toEqual([three, 9]);
		expect(encrypted(ask([one], expected(one), 'auto', proxies)).config.fingerprints.get(9)).toEqual(printOf(two));
		expect(allProxies({ ...job, proxies: [] }, [], known)).toEqual([]);
	});
});
