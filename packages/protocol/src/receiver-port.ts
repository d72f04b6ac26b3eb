/**
 * The receiving node as its driver sees it: one object for all sessions of one receiver id. See `session.ts` for the
 * rules; this adds the requests, the commands that answer them, and the hints for the path of the data.
 *
 * What comes sealed is opened in place. A driver that gives the same bytes to several nodes hands each a copy of those.
 */
import type { ReceiverEvent } from './events.ts';
import type { BlockMap, CompleteStatus, Endpoint, FileDecision, IncomingFile } from './ports.ts';
import type { ResponseProxyConfig } from './receiver-config.ts';
import type { Placement, Session } from './session.ts';
import type { FaultRequest } from './shared/request-queue.ts';

/**
 * What the shell must do, in this order for each session: it is started once and ended once, and all its files are
 * finished or discarded in between. Nothing is asked for that the shell has not been asked to begin.
 */
export type ReceiverRequest =
	/** Join the private group, if there is one. */
	| {
			readonly kind: 'startSession';
			readonly groupId: number;
			/** Undefined in unicast mode. */
			readonly privateGroup: string | undefined;
			/** The addresses that its packets are wanted from; undefined among them: any. */
			readonly sources: readonly (string | undefined)[];
	  }
	/** Leave the private group of the session. */
	| { readonly kind: 'endSession'; readonly groupId: number }
	/** Ask the sink, and answer with `fileDecided`. */
	| { readonly kind: 'offerFile'; readonly file: IncomingFile }
	/** All blocks are placed: write what is left, finish the file, and answer with `fileStored` or `fileRejected`. */
	| { readonly kind: 'finishFile'; readonly file: IncomingFile }
	/** The file will not be completed. `arrived`: what a resumed session need not send again. */
	| { readonly kind: 'discardFile'; readonly file: IncomingFile; readonly arrived?: BlockMap }
	/** The session has ended before (`endSession`); without one, the node forgets the input that led to it and goes on. */
	| FaultRequest;

export interface Receiver extends Session<ReceiverRequest, ReceiverEvent, Placement> {
	/**
	 * Header and payload bytes of the data that is coming now, as a hint for scattered receiving; 0 when there is none,
	 * or when it comes sealed.
	 */
	readonly expectedSplit: number;
	readonly expectedPayloadBytes: number;
	/** A session goes by congestion marks: arrivals shall say whether they bear one. */
	readonly expectsMarks: boolean;

	/** Answers to `offerFile` and `finishFile`; `handle` is the file's. */
	fileDecided(now: number, handle: number, decision: FileDecision): void;
	fileStored(now: number, handle: number, status?: CompleteStatus): void;
	/**
	 * Writing or finishing failed: the file ends as rejected, the sender is answered so, and the session goes on. What the
	 * sink may still have of it is asked back with `discardFile`.
	 */
	fileRejected(now: number, handle: number, reason: string): void;
	/** The session of an open file; undefined when no file has this handle. */
	groupOf(handle: number): number | undefined;
	/**
	 * The shell has failed while it acted for this session: it ends with the outcome `internal`, and the error comes back
	 * as a request `fault`, once for each session.
	 */
	fail(now: number, groupId: number, error: unknown): void;

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

	/** Takes part in no session from now on that is not under way. */
	drain(): void;
	/** Ends one session (groupId) or all, with an ABORT to the sender. */
	abort(now: number, reason: string, groupId?: number): void;
	readonly sessionCount: number;
	/** Counters since the start: datagrams, dropped ones by reason, blocks new and duplicate, NAKs sent. */
	readonly counters: Readonly<Record<string, number>>;
}
