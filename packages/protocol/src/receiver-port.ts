/**
 * The receiving node as its driver sees it: one object for all sessions of one receiver id. See `session.ts` for the
 * rules; this adds the path of the data.
 */
import type { ReceiverEvent } from './events.ts';
import type { CompleteStatus, Endpoint, FileDecision } from './ports.ts';
import type { ResponseProxyConfig } from './receiver-config.ts';
import type { DatagramSession } from './session.ts';

export interface Receiver extends DatagramSession<ReceiverEvent> {
	/**
	 * The fast path: a clear FILESEG whose header stands at `headerAt` (16 + 8 bytes, or 32 with congestion control)
	 * and whose payload is `payloadLength` bytes long. True when the block is wanted: the driver then writes the payload
	 * to file `placedHandle` at byte `placedOffset`. Allocates nothing.
	 */
	handleBlock(now: number, bytes: Uint8Array, headerAt: number, payloadLength: number): boolean;
	/**
	 * An ENCRYPTED datagram, bytes[at .. at+length), in one piece: it is opened in place, so its bytes are undefined
	 * afterwards. True when it was a wanted block: the driver then writes its payload, `placedBytes` at `placedAt`, to
	 * file `placedHandle` at byte `placedOffset`. Everything else in it has been dealt with. With libcrypto it allocates
	 * nothing for blocks.
	 */
	handleSealed(now: number, bytes: Uint8Array, at: number, length: number): boolean;
	readonly placedAt: number;
	readonly placedBytes: number;
	readonly placedHandle: number;
	readonly placedOffset: number;
	/**
	 * Header and payload bytes of the data that is coming now, as a hint for scattered receiving; 0 when there is none,
	 * or when it comes sealed.
	 */
	readonly expectedSplit: number;
	readonly expectedPayloadBytes: number;

	/** A session goes by congestion marks: the driver shall see them, and say them by `noteMark`. */
	readonly expectsMarks: boolean;
	/** Whether the datagrams that follow bore the mark "congestion experienced" (ECN, RFC 3168). */
	noteMark(isMarked: boolean): void;

	/** Answers to `fileOffered`, `fileComplete`; `handle` is the file's. */
	fileDecided(now: number, handle: number, decision: FileDecision): void;
	fileStored(now: number, handle: number, status?: CompleteStatus): void;
	/** Writing or finishing failed: the session ends with an ABORT that carries the reason. */
	fileFailed(now: number, handle: number, reason: string): void;

	/**
	 * The response proxy of the sessions that begin from now on; undefined: none. Those under way keep theirs. Its key is
	 * asked for at once; encrypted sessions that are announced before it has come are joined when it comes.
	 */
	setResponseProxy(now: number, proxy: ResponseProxyConfig | undefined): void;
	/**
	 * The response proxy at `endpoint` is dead. Its sessions go on through the one that is set now (call
	 * `setResponseProxy` first), or with the sender itself if none or the dead one is set: in the clear behind a new
	 * REGISTER, encrypted with the group key that they have. Those that have no group key yet end as `unconfirmed` and
	 * begin anew when they are announced again; those with key-exchange signatures end as `proxyLost`. Its keys are
	 * forgotten: one that is started in its place is asked for others. Other proxies' sessions stay as they are.
	 */
	responseProxyLost(now: number, endpoint: Endpoint): void;

	/** Ends one session (groupId) or all, with an ABORT to the sender. */
	abort(now: number, reason: string, groupId?: number): void;
	readonly sessionCount: number;
	/** Counters since the start: datagrams, malformed ones by reason, blocks new and duplicate, NAKs sent. */
	readonly counters: Readonly<Record<string, number>>;
}
