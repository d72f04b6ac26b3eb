/**
 * Runs one sending session on one socket: the loop of `@uftp/protocol`'s session contract. Blocks go from the source
 * straight into the outgoing batch; this file moves, and decides nothing.
 *
 * Whatever the session, the source, the socket or the event hook throws, in whatever turn, ends this session alone:
 * `run` rejects with it, and the other sessions of the process go on.
 */
import type { BlockSource, OutgoingBatch, SenderEnd, SenderEvent, SenderSession } from '@uftp/protocol';
import { monotonicMs } from './clock.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import { PreciseTimer } from './timer.ts';

/** Bursts sent before answers are read, and before other work of the process gets its turn. */
const BURSTS_PER_READ = 8;
const BURSTS_PER_TURN = 64;
/** How long a full send buffer is given to drain. */
const FULL_BUFFER_MS = 0.2;
/** Bursts that may be composed after a fault: the ABORT, and control messages that were queued before it. */
const BURSTS_AFTER_FAULT = 4096;

export interface SenderDriverOptions {
	readonly session: SenderSession;
	readonly socket: DatagramSocket;
	readonly source: BlockSource;
	/** Every event of the session, after the driver has acted on it. */
	readonly onEvent: (event: SenderEvent) => void;
}

export class SenderDriver {
	readonly #session: SenderSession;
	readonly #socket: DatagramSocket;
	readonly #source: BlockSource;
	readonly #onEvent: (event: SenderEvent) => void;
	readonly #outgoing: OutgoingBatch;
	readonly #incoming;
	readonly #timer = new PreciseTimer();
	/** Datagrams of the outgoing batch that the socket has taken; the whole batch when nothing is pending. */
	#taken = 0;
	#isPending = false;
	#isScheduled = false;
	readonly #ending = Promise.withResolvers<SenderEnd>();
	#isOver = false;

	constructor(options: SenderDriverOptions) {
		this.#session = options.session;
		this.#socket = options.socket;
		this.#source = options.source;
		this.#onEvent = options.onEvent;
		this.#outgoing = options.socket.createOutgoing();
		this.#incoming = options.socket.createIncoming();
	}

