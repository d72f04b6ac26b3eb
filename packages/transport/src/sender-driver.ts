/**
 * Runs one sending session on one socket: the loop of `@uftp/protocol`'s session contract. Blocks go from the source
 * straight into the outgoing batch; this file moves, and decides nothing.
 *
 * Whatever the session, the source, the socket or the event hook throws, in whatever turn, ends this session alone:
 * `run` rejects with it, and the other sessions of the process go on.
 */
import { BatchArrival, type BlockSource, type OutgoingBatch, type SenderEnd, type SenderEvent } from '@uftp/protocol';
import type { SenderSession } from '@uftp/protocol/sender';
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

/** What a source answers: undefined when all is well, else a sentence. */
type SourceAnswer = ReturnType<BlockSource['fill']>;

/** A `BlockSource` that may answer later: the session sends nothing until it has, and then goes on from there. */
export interface LateBlockSource {
	open(file: number): SourceAnswer | Promise<SourceAnswer>;
	/** The batch is the source's until it has answered. */
	fill(batch: OutgoingBatch): SourceAnswer | Promise<SourceAnswer>;
	close(file: number): void;
}

export interface SenderDriverOptions {
	readonly session: SenderSession;
	readonly socket: DatagramSocket;
	/** A promise of it that rejects ends the session as an exception does; one that never settles holds it up for ever. */
	readonly source: BlockSource | LateBlockSource;
	/** Every event of the session. */
	readonly onEvent: (event: SenderEvent) => void;
}

export class SenderDriver {
	readonly #session: SenderSession;
	readonly #socket: DatagramSocket;
	readonly #source: BlockSource | LateBlockSource;
	readonly #onEvent: (event: SenderEvent) => void;
	#outgoing: OutgoingBatch;
	readonly #incoming;
	readonly #arrival: BatchArrival;
	readonly #timer = new PreciseTimer();
	/** Datagrams of the outgoing batch that the socket has taken; the whole batch when nothing is pending. */
	#taken = 0;
	#isPending = false;
	/** The source has yet to answer for the outgoing batch. */
	#isFilling = false;
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
		this.#arrival = new BatchArrival(this.#incoming);
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
		this.#contain(() => {
			this.#abandonFill();
			this.#session.abort(monotonicMs(), reason);
		});
		this.#schedule();
	}

	/** Ends the session as if one of its parts had thrown `error`: `run` rejects with it. Harmless after the end. */
	fail(error: unknown): void {
		if (!this.#isOver) this.#fail(error);
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

	/** What the source still writes must not be sent, and what is sent must not wait for it. */
	#abandonFill(): void {
		if (!this.#isFilling) return;
		this.#isFilling = false;
		this.#outgoing = this.#socket.createOutgoing();
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
		this.#abandonFill();
		const outgoing = this.#outgoing;
		this.#session.abort(now, 'Internal error of the sender, aborting all');
		for (let left = this.#session.pollRequest(); left !== undefined; left = this.#session.pollRequest()) {
			const { kind, file } = left;
			if (kind === 'closeFile') attempt(() => this.#source.close(file));
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
		this.#drain();
		const isIdle = this.#transmit();
		const { end } = this.#session;
		if (isIdle && !this.#isPending && !this.#isFilling && end !== undefined) this.#finish(end);
		else this.#wait(isIdle);
	}

	#read(): void {
		const batch = this.#incoming;
		while (this.#socket.receive(batch)) {
			const now = monotonicMs();
			for (let i = 0; i < batch.count; i++) this.#session.handle(now, this.#arrival.at(i));
			this.#drain();
		}
	}

	/** Sends what the session has. True when it has no more for now. */
	#transmit(): boolean {
		if (this.#isFilling) return true;
		for (let burst = 1; burst <= BURSTS_PER_TURN; burst++) {
			if (!this.#isPending) {
				if (!this.#session.pollTransmit(monotonicMs(), this.#outgoing)) {
					this.#drain();
					return true;
				}
				this.#taken = 0;
				if (!this.#fill()) {
					if (this.#isFilling) return true;
					continue;
				}
			}
			this.#taken += this.#socket.send(this.#outgoing, this.#taken);
			this.#isPending = this.#taken < this.#outgoing.count;
			if (this.#isPending) return true;
			this.#drain();
			if (burst % BURSTS_PER_READ === 0) this.#read();
		}
		return false;
	}

	/**
	 * Puts the file's bytes behind the headers and seals them, if the session is encrypted. False when the batch is not to
	 * be sent now: the source answers later, or the file is not what it was, which ends the session.
	 */
	#fill(): boolean {
		if (this.#outgoing.file < 0) return true;
		const answer = this.#source.fill(this.#outgoing);
		if (answer === undefined || typeof answer === 'string') return this.#filled(answer);
		const batch = this.#outgoing;
		this.#isFilling = true;
		this.#later(answer, (problem) => {
			if (batch !== this.#outgoing) return;
			this.#isFilling = false;
			this.#isPending = this.#filled(problem);
		});
		return false;
	}

	#filled(problem: string | undefined): boolean {
		if (problem === undefined) {
			this.#session.seal(this.#outgoing);
			return true;
		}
		this.#session.fileFailed(monotonicMs(), this.#outgoing.file, problem);
		this.#drain();
		return false;
	}

	/** Goes on with what a source answers later, in a turn of its own. */
	#later(answer: Promise<string | undefined>, goOn: (problem: string | undefined) => void): void {
		answer.then(
			(problem) => {
				this.#contain(() => goOn(problem));
				this.#schedule();
			},
			(error) => this.fail(error),
		);
	}

	/** Does what the session asks for, then passes on what it reports. */
	#drain(): void {
		const session = this.#session;
		for (let request = session.pollRequest(); request !== undefined; request = session.pollRequest()) {
			if (request.kind === 'openFile') this.#open(request.file);
			else this.#source.close(request.file);
		}
		for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) this.#onEvent(event);
	}

	#open(file: number): void {
		const answer = this.#source.open(file);
		if (answer === undefined || typeof answer === 'string') this.#opened(file, answer);
		else this.#later(answer, (problem) => this.#opened(file, problem));
	}

	#opened(file: number, problem: string | undefined): void {
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
		if (deadline <= now) {
			// While the source has the batch, what is due has to wait for it.
			if (!this.#isFilling) this.#schedule();
		} else if (deadline !== Number.POSITIVE_INFINITY) this.#timer.arm(deadline);
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
