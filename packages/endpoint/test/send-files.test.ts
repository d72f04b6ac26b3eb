import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	CipherType,
	type Curve,
	CurveId,
	curveById,
	generateEcKey,
	HashType,
	KeyExchange,
	signatureTypeFor,
} from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import type { SenderSecurityConfig } from '@uftp/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SendingEvent, type SendSettings, sendFiles } from '../src/index.ts';
import { inMemory, type LoopbackReceiver, openLoopbackReceiver, outcomes, pattern } from './loopback-receiver.ts';

let receiver: LoopbackReceiver;
let folder: string;
beforeEach(async () => {
	receiver = await openLoopbackReceiver();
	folder = mkdtempSync(join(tmpdir(), 'uftp-send-'));
});
afterEach(() => {
	receiver.close();
	rmSync(folder, { recursive: true });
});

const content = pattern(3, 150_001);

const { backend } = selectBackend();
const cipher = CipherType.AES256_GCM;
/** A key on a curve, and a key exchange that needs an RSA key. */
const unfitting: SenderSecurityConfig = {
	backend,
	random: systemRandom,
	suite: { cipher, hash: HashType.SHA256, keyExchange: KeyExchange.RSA, signature: signatureTypeFor(cipher, false) },
	key: generateEcKey(backend, curveById(CurveId.SECP256R1) as Curve, systemRandom),
	clientAuth: false,
	fingerprints: new Map(),
};

describe('sending files', () => {
	it('brings paths to the receivers, and says how each of them fared', async () => {
		mkdirSync(join(folder, 'd'));
		writeFileSync(join(folder, 'd', 'a.bin'), content);
		writeFileSync(join(folder, 'b.bin'), 'short');
		const { ended } = sendFiles([join(folder, 'd'), join(folder, 'b.bin')], receiver.settings);
		const end = await ended;
		expect(end).toMatchObject({ failure: undefined, results: [{ outcome: 'received', filesReceived: 2 }] });
		expect(outcomes(end.results)).toEqual(['0x7F001001: received']);
		expect(end.bytesSent).toBeGreaterThan(content.length);
		expect(end.socket?.sendErrors).toBe(0);
		expect([...receiver.files.keys()].sort()).toEqual(['b.bin', 'd/a.bin']);
		expect(Buffer.compare(receiver.files.get('d/a.bin') as Uint8Array, content)).toBe(0);
	});

	it.each([
		{ rateBytesPerSecond: -1 },
		{ rateBytesPerSecond: 0 },
		{ rateBytesPerSecond: Number.NaN },
		{ port: 70_000 },
		{ port: 0 },
		{ sourcePort: 1.5 },
		{ uid: 0 },
		{ receivers: [0x51, 2 ** 33] },
		{ ttl: 256 },
		{ dscp: -1 },
		{ robust: 9 },
		{ graceMs: -1 },
		{ progressMs: Number.NaN },
	])('ends at once, and names the setting, with %o', async (wrong) => {
		const { ended } = sendFiles([inMemory('f', content)], { ...receiver.settings, ...wrong });
		const { failure } = await ended;
		expect(failure?.code).toBe('setting-invalid');
		expect(String(failure?.facts['why'])).toContain(Object.keys(wrong)[0]);
	});

	it('gives the same events to a hook, to listeners and to a loop, from "opened" to "ended"', async () => {
		const hooked: SendingEvent[] = [];
		const listened: SendingEvent[] = [];
		const looped: SendingEvent[] = [];
		const sending = sendFiles([inMemory('a.bin', content)], receiver.settings, {
			onEvent: (event) => void hooked.push(event),
		});
		sending.events.on((event) => listened.push(event));
		for await (const event of sending.events) looped.push(event);
		expect(hooked[0]).toMatchObject({ kind: 'opened', interface: { code: 'interface-named' } });
		expect(hooked.at(-1)?.kind).toBe('ended');
		expect(listened).toEqual(hooked);
		expect(looped).toEqual(hooked);
	});

	it('gives the events in order to a hook that takes its time, and ends when it has had all', async () => {
		const begun: string[] = [];
		const done: string[] = [];
		const { ended } = sendFiles([inMemory('a.bin', content)], receiver.settings, {
			onEvent: async ({ kind }) => {
				begun.push(kind);
				await Promise.resolve();
				done.push(kind);
				expect(done).toEqual(begun);
			},
		});
		expect((await ended).failure).toBeUndefined();
		expect(done[0]).toBe('opened');
		expect(done.at(-1)).toBe('ended');
	});

	it('says how far it is, when asked and by itself', async () => {
		const samples: number[] = [];
		const sending = sendFiles([inMemory('a.bin', pattern(1, 4_000_000))], { ...receiver.settings, progressMs: 5 });
		expect(sending.progress).toBeUndefined();
		sending.events.on((event) => {
			if (event.kind === 'progress') samples.push(event.progress.passBytes);
		});
		await sending.ended;
		expect(sending.progress).toMatchObject({ phase: 'ended', filesBytesDone: 4_000_000 });
		expect(samples.length).toBeGreaterThan(2);
	});

	it('ends for everybody when it is aborted in the middle', async () => {
		const sending = sendFiles([inMemory('a.bin', pattern(1, 20_000_000))], receiver.settings);
		sending.events.on((event) => {
			if (event.kind === 'passStarted') sending.abort('enough');
		});
		const end = await sending.ended;
		expect(end.failure).toEqual({ code: 'interrupted', facts: { why: 'enough' } });
		expect(outcomes(end.results)).toEqual([expect.stringContaining('aborted')]);
	});

	it('ends as aborted when it is aborted before it has begun', async () => {
		const sending = sendFiles([inMemory('a.bin', content)], receiver.settings);
		sending.abort('never mind');
		sending.abort('the first reason counts');
		expect((await sending.ended).failure).toEqual({ code: 'interrupted', facts: { why: 'never mind' } });
	});

	it('leaves commands without effect once it is over', async () => {
		const sending = sendFiles([inMemory('a.bin', content)], receiver.settings);
		await sending.ended;
		sending.abort('too late');
		sending.expectProxy(5);
		expect((await sending.ended).failure).toBeUndefined();
	});

	it('tells what it leaves out of what was asked for', async () => {
		const events: SendingEvent[] = [];
		const what = [join(folder, 'missing'), inMemory('a.bin', content)];
		const { ended } = sendFiles(what, receiver.settings, { onEvent: (event) => void events.push(event) });
		expect((await ended).failure).toBeUndefined();
		expect(events[0]).toMatchObject({ kind: 'notSent', problems: [{ kind: 'missing' }] });
	});

	it.each<[string, SendSettings | ((receiver: LoopbackReceiver) => SendSettings)]>([
		['nothing-to-send', {}],
		['public-address-unknown', { publicAddress: '1.2.3' }],
		['private-address-invalid', { privateAddress: '10.0.0.x' }],
		['address-families-differ', { privateAddress: 'ff15::x' }],
		['interface-unknown', { interface: 'no-such-interface' }],
		['socket-failed', ({ settings }) => ({ sourcePort: settings.port as number })],
		['setting-invalid', { security: unfitting }],
	])('fails with the code %s before anything is sent', async (code, settings) => {
		const what = code === 'nothing-to-send' ? [] : [inMemory('a.bin', content)];
		const catalogue = { entries: [], problems: [], totalBytes: 0 };
		const faults: unknown[] = [];
		const { ended } = sendFiles(
			code === 'nothing-to-send' ? catalogue : what,
			{ ...receiver.settings, ...(typeof settings === 'function' ? settings(receiver) : settings) },
			{ onFault: (fault) => void faults.push(fault) },
		);
		expect(await ended).toMatchObject({ failure: { code }, results: [], bytesSent: 0 });
		expect(faults).toEqual([]);
	});
});

