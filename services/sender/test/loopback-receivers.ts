/** Receivers without a bus on one port of the loopback interface, and a registry that knows whom it is told. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus, Subjects } from '@uftp/bus';
import { RECEIVER_DEFAULTS } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { FileSink } from '@uftp/storage/receiving';
import { type DatagramSocket, findInterface, monotonicMs, openListener, openSocket } from '@uftp/transport';
import { type AttachedNode, ReceiverDriver } from '@uftp/transport/receiver';
import { formatUid } from '@uftp/wire';

export interface LoopbackReceiver {
	readonly uid: string;
	readonly folder: string;
	/** From now on it neither hears nor says anything. */
	fallSilent(): void;
}

export interface LoopbackReceivers {
	readonly port: number;
	readonly all: readonly LoopbackReceiver[];
	close(): void;
}

/** Receivers with the UIDs 0xF0000001, ...; each stores under `folder/<n>`. */
export async function openReceivers(folder: string, count: number): Promise<LoopbackReceivers> {
	const networkInterface = await findInterface('lo', 4);
	const probe = await openSocket({ family: 4 });
	const { port } = probe.local;
	probe.close();
	const listener = await openListener({ family: 4, bind: { port } });
	listener.join('230.4.4.1', networkInterface);
	const driver = new ReceiverDriver(listener);
	const opened: { reply: DatagramSocket; sink: FileSink; attached: AttachedNode; receiver: ReceiverNode }[] = [];
	const all: LoopbackReceiver[] = [];
	for (let n = 1; n <= count; n++) {
		const receiverId = 0xf0000000 + n;
		const own = join(folder, String(n));
		mkdirSync(own);
		const sink = new FileSink({ destinations: [own] });
		const reply = await openSocket({ family: 4, bind: { address: '127.0.0.1' } });
		const receiver = new ReceiverNode({ ...RECEIVER_DEFAULTS, graceMs: 2000, receiverId, instance: [n, n] });
		const attached = driver.attach({
			receiver,
			sink,
			reply,
			interfaces: [networkInterface],
			onEvent: () => {},
			onFault: ({ error }) => {
				throw error;
			},
		});
		opened.push({ reply, sink, attached, receiver });
		all.push({
			uid: formatUid(receiverId),
			folder: own,
			fallSilent: () => attached.detach(),
		});
	}
	return {
		port,
		all,
		close: () => {
			for (const { reply, sink, attached, receiver } of opened) {
				receiver.abort(monotonicMs(), 'the test is over');
				attached.flush();
				attached.detach();
				reply.close();
				sink.close();
			}
			driver.close();
			listener.close();
		},
	};
}

/** Answers the question for receivers as a registry would. */
export function playRegistry(bus: Bus, subjects: Subjects, port: number, uids: readonly string[]): void {
	const at = new Date().toISOString();
	bus.subscribe(subjects.registryList, (message) => {
		const nodes = uids.map((uid) => ({
			presence: 'alive',
			firstSeen: at,
			lastSeen: at,
			ageMs: 0,
			heartbeat: {
				v: 1,
				role: 'receiver',
				id: uid,
				instance: 'i',
				seq: 1,
				version: '0',
				host: `host-of-${uid}`,
				startedAt: at,
				intervalMs: 5000,
				uid,
				addresses: ['127.0.0.1'],
				interfaces: [],
				groups: ['230.4.4.1'],
				port,
				caps: [],
				ours: true,
			},
		}));
		message.respond({ ok: true, v: 1, registry: 'played', listeningMs: 60_000, nodes, total: nodes.length });
	});
}
