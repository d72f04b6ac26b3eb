/** One address family of a receiver: its port, its groups, its replies and its node. */
import { type Endpoint, RECEIVER_DEFAULTS, type ReceiverEvent, type ResponseProxyConfig } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import type { FileSink } from '@uftp/storage';
import {
	type AttachedNode,
	type DatagramSocket,
	type MulticastListener,
	monotonicMs,
	type NetworkInterface,
	type NodeFault,
	openListener,
	openSocket,
	ReceiverDriver,
	TransportError,
} from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import type { Family } from './groups.ts';
import { heartbeatDatagram } from './heartbeats.ts';
import type { ReceiverSecurity } from './receiver-security.ts';

/** Answers go to one address: they are routed as anything else. */
const REPLY_TTL = 64;

export interface ReceivingNodeOptions {
	readonly family: Family;
	readonly port: number;
	readonly groups: readonly string[];
	readonly interfaces: readonly NetworkInterface[];
	readonly bufferBytes: number;
	readonly receiverId: number;
	readonly instance: readonly [number, number];
	readonly sink: FileSink;
	readonly security: ReceiverSecurity;
	/** Of this family. */
	readonly responseProxy: ResponseProxyConfig | undefined;
	/** Code point of what is sent. */
	readonly dscp: number;
	readonly onEvent: (event: ReceiverEvent) => void;
	readonly onFault: (fault: NodeFault) => void;
}

export class ReceivingNode {
	readonly listener: MulticastListener;
	readonly family: Family;
	readonly #reply: DatagramSocket;
	readonly #driver: ReceiverDriver;
	readonly #receiver: ReceiverNode;
	readonly #attached: AttachedNode;

	private constructor(options: ReceivingNodeOptions, listener: MulticastListener, reply: DatagramSocket) {
		this.listener = listener;
		this.family = options.family;
		this.#reply = reply;
		const { receiverId, instance, sink, interfaces, responseProxy, onEvent, onFault } = options;
		const security = options.security.config;
		this.#receiver = new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId, instance, security, responseProxy });
		this.#driver = new ReceiverDriver(listener);
		this.#attached = this.#driver.attach({ receiver: this.#receiver, sink, reply, interfaces, onEvent, onFault });
	}

	/** Opens the sockets and joins the groups; throws a `CommandError` (exit 2, as in C). */
	static async open(options: ReceivingNodeOptions): Promise<ReceivingNode> {
		const { family, port, groups, interfaces, bufferBytes: receiveBufferBytes, dscp } = options;
		let listener: MulticastListener | undefined;
		try {
			listener = await openListener({ family, bind: { port }, receiveBufferBytes, dscp });
			const sources = sourcesOf(options);
			for (const group of groups) {
				for (const networkInterface of interfaces) {
					for (const source of sources) listener.join(group, networkInterface, source);
				}
			}
			const reply = await openSocket({ family, ttl: REPLY_TTL, receiveBufferBytes, dscp });
			return new ReceivingNode(options, listener, reply);
		} catch (error) {
			listener?.close();
			if (!(error instanceof TransportError)) throw error;
			const exitCode = error.code === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network;
			throw new CommandError(exitCode, `uftpd: ${error.message}`);
		}
	}

	/** Leaves from the port that is listened on: a proxy sends sessions to where heartbeats come from. */
	sendHeartbeat(target: Endpoint, receiverId: number): void {
		const bytes = heartbeatDatagram(receiverId);
		const batch = this.listener.createOutgoing();
		batch.bytes.set(bytes);
		batch.count = 1;
		batch.stride = bytes.length;
		batch.lastLength = bytes.length;
		batch.file = -1;
		batch.destination = target;
		this.listener.send(batch, 0);
	}

	/** Tells all senders that this receiver leaves, and closes everything. */
	close(reason: string): void {
		this.#receiver.abort(monotonicMs(), reason);
		this.#attached.flush();
		this.#attached.detach();
		this.#driver.close();
		this.#reply.close();
		this.listener.close();
	}
}

/** The addresses that the public groups are joined for; undefined: any. The response proxy says its key there. */
function sourcesOf({ security, family, responseProxy }: ReceivingNodeOptions): readonly (string | undefined)[] {
	const { senders } = security;
	if (senders === undefined) return [undefined];
	const addresses = senders.map(({ address }) => address).filter((address) => address.includes(':') === (family === 6));
	return [...new Set([...addresses, ...(responseProxy === undefined ? [] : [responseProxy.endpoint.host])])];
}
