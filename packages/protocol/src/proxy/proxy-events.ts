/** The public facts that a proxy reports to the shell. Times are the `now` of the call that caused the event. */
import type { DropReason } from '../drop-reason.ts';
import type { SessionSecurityFacts } from '../events.ts';
import type { Endpoint } from '../ports.ts';
import type { Problem } from '../problem.ts';

/** What a proxy did for one session, so far. */
export interface ProxyTotals {
	/** Receivers behind a gathering proxy; 0 at a server proxy, which does not look. */
	readonly receivers: number;
	/** Datagrams towards the receivers, as they came from the sender. */
	readonly datagramsDown: number;
	/** Answers of receivers that came in, and messages that went to the sender for them. */
	readonly messagesIn: number;
	readonly messagesOut: number;
	/** How long answers were held to be sent together: sum and longest, in milliseconds. */
	readonly heldMs: number;
	readonly heldMsMax: number;
}

/** What a proxy may complain about while it runs; `proxy`: the endpoint of the other one. */
export type ProxyProblem = 'heartbeat-key-missing';

/** How a session ended at a proxy; `internal`: this program has failed. */
export type ProxyOutcome = 'completed' | 'silent' | 'aborted' | 'interrupted' | 'internal';

/** What a proxy reports. Times are in milliseconds. */
export type ProxyEvent =
	| {
			readonly kind: 'sessionStarted';
			readonly groupId: number;
			readonly groupInstance: number;
			readonly senderId: number;
			/** Where the ANNOUNCE came from: the sender, or the proxy before this one. */
			readonly sender: Endpoint;
			/** Joined by server and response proxies (`ProxyRequest`); undefined for client proxies and in unicast mode. */
			readonly privateGroup: string | undefined;
			/** Gathering proxies in encrypted sessions. */
			readonly security?: SessionSecurityFacts | undefined;
			readonly isEncrypted: boolean;
	  }
	| {
			readonly kind: 'sessionEnded';
			readonly groupId: number;
			readonly senderId: number;
			readonly outcome: ProxyOutcome;
			readonly reason: string;
			readonly privateGroup: string | undefined;
			readonly totals: ProxyTotals;
	  }
	| {
			readonly kind: 'receiverRegistered';
			readonly groupId: number;
			readonly receiverId: number;
			readonly address: Endpoint;
			readonly isOurs: boolean;
			readonly fingerprint?: Uint8Array | undefined;
	  }
	/** The sender has confirmed the receiver (REG_CONF), and it has the group key where there is one. */
	| { readonly kind: 'receiverConfirmed'; readonly groupId: number; readonly receiverId: number }
	| {
			readonly kind: 'receiverRefused';
			readonly groupId: number;
			readonly receiverId: number;
			readonly address: Endpoint;
			readonly reason: string;
	  }
	| {
			readonly kind: 'receiverAborted';
			readonly groupId: number;
			readonly receiverId: number;
			readonly reason: string;
	  }
	/** One message went to the sender for several receivers. */
	| {
			readonly kind: 'aggregated';
			readonly groupId: number;
			/** "REGISTER", "STATUS", ... */
			readonly message: string;
			readonly receivers: number;
			readonly heldMs: number;
	  }
	/** A server proxy's downstream has proved its key from this address: it is served there. `site`: index in the configuration. */
	| {
			readonly kind: 'pinholeOpened';
			readonly site: number;
			readonly downstreamId: number;
			readonly fingerprint: Uint8Array;
			readonly endpoint: Endpoint;
			/** Where it was before, if it has moved. */
			readonly previous: Endpoint | undefined;
	  }
	/** A heartbeat came from where it was expected. */
	| {
			readonly kind: 'pinholeRefreshed';
			readonly site: number;
			readonly downstreamId: number;
			readonly endpoint: Endpoint;
	  }
	/** Nothing was heard for `pinholeMs`: nothing is forwarded there any more. */
	| {
			readonly kind: 'pinholeExpired';
			readonly site: number;
			readonly downstreamId: number;
			readonly endpoint: Endpoint;
	  }
	/** Own heartbeats: what the proxy at `to` says to them ('silent': nothing, three times in a row). */
	| {
			readonly kind: 'heartbeatAnswered';
			readonly to: Endpoint;
			readonly result: 'ok' | 'challenged' | 'refused' | 'silent';
	  }
	/** Response proxies: a receiver asked for the key / the key went out to the public groups. */
	| { readonly kind: 'keyRequested'; readonly from: Endpoint }
	| { readonly kind: 'keySent'; readonly group: Endpoint }
	/** An announcement that is not served, and why. */
	| { readonly kind: 'announceIgnored'; readonly groupId: number; readonly senderId: number; readonly reason: string }
	| { readonly kind: 'dropped'; readonly reason: DropReason; readonly from: Endpoint }
	| { readonly kind: 'warning'; readonly problem: Problem<ProxyProblem> };