describe('a source of the program', () => {
	it('may answer later', async () => {
		const read = async (offset: number, length: number) => {
			await Bun.sleep(1);
			return content.subarray(offset, offset + length);
		};
		const what = [{ path: 'deep/a.bin', content: { size: content.length, modifiedSeconds: 7, read } }];
		expect((await sendFiles(what, receiver.settings).ended).failure).toBeUndefined();
		expect(Buffer.compare(receiver.files.get('deep/a.bin') as Uint8Array, content)).toBe(0);
	});

	it('may stand beside files of the disk', async () => {
		writeFileSync(join(folder, 'b.bin'), 'short');
		const what = [inMemory('a.bin', content), join(folder, 'b.bin'), inMemory('empty', new Uint8Array())];
		expect((await sendFiles(what, receiver.settings).ended).failure).toBeUndefined();
		expect([...receiver.files.keys()].sort()).toEqual(['a.bin', 'b.bin', 'empty']);
		expect(Buffer.from(receiver.files.get('b.bin') as Uint8Array).toString()).toBe('short');
	});

	it('fails its file when it has fewer bytes than it announced', async () => {
		const what = [{ path: 'a.bin', content: { size: 5000, read: () => new Uint8Array(17) } }];
		const end = await sendFiles(what, receiver.settings).ended;
		expect(end.failure).toMatchObject({
			code: 'file-changed',
			facts: { why: expect.stringContaining('has 17 bytes') },
		});
	});
});
