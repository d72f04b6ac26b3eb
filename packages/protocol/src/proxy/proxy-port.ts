/**
 * A proxy as its driver sees it. See `../session.ts` for the rules; this adds the path of what is forwarded as it
 * stands.
 *
 * `handle` returns the number of a way (0 and more) for a datagram that is to be forwarded as it stands: the driver
 * sends runs of datagrams with the same way straight from the memory that they were received into, once for each of
 * `destinations(way)`, before anything that the proxy composes afterwards. Undefined: the datagram has been dealt with.
 * A proxy has its port for itself, so it may change the bytes of what it does not forward. Forwarding allocates nothing.
 */
import type { Endpoint } from '../ports.ts';
import type { Session } from '../session.ts';
import type { FaultRequest } from '../shared/request-queue.ts';
import type { ProxyEvent, ProxyTotals } from './proxy-events.ts';

/** What the shell must do. A group is joined at most once for each session, and left once for each time it was joined. */
export type ProxyRequest =
	/** Join the private group of a session; `source`: for packets from this address only, undefined: from anywhere. */
	| {
			readonly kind: 'joinGroup';
			readonly groupId: number;
			readonly group: string;
			readonly source: string | undefined;
	  }
	/** Leave the private group of the session. */
	| { readonly kind: 'leaveGroup'; readonly groupId: number }
	| FaultRequest;

export interface Proxy extends Session<ProxyRequest, ProxyEvent, number> {
	/** Where a way leads: the same array as long as nothing changes. Empty when nobody is there at present. */
	destinations(way: number): readonly Endpoint[];

	/** Ends one session (groupId) or all of them. */
	abort(now: number, reason: string, groupId?: number): void;
	/**
	 * The shell has failed while it acted for this session: it ends with the outcome `internal`, and the error comes back
	 * as a request `fault`, once for each session.
	 */
	fail(now: number, groupId: number, error: unknown): void;

	readonly sessionCount: number;
	/** The sessions at present. */
	readonly sessions: readonly { readonly groupId: number; readonly senderId: number; readonly totals: ProxyTotals }[];
	/** Counters since the start: datagrams forwarded down and up, handled, dropped by reason. */
	readonly counters: Readonly<Record<string, number>>;
}
