/**
 * The port between a session driver and the network: one UDP socket that sends and receives batches of datagrams.
 *
 * Two sockets stand behind it. `linux-batch` moves up to 64 KiB of datagrams with one system call (UDP segmentation
 * and receive offload); `portable` is `node:dgram`. On the wire they cannot be told apart. `openSocket` makes either.
 *
 * Nothing throws on the data path: what the network or the kernel refuses is counted in `stats()`. Opening a socket
 * and joining a group are the caller's commands and throw a `TransportError` whose message is a sentence for a user.
 */
import type { Endpoint, IncomingBatch, OutgoingBatch } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import type { NetworkInterface } from './interfaces.ts';

export type SocketDriver = 'linux-batch' | 'portable';

/** Bytes of an outgoing batch: the longest UDP payload there is over IPv4, hence also of a segmented send. */
export const OUTGOING_BATCH_BYTES = 65_507;
/** Datagrams of an outgoing batch: the most that every Linux with segmentation offload takes in one call. */
export const OUTGOING_BATCH_DATAGRAMS = 64;
/** Datagrams of an incoming batch: 32 messages, each of which may be 128 that the kernel has merged. */
export const INCOMING_BATCH_DATAGRAMS = 4096;

/** What went through a socket since it was opened. Bytes are UDP payload, without IP and UDP headers. */
export interface SocketStats {
	datagramsOut: number;
	bytesOut: number;
	sendCalls: number;
	/** Datagrams that the kernel refused (no route, forbidden by a firewall, too long): lost as on a bad network. */
	sendErrors: number;
	datagramsIn: number;
	bytesIn: number;
	receiveCalls: number;
	receiveErrors: number;
	/** Datagrams that the kernel dropped because the receive buffer was full. */
	kernelDrops: number;
	/** Datagrams that this process dropped because the listener did not fetch them in time (portable socket only). */
	queueDrops: number;
	/** A sentence about the last error of either direction, or "". */
	lastError: string;
}

export interface DatagramSocket {
	readonly driver: SocketDriver;
	readonly family: Family;
	/** The bound address and port; the port is the real one where 0 was asked for. */
	readonly local: Endpoint;
	/** Buffer sizes as read back from the kernel, in the unit in which they were asked for (what `sysctl` shows). */
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
	/** A sentence where ECN was asked for and this socket's packets do not carry it. */
	readonly marksProblem: string | undefined;

	/** Memory for bursts to send: `OUTGOING_BATCH_DATAGRAMS` datagrams, `OUTGOING_BATCH_BYTES` bytes. Make it once. */
	createOutgoing(): OutgoingBatch;
	/** Memory for what is received, of any socket of the same driver. Make it once. */
	createIncoming(): IncomingBatch;

	/**
	 * Sends the datagrams [from, batch.count) of a batch that `createOutgoing` of the same driver made, to
	 * `batch.destination`. Returns how many were taken. Fewer than offered means that the send buffer is full: call
	 * again with `from` advanced, a little later. A datagram that the kernel refuses counts as taken, and as an error.
	 */
	send(batch: OutgoingBatch, from: number): number;

	/**
	 * Sends datagrams [first, first + count) of a batch that `createIncoming` of the same driver made, as they stand,
	 * straight from the memory that they were received into. All must be flat. Returns how many were taken, as `send`
	 * does; where the destination cannot be reached all of them count as taken, and as errors.
	 */
	relay(batch: IncomingBatch, first: number, count: number, destination: Endpoint): number;

	/**
	 * Moves one call's worth of received datagrams into `batch`, replacing what was there. Never blocks. False when
	 * there is nothing (then `batch.count` is 0).
	 */
	receive(batch: IncomingBatch): boolean;

	/**
	 * Called (coalesced) whenever there may be something to receive. The listener then calls `receive`, best until it
	 * says false; if it stops earlier to let others run, it is called again in a later turn of the event loop.
	 * Without a listener nothing is read. Only one listener: the last one set.
	 */
	onReadable(listener: () => void): void;

	/**
	 * From inside the readable listener: it is called again no sooner than after `ms` milliseconds, so that datagrams
	 * gather and one call takes many. For times of much data; ignored where the receive buffer is too small for it.
	 */
	rest(ms: number): void;

	/**
	 * Says what most datagrams will look like: `split` header bytes, then `payloadBytes` bytes of file data. A wrong
	 * or missing hint costs speed, never correctness. (0, 0), the initial state, makes every datagram flat, which is
	 * what encrypted sessions need.
	 */
	expectData(split: number, payloadBytes: number): void;

	/**
	 * Whether the congestion marks of what is received are wanted (`IncomingBatch.isMarked`): initially not. A sentence
	 * where this socket cannot see them.
	 */
	expectMarks(areWanted: boolean): string | undefined;

	/** Joins a group on one interface, from any source or from `source` only. Throws `TransportError`. */
	join(group: string, networkInterface: NetworkInterface, source?: string): void;
	/** Leaves a group joined by `join` with the same arguments. Leaving what was not joined does nothing. */
	leave(group: string, networkInterface: NetworkInterface, source?: string): void;

	/** A snapshot: the object does not change afterwards. */
	stats(): SocketStats;
	/** Closes the socket; the listener is not called any more. Closing twice is harmless. */
	close(): void;
}

/** What `openSocket` needs to know. */
export interface SocketOptions {
	readonly family: Family;
	/** Address to bind (default: any) and port (0 or missing: the kernel chooses one). */
	readonly bind?: { readonly address?: string; readonly port?: number };
	/** Interface on which multicast leaves. Without it nothing multicast can be sent from this socket. */
	readonly networkInterface?: NetworkInterface;
	/** Time to live of outgoing multicast, 1..255 (default 1). Unicast keeps the system's. */
	readonly ttl?: number;
	/** Share the port with other sockets that also ask for it (default false). */
	readonly reuseAddress?: boolean;
	/** Receive buffer to ask for, in bytes: a floor, at least 32 MiB is asked for whatever this says. */
	readonly receiveBufferBytes?: number;
	/** Send buffer to ask for, in bytes: a floor, at least 1 MiB is asked for. */
	readonly sendBufferBytes?: number;
	/** Allow sending to broadcast addresses (default false). */
	readonly broadcast?: boolean;
	/** Differentiated services code point, 0..63 (default 0). */
	readonly dscp?: number;
	/**
	 * Tell routers that they may mark packets instead of dropping them (ECT(0), RFC 3168). Where the socket cannot say so
	 * `marksProblem` does, and routers drop.
	 */
	readonly ecn?: boolean;
	/**
	 * One call receives as many messages as there is room for, even where each is a train of datagrams: for what is sent on
	 * from where it stands, and costs a call for each batch and destination (default false).
	 */
	readonly isForwarding?: boolean;
	/** Default 'auto': what `selectDriver` found to work. */
	readonly driver?: 'auto' | SocketDriver;
}