	/**
	 * Runs the session to its end. Rejects with what was thrown by the session, the source, the socket or the hook; then
	 * the receivers have been sent an ABORT if that was possible. The socket stays open: it is the caller's.
	 */
	run(): Promise<SenderEnd> {
		this.#contain(() => {
			this.#timer.onFire(() => this.#contain(() => this.#turn()));
			this.#socket.onReadable(() => this.#schedule());
			this.#turn();
		});
		return this.#ending.promise;
	}

	/** Ends the session with an ABORT to everybody; `run` resolves when that has been sent. */
	abort(reason: string): void {
		this.#contain(() => this.#session.abort(monotonicMs(), reason));
		this.#schedule();
	}

	/** As `expectProxy` of the session. */
	expectProxy(proxyId: number, fingerprint: Uint8Array | undefined): void {
		this.#contain(() => this.#session.expectProxy(monotonicMs(), proxyId, fingerprint));
	}

	#schedule(): void {
		if (this.#isScheduled || this.#isOver) return;
		this.#isScheduled = true;
		setImmediate(() => {
			this.#isScheduled = false;
			this.#contain(() => this.#turn());
		});
	}

	/** Every entry from outside goes through here: what is thrown ends the session, and does not reach the caller. */
	#contain(action: () => void): void {
		if (this.#isOver) return;
		try {
			action();
		} catch (error) {
			this.#fail(error);
		}
	}

	#fail(error: unknown): void {
		this.#detach();
		attempt(() => this.#abortAfterFault());
		this.#ending.promise.catch(() => {}); // handled here, too, for callers that have not awaited `run` yet
		this.#ending.reject(error);
	}

	/** Sends the ABORT without waiting for the socket, and without the hook, which may be what has failed. */
	#abortAfterFault(): void {
		const now = monotonicMs();
		const outgoing = this.#outgoing;
		this.#session.abort(now, 'Internal error of the sender, aborting all');
		for (let event = this.#session.pollEvent(); event !== undefined; event = this.#session.pollEvent()) {
			const { kind } = event;
			if (kind === 'fileEnded') attempt(() => this.#source.close(event.file));
		}
		for (let burst = 0; burst < BURSTS_AFTER_FAULT; burst++) {
			if (!this.#session.pollTransmit(now, outgoing)) return;
			if (outgoing.file < 0) this.#socket.send(outgoing, 0);
		}
	}

	/** Nothing comes from the timer or the socket any more. */
	#detach(): void {
		this.#isOver = true;
		attempt(() => this.#timer.close());
		attempt(() => this.#socket.onReadable(() => {}));
	}

	#turn(): void {
		if (this.#isOver) return;
		this.#read();
		const now = monotonicMs();
		if (this.#session.pollTimeout() <= now) this.#session.handleTimeout(now);
		this.#drainEvents();
		const isIdle = this.#transmit();
		const { end } = this.#session;
		if (isIdle && !this.#isPending && end !== undefined) this.#finish(end);
		else this.#wait(isIdle);
	}

	#read(): void {
		const batch = this.#incoming;
		while (this.#socket.receive(batch)) {
			const now = monotonicMs();
			for (let i = 0; i < batch.count; i++) {
				this.#session.handleDatagram(now, batch.from(i), batch.bytes, batch.headerAt[i], batch.length[i]);
			}
			this.#drainEvents();
		}
	}

	/** Sends what the session has. True when it has no more for now. */
	#transmit(): boolean {
		for (let burst = 1; burst <= BURSTS_PER_TURN; burst++) {
			if (!this.#isPending) {
				if (!this.#session.pollTransmit(monotonicMs(), this.#outgoing)) {
					this.#drainEvents();
					return true;
				}
				if (!this.#fill()) continue;
				this.#taken = 0;
			}
			this.#taken += this.#socket.send(this.#outgoing, this.#taken);
			this.#isPending = this.#taken < this.#outgoing.count;
			if (this.#isPending) return true;
			this.#drainEvents();
			if (burst % BURSTS_PER_READ === 0) this.#read();
		}
		return false;
	}

	/** Puts the file's bytes behind the headers and seals them, if the session is encrypted. False when the file is not what it was: the session then ends. */
	#fill(): boolean {
		const { file } = this.#outgoing;
		if (file < 0) return true;
		const problem = this.#source.fill(this.#outgoing);
		if (problem === undefined) {
			this.#session.seal(this.#outgoing);
			return true;
		}
		this.#session.fileFailed(monotonicMs(), file, problem);
		this.#drainEvents();
		return false;
	}

	#drainEvents(): void {
		for (;;) {
			const event = this.#session.pollEvent();
			if (event === undefined) return;
			if (event.kind === 'fileNeeded') this.#open(event.file);
			else if (event.kind === 'fileEnded') this.#source.close(event.file);
			this.#onEvent(event);
		}
	}

	#open(file: number): void {
		const problem = this.#source.open(file);
		if (problem === undefined) this.#session.fileOpened(monotonicMs(), file);
		else this.#session.fileUnavailable(monotonicMs(), file, problem);
	}

	#wait(isIdle: boolean): void {
		if (!isIdle) {
			this.#schedule();
			return;
		}
		const now = monotonicMs();
		const deadline = this.#isPending ? now + FULL_BUFFER_MS : this.#session.pollTimeout();
		if (deadline <= now) this.#schedule();
		else if (deadline !== Number.POSITIVE_INFINITY) this.#timer.arm(deadline);
	}

	#finish(end: SenderEnd): void {
		this.#detach();
		this.#ending.resolve(end);
	}
}

/** For what is done on the way out: the fault that led there is the one to report. */
function attempt(action: () => void): void {
	try {
		action();
	} catch {
		// The first fault is what `run` rejects with.
	}
}
