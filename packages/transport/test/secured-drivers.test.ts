import { CipherType, CurveId, curveById, generateEcKey, HashType, KeyExchange, signatureTypeFor } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import {
	type BlockSink,
	type BlockSource,
	type CatalogueEntry,
	RECEIVER_DEFAULTS,
	type ReceiverEvent,
	SENDER_DEFAULTS,
} from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { SenderSession } from '@uftp/protocol/sender';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../src/clock.ts';
import type { SocketDriver } from '../src/datagram-socket.ts';
import { openListener } from '../src/listener.ts';
import { openSocket } from '../src/open-socket.ts';
import { ReceiverDriver } from '../src/receiver-driver.ts';
import type { NodeFault } from '../src/receiving-node.ts';
import { SenderDriver } from '../src/sender-driver.ts';
import { loopback, pattern } from './loopback.ts';

const FILE_BYTES = 1_000_001;
const FILE: CatalogueEntry = { type: 0, name: 'a.bin', size: FILE_BYTES, modifiedSeconds: 1, link: '' };
const FIRST_ID = 0x7f000010;
const { backend } = selectBackend();
const curve = curveById(CurveId.SECP256R1)!;
const newKey = () => generateEcKey(backend, curve, systemRandom);

const closing: { close(): void }[] = [];
afterEach(() => {
	for (const each of closing.splice(0).reverse()) each.close();
});

function sourceOf(content: Uint8Array): BlockSource {
	return {
		open: () => undefined,
		close: () => {},
		fill: (batch) => {
			for (let i = 0; i < batch.count; i++) {
				const length = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
				const from = content.subarray(batch.offsets[i], batch.offsets[i] + length);
				batch.bytes.set(from, i * batch.stride + batch.payloadOffset);
			}
			return undefined;
		},
	};
}

class MemorySink implements BlockSink {
	readonly content = new Uint8Array(FILE_BYTES);
	writes = 0;

	offer() {
		return { kind: 'accept', status: 0 } as const;
	}

	write(_handle: number, offset: number, bytes: Uint8Array, at: number, length: number): undefined {
		this.writes++;
		this.content.set(bytes.subarray(at, at + length), offset);
	}

	finish(): undefined {}
	discard(): void {}
}

/** Sends one file, encrypted, to so many nodes that share one port; returns what each of them has. */
async function send(driver: SocketDriver, nodes: number, cipher: CipherType) {
	const networkInterface = loopback();
	const listener = await openListener({ family: 4, bind: { port: 0 }, networkInterface, driver });
	closing.push(listener);
	listener.join('230.4.4.78', networkInterface);
	const receivers = new ReceiverDriver(listener);
	closing.push(receivers);
	const sinks: MemorySink[] = [];
	const events: ReceiverEvent[] = [];
	const faults: NodeFault[] = [];
	for (let i = 0; i < nodes; i++) {
		const security = { backend, random: systemRandom, keys: [newKey()], encryptedOnly: true };
		const settings = { ...RECEIVER_DEFAULTS, receiverId: FIRST_ID + i, instance: [3, i] as const, security };
		const reply = await openSocket({ family: 4, networkInterface, driver });
		closing.push(reply);
		const sink = new MemorySink();
		sinks.push(sink);
		const onEvent = (event: ReceiverEvent) => events.push(event);
		const onFault = (fault: NodeFault) => faults.push(fault);
		const receiver = new ReceiverNode(settings);
		receivers.attach({ receiver, sink, reply, interfaces: [networkInterface], onEvent, onFault });
	}
	const content = pattern(5, FILE_BYTES);
	const socket = await openSocket({ family: 4, networkInterface, bind: { address: '127.0.0.1' }, driver });
	closing.push(socket);
	const { port } = listener.local;
	const hash = HashType.SHA256;
	const suite = { cipher, hash, keyExchange: KeyExchange.ECDH_ECDSA, signature: signatureTypeFor(cipher, false) };
	const session = new SenderSession(
		{
			...SENDER_DEFAULTS,
			groupId: 0x7700 + nodes,
			groupInstance: 0,
			sourceId: 0x7f000001,
			family: 4,
			publicEndpoint: { host: '230.4.4.78', port },
			privateEndpoint: { host: '230.5.5.78', port },
			isUnicast: false,
			rateBytesPerSecond: 20_000_000,
			targets: Array.from({ length: nodes }, (_, i) => FIRST_ID + i),
			proxies: [],
			expected: [],
			openPolicy: 'settled',
			quitOnError: false,
			epochMs: Date.now() - monotonicMs(),
			seed: 1,
			grttMs: { initial: 50, min: 10, max: 1000 },
			security: { backend, random: systemRandom, suite, key: newKey(), clientAuth: true, fingerprints: new Map() },
		},
		[FILE],
		monotonicMs(),
	);
	const sender = new SenderDriver({ session, socket, source: sourceOf(content), onEvent: () => {} });
	const end = await sender.run();
	return { end, sinks, content, events };
}

for (const driver of ['linux-batch', 'portable'] as const) {
	describe(`an encrypted session on the ${driver} socket`, () => {
		it.each([
			['one node, in place', 1, CipherType.AES256_GCM],
			['three nodes of one port, each in a copy of its own', 3, CipherType.AES128_CBC],
		] as const)('is opened by %s', async (_name, nodes, cipher) => {
			const { end, sinks, content, events } = await send(driver, nodes, cipher);
			expect(end.results.map(({ outcome }) => outcome)).toEqual(Array(nodes).fill('received'));
			for (const sink of sinks) {
				expect(Buffer.compare(sink.content, content)).toBe(0);
				// Blocks that come together are written together.
				if (driver === 'linux-batch') expect(sink.writes).toBeLessThan(FILE_BYTES / 1300 / 2);
			}
			expect(events.filter((event) => event.kind === 'warning')).toEqual([]);
		});
	});
}
