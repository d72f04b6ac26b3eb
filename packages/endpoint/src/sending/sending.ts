/** What a session that sends reports, and how it ends. */
import type { Problem, ReceiverResult, SenderConfig, SenderEvent, SenderFailure, SenderProgress } from '@uftp/protocol';
import type { Catalogue, SourceEntry } from '@uftp/storage';
import type { SocketStats } from '@uftp/transport';
import type { SessionAddresses } from '../network/index.ts';
import type { ProblemCode } from '../problems/index.ts';
import type { EventFeed, OnFault } from '../running/index.ts';
import type { PinEvent } from './first-use.ts';

/** Everything is settled and open; the session starts with this event. */
export interface SendingOpened {
	readonly kind: 'opened';
	readonly session: SenderConfig;
	readonly addresses: SessionAddresses;
	/** Which interface, and why (`describeProblem`). */
	readonly interface: Problem<ProblemCode>;
	/** How UDP is spoken, as a sentence. */
	readonly socket: string;
	/** What is not as it should be with the socket, as sentences. */
	readonly warnings: readonly string[];
	readonly entries: readonly SourceEntry[];
}

/** What happens to a session that sends, from `opened` to `ended`. */
export type SendingEvent =
	| SendingOpened
	/** What was asked for and is not sent. */
	| { readonly kind: 'notSent'; readonly problems: Catalogue['problems'] }
	| PinEvent
	| { readonly kind: 'progress'; readonly progress: SenderProgress }
	| SenderEvent;

/** Why a session failed: what ended it, or what kept it from being started (`describeProblem`). */
export type SendingFailure = Problem<ProblemCode>;

/** The codes of the core's failures. */
export const FAILURE_CODES = {
	nobodyRegistered: 'nobody-registered',
	nobodyAnsweredFileInfo: 'nobody-answered-file-info',
	allLost: 'all-lost',
	quitOnError: 'quit-on-error',
	timeExceeded: 'time-exceeded',
	interrupted: 'interrupted',
	fileChanged: 'file-changed',
	allFilesUnavailable: 'all-files-unavailable',
} as const satisfies Readonly<Record<SenderFailure, ProblemCode>>;

/** How it ended. */
export interface SendingEnd {
	/**
	 * Undefined: the session ran to its end, whatever became of each receiver. `internal`: something threw, or did not
	 * return in time (`facts.why`); `fault` is what was thrown.
	 */
	readonly failure: SendingFailure | undefined;
	readonly fault?: unknown;
	/** By receiver; empty if the session was not started, or met a fault before its end. */
	readonly results: readonly ReceiverResult[];
	readonly elapsedMs: number;
	readonly bytesSent: number;
	readonly packetsSent: number;
	readonly repairBytesSent: number;
	/** What went through the socket, if it was opened. */
	readonly socket: SocketStats | undefined;
}

/** What the application wants to be called for. */
export interface SendHooks {
	/**
	 * Every event, in order, as it happens. It may return a promise: then the next event waits, the session does not.
	 * What it throws ends the session as `internal`.
	 */
	readonly onEvent?: (event: SendingEvent) => void | Promise<void>;
	/** What was thrown, once; by default it is written to the error output. */
	readonly onFault?: OnFault;
}

/** A session on its way. */
export interface Sending {
	/** The same events as `onEvent`, for listeners and `for await`. */
	readonly events: EventFeed<SendingEvent>;
	/** How far the session is; undefined before it has started. */
	readonly progress: SenderProgress | undefined;
	/** Resolves when everything is over and closed; never rejects. */
	readonly ended: Promise<SendingEnd>;
	/** Ends the session for everybody, at once or as soon as it has begun. Harmless after its end. */
	abort(reason: string): void;
	/**
	 * A proxy that became known after the start may answer for receivers, too, with the key of this fingerprint (20
	 * bytes) or any. Without effect once registration is over.
	 */
	expectProxy(proxyId: number, fingerprint?: Uint8Array): void;
}
