/** A receiver on the loopback interface that keeps what it gets in memory, and settings that reach it. */
import { type IncomingFile, RECEIVER_DEFAULTS, type ReceiverEvent } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { listInterfaces, openListener, openSocket } from '@uftp/transport';
import { ReceiverDriver } from '@uftp/transport/receiver';
import { formatUid } from '@uftp/wire';
import type { SendSettings } from '../src/index.ts';

let groups = 0;

export interface LoopbackReceiver {
	readonly id: number;
	/** For `sendFiles`: fast, and to this receiver only. */
	readonly settings: SendSettings;
	/** The files that are complete, by name. */
	readonly files: ReadonlyMap<string, Uint8Array>;
	readonly events: readonly ReceiverEvent[];
	close(): void;
}

export async function openLoopbackReceiver(): Promise<LoopbackReceiver> {
	const networkInterface = listInterfaces().find((each) => each.isLoopback);
	if (networkInterface === undefined) throw new Error('this machine has no loopback interface');
	const number = 1 + (groups++ % 200);
	const id = 0x7f001000 + number;
	const publicAddress = `230.4.6.${number}`;
	const listener = await openListener({ family: 4, bind: { port: 0 }, networkInterface });
	listener.join(publicAddress, networkInterface);
	const driver = new ReceiverDriver(listener);
	const reply = await openSocket({ family: 4, networkInterface });
	const events: ReceiverEvent[] = [];
	const files = new Map<string, Uint8Array>();
	const open = new Map<number, { readonly file: IncomingFile; readonly bytes: Uint8Array }>();
	driver.attach({
		receiver: new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId: id, instance: [process.pid, number] }),
		sink: {
			offer: (file) => {
				open.set(file.handle, { file, bytes: new Uint8Array(file.size) });
				return { kind: 'accept', status: 0 };
			},
			write: (handle, offset, bytes, at, length) => {
				open.get(handle)?.bytes.set(bytes.subarray(at, at + length), offset);
				return undefined;
			},
			finish: (handle) => {
				const found = open.get(handle);
				if (found !== undefined) files.set(found.file.name, found.bytes);
				return undefined;
			},
			discard: (handle) => void open.delete(handle),
		},
		reply,
		interfaces: [networkInterface],
		onEvent: (event) => events.push(event),
		onFault: ({ error }) => {
			throw error;
		},
	});
	return {
		id,
		settings: {
			publicAddress,
			privateAddress: `230.5.6.${number}`,
			port: listener.local.port,
			interface: networkInterface.name,
			receivers: [id],
			rateBytesPerSecond: 20_000_000,
			grttMs: { initial: 20, min: 10, max: 1000 },
		},
		files,
		events,
		close: () => {
			driver.close();
			reply.close();
			listener.close();
		},
	};
}

/** Bytes that differ from place to place. */
export function pattern(seed: number, length: number): Uint8Array {
	const bytes = new Uint8Array(length);
	for (let i = 0; i < length; i++) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff;
	return bytes;
}

/** A file of a session whose bytes come from memory. */
export function inMemory(name: string, bytes: Uint8Array) {
	const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
	return { path: name, content: { size: bytes.length, read } };
}

/** "0x7F001001: received" for each receiver of a session. */
export function outcomes(results: readonly { readonly receiverId: number; readonly outcome: string }[]): string[] {
	return results.map(({ receiverId, outcome }) => `${formatUid(receiverId)}: ${outcome}`);
}
