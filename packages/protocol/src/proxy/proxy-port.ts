/**
 * A proxy as its driver sees it. See `../session.ts` for the rules; this adds the path of what is forwarded as it
 * stands: the driver asks `route` for every datagram first, and sends runs of datagrams with the same way straight from
 * the memory that they were received into, once for each of its destinations.
 */
import type { Endpoint } from '../ports.ts';
import type { DatagramSession } from '../session.ts';
import type { ProxyEvent, ProxyTotals } from './proxy-events.ts';

/** What `route` says besides the number of a way. */
export const Route = {
	/** For `handleDatagram`. */
	Handle: -1,
	/** Counted; forget it. */
	Drop: -2,
} as const;

export interface Proxy extends DatagramSession<ProxyEvent> {
	/**
	 * Where the datagram bytes[at .. at+length) goes as it stands: the number of a way (0 and more), or a `Route`.
	 * `sourceKey` and `sourcePort` are those of `IncomingBatch`. Allocates nothing, and does not change the bytes.
	 */
	route(now: number, sourceKey: number, sourcePort: number, bytes: Uint8Array, at: number, length: number): number;
	/** Where a way leads: the same array as long as nothing changes. Empty when nobody is there at present. */
	destinations(way: number): readonly Endpoint[];

	/** Ends one session (groupId) or all of them. */
	abort(now: number, reason: string, groupId?: number): void;

	readonly sessionCount: number;
	/** The sessions at present. */
	readonly sessions: readonly { readonly groupId: number; readonly senderId: number; readonly totals: ProxyTotals }[];
	/** Counters since the start: datagrams forwarded down and up, handled, dropped by reason. */
	readonly counters: Readonly<Record<string, number>>;
}
