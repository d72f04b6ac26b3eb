import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatFingerprint } from '@uftp/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FirstUse, KnownKeys } from '../src/index.ts';

const [one, two, proxy] = [0xf0000001, 0xf0000002, 0xf0000003];
const print = (byte: number): Uint8Array => new Uint8Array(20).fill(byte);
const address = { host: '10.0.0.1', port: 1044 };
const registered = { kind: 'registered', address, rttMs: 1, isOurs: true, viaProxyId: undefined } as const;
const proxyRegistered = { kind: 'proxyRegistered', address, rttMs: 1, isOurs: true } as const;
const over = { kind: 'registrationEnded', registered: [], mute: [] } as const;

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-first-use-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the first use of a key', () => {
	it('pins it once all have registered', () => {
		const first = new FirstUse(folder, []);
		expect(first.onEvent({ ...registered, receiverId: one, fingerprint: print(1) })).toEqual([]);
		expect(first.onEvent({ ...registered, receiverId: two })).toEqual([]);
		expect(KnownKeys.read(folder).all).toEqual([]);
		const fingerprint = formatFingerprint(print(1));
		expect(first.onEvent(over)).toEqual([{ kind: 'keyPinned', id: one, fingerprint }]);
		expect(KnownKeys.read(folder).all).toEqual([[one, fingerprint]]);
		expect(first.onEvent(over)).toEqual([]);
	});

	it('leaves a key that is pinned already', () => {
		KnownKeys.read(folder).trust(one, print(2));
		const first = new FirstUse(folder, []);
		first.onEvent({ ...registered, receiverId: one, fingerprint: print(1) });
		expect(first.onEvent(over)).toEqual([]);
		expect(KnownKeys.read(folder).of(one)).toBe(formatFingerprint(print(2)));
	});

	it('pins that of a proxy which somebody has named, and no other', () => {
		const first = new FirstUse(folder, [proxy]);
		first.onEvent({ ...proxyRegistered, proxyId: proxy, fingerprint: print(3) });
		first.onEvent({ ...proxyRegistered, proxyId: 9, fingerprint: print(4) });
		first.onEvent(over);
		expect(KnownKeys.read(folder).all).toEqual([[proxy, formatFingerprint(print(3))]]);
	});

	it('is an event, and no end of the session, if it cannot be kept', () => {
		writeFileSync(join(folder, 'known-receivers'), 'damaged\n');
		const first = new FirstUse(folder, []);
		first.onEvent({ ...registered, receiverId: one, fingerprint: print(1) });
		expect(first.onEvent(over)).toEqual([{ kind: 'keysNotPinned', why: expect.stringContaining('known-receivers') }]);
		expect(existsSync(join(folder, 'revoked-keys'))).toBe(false);
	});
});
