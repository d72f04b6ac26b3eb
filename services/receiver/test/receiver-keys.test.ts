import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, type Heartbeat, MemoryBroker, MemoryBus, subjects } from '@uftp/bus';
import { parseHeartbeat } from '@uftp/bus/schemas';
import {
	CipherType,
	curveByName,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	HashType,
	importKeyBlob,
	KeyExchange,
	parseFingerprint,
	SignatureType,
} from '@uftp/crypto';
import { openCryptography } from '@uftp/endpoint/identity';
import type { SenderSecurityConfig } from '@uftp/protocol';
import { checkConfig, type Logger } from '@uftp/service-kit';
import { openSocket } from '@uftp/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiverConfig } from '../src/config.ts';
import { ReceiverService } from '../src/service.ts';
import { startSending } from './loopback-sender.ts';

const s = subjects();
const uid = 0xf0000001;
const { backend, random } = await openCryptography();
const senderKey = generateEcKey(backend, curveByName('prime256v1')!, random);
let bus: Bus;
let folder: string;
let port: number;
let lines: string[];
let beats: Heartbeat[];
let running: ReceiverService | undefined;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-receiver-keys-'));
	lines = [];
	beats = [];
	bus = new MemoryBus(new MemoryBroker());
	bus.subscribe(s.allHeartbeats(), (message) => {
		const parsed = parseHeartbeat(message.data);
		if (!parsed.ok) throw new Error(parsed.problem);
		beats.push(parsed.value);
	});
	const probe = await openSocket({ family: 4 });
	port = probe.local.port;
	probe.close();
	writeFileSync(join(folder, 'original.bin'), crypto.getRandomValues(new Uint8Array(30_000)));
});
afterEach(async () => {
	await running?.stop();
	running = undefined;
	await bus.close();
	rmSync(folder, { recursive: true, force: true });
});

const keep = (line: string): void => void lines.push(line);
const logger: Logger = { debug: () => {}, info: keep, warn: keep, error: keep };

async function start(more: Record<string, string> = {}): Promise<ReceiverService> {
	await running?.stop();
	const destination = join(folder, 'in');
	mkdirSync(destination, { recursive: true });
	const read = checkConfig(receiverConfig, {
		destination,
		interface: 'lo',
		port: String(port),
		uid: '0xF0000001',
		stateDir: join(folder, 'state'),
		stopSeconds: '0.3',
		...more,
	});
	if (!read.ok) throw new Error(read.problem);
	running = await ReceiverService.start(read.value, { bus, subjects: s, logger });
	return running;
}

function security(more: Partial<SenderSecurityConfig> = {}): SenderSecurityConfig {
	const suite = {
		cipher: CipherType.AES256_GCM,
		hash: HashType.SHA256,
		keyExchange: KeyExchange.ECDH_ECDSA,
		signature: SignatureType.AUTHENC,
	};
	return { backend, random, suite, key: senderKey, clientAuth: true, fingerprints: new Map(), ...more };
}

async function send(config?: SenderSecurityConfig) {
	const more = config === undefined ? {} : { security: config };
	return (await startSending({ port, path: join(folder, 'original.bin'), targets: [uid], ...more })).done;
}

describe('a receiver', () => {
	it('makes a key at its first start, says its fingerprint, publishes it, and has it at the next start', async () => {
		await start();
		const shown = beats.at(-1)!.keys![0]!;
		expect(shown.kind).toBe('EC, secp256r1');
		const blob = Uint8Array.fromBase64(shown.publicKey);
		expect(formatFingerprint(importKeyBlob(backend, blob, 0, blob.length)!.fingerprint)).toBe(shown.fingerprint);
		const said = lines.find((line) => line.includes(shown.fingerprint))!;
		const file = /kept in (\S+\.key)\./.exec(said)![1]!;
		expect(statSync(file).mode & 0o777).toBe(0o600);
		await start();
		expect(beats.at(-1)!.keys![0]).toEqual(shown);
		expect(beats.at(-1)!.caps).toContain('encryption');
		const secret = readFileSync(file, 'utf8').split('\n')[1]!;
		expect(JSON.stringify([lines, beats])).not.toContain(secret);
	});

	it('takes part in an encrypted session with the key that it publishes', async () => {
		await start();
		const print = parseFingerprint(beats.at(-1)!.keys![0]!.fingerprint)!;
		const end = await send(security({ fingerprints: new Map([[uid, print]]) }));
		expect(end.results).toMatchObject([{ outcome: 'received' }]);
		expect(readFileSync(join(folder, 'in', 'original.bin'))).toEqual(readFileSync(join(folder, 'original.bin')));
		expect(lines.join('\n')).toContain('encrypted (ecdh_ecdsa, aes256-gcm, sha256, authenc) by the key');
	});

	it('is kept out by a sender that has another fingerprint for it', async () => {
		await start();
		const end = await send(security({ fingerprints: new Map([[uid, new Uint8Array(20).fill(1)]]) }));
		expect(end.failure?.code).toBe('nobodyRegistered');
	});

	it('makes a key for a sender that has an RSA key', async () => {
		await start();
		const key = generateRsaKey(backend, 1024);
		const suite = { ...security().suite, keyExchange: KeyExchange.RSA };
		expect((await send(security({ key, suite }))).results).toMatchObject([{ outcome: 'received' }]);
		expect(lines.join('\n')).toMatch(/\(RSA, 1024 bits\): made for this run/);
	});

	it('refuses sessions in the clear where it is told to', async () => {
		await start({ encryptedOnly: 'true' });
		expect((await send()).failure?.code).toBe('nobodyRegistered');
		expect((await send(security())).results).toMatchObject([{ outcome: 'received' }]);
	});
});
