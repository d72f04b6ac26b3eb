import { type Problem, type Proxy as ProxyCore, type ProxyEvent, type ProxyTotals, problem } from '@uftp/protocol';
import { type DatagramSocket, monotonicMs, type NetworkInterface, type SocketStats } from '@uftp/transport';
import { LossWatch, ProxyDriver } from '@uftp/transport/proxies';
import type { Family } from '@uftp/wire';
import type { ProxyInterfaces } from '../network/proxy-interfaces.ts';
import type { ProblemCode } from '../problems/index.ts';
import { EventFeed, type Fault, type OnFault, reportFault } from '../running/index.ts';

/** How often it looks whether packets were lost. */
const LOSSES_MS = 5000;
/** Receivers that chose a gathering proxy just before it said that it leaves have registered by then. */
const LATE_REGISTRATION_MS = 1000;

/** What the core reports (`ProxyEvent`), and packets that were lost at this proxy, as a sentence. */
export type RunningProxyEvent = ProxyEvent | { readonly kind: 'packetsLost'; readonly message: string };

/** One session under way. */
export interface RelayedSession {
	readonly groupId: number;
	readonly senderId: number;
	readonly totals: ProxyTotals;
}

/** How a proxy came to its end: without a problem if it was stopped, else with `internal`. */
export interface ProxyEnd {
	readonly problem: Problem<ProblemCode> | undefined;
}

/** What `openProxy` has made ready. */
export interface ProxyParts {
	readonly core: ProxyCore;
	readonly sockets: readonly DatagramSocket[];
	readonly interfaces: ProxyInterfaces;
	readonly mode: 'server' | 'client' | 'response';
	readonly uid: number;
	readonly warnings: readonly string[];
	readonly onFault: OnFault | undefined;
}

/** A proxy at work, as `openProxy` gives it. */
export class RunningProxy {
	readonly mode: 'server' | 'client' | 'response';
	/** Its id among all nodes. */
	readonly uid: number;
	/** Where it hears groups and sends multicast, and why there. */
	readonly interfaces: ProxyInterfaces;
	/** What to log at the start: sentences about this machine. */
	readonly warnings: readonly string[];
	/** Everything that happens from the next turn of the event loop on: listeners that are added at once miss nothing. */
	readonly events = new EventFeed<RunningProxyEvent>((error) => this.#fail({ error, groupId: undefined }));
	/** Resolves when it has ended, by `stop` or by a fault that no session can be blamed for. Never rejects. */
	readonly closed: Promise<ProxyEnd>;
	readonly #core: ProxyCore;
	readonly #driver: ProxyDriver;
	readonly #sockets: readonly DatagramSocket[];
	readonly #losses: LossWatch;
	readonly #watching: ReturnType<typeof setInterval>;
	readonly #starting: ReturnType<typeof setImmediate>;
	readonly #onFault: OnFault | undefined;
	readonly #resolveClosed: (end: ProxyEnd) => void;
	/** Those who wait until nobody needs the proxy any more. */
	readonly #waiting = new Set<() => void>();
	#isClosed = false;

	/** For `openProxy`. */
	constructor({ core, sockets, interfaces, mode, uid, warnings, onFault }: ProxyParts) {
		this.warnings = warnings;
		this.mode = mode;
		this.uid = uid;
		this.interfaces = interfaces;
		this.#core = core;
		this.#sockets = sockets;
		this.#onFault = onFault;
		const { promise, resolve } = Promise.withResolvers<ProxyEnd>();
		this.closed = promise;
		this.#resolveClosed = resolve;
		const listening = (family: Family): readonly NetworkInterface[] => interfaces.listening.get(family) ?? [];
		this.#driver = new ProxyDriver({
			proxy: core,
			sockets,
			interfaces: listening,
			onEvent: (event) => this.#take(event),
			onFault: ({ error, groupId, endsNode }) => {
				if (endsNode) this.#fail({ error, groupId });
				else reportFault(onFault, { error, groupId });
			},
		});
		this.#losses = new LossWatch(this.#driver, sockets);
		this.#watching = setInterval(() => this.#guarded(() => this.#reportLosses()), LOSSES_MS);
		this.#watching.unref();
		this.#starting = setImmediate(() => this.#guarded(() => this.#driver.start()));
	}

	/** The sessions at present. */
	get sessions(): readonly RelayedSession[] {
		return this.#core.sessions;
	}

	get sessionCount(): number {
		return this.#core.sessionCount;
	}

	/** Datagrams forwarded and handled since the start, and those that were dropped, by reason. */
	get counters(): Readonly<Record<string, number>> {
		return this.#core.counters;
	}

	/** What went through its sockets, one for each address family. */
	socketStats(): SocketStats[] {
		return this.#sockets.map((socket) => socket.stats());
	}

	/**
	 * Waits until nobody would miss it, for at most `limitMs` milliseconds; it goes on working meanwhile. A gathering
	 * proxy hears of every session of its groups, and is needed by those in which it has receivers. Never rejects.
	 */
	drain(limitMs: number): Promise<void> {
		return new Promise((resolve) => {
			let isLate = false;
			const timers: ReturnType<typeof setTimeout>[] = [];
			const finish = (): void => {
				this.#waiting.delete(look);
				for (const timer of timers) clearTimeout(timer);
				resolve();
			};
			const look = (): void => {
				if (this.#isClosed || !this.#isNeeded(isLate)) finish();
			};
			this.#waiting.add(look);
			timers.push(setTimeout(finish, limitMs));
			if (this.mode !== 'server') {
				timers.push(
					setTimeout(() => {
						isLate = true;
						look();
					}, LATE_REGISTRATION_MS),
				);
			}
			look();
		});
	}

	/**
	 * Ends every session with an ABORT that carries `reason`, closes the sockets, and resolves like `closed`. A second
	 * call changes nothing. `drain` before lets the sessions end by themselves.
	 */
	stop(reason: string): Promise<ProxyEnd> {
		if (this.#isClosed) return this.closed;
		try {
			this.#core.abort(monotonicMs(), reason);
			this.#driver.flush();
			this.#reportLosses();
		} catch (error) {
			reportFault(this.#onFault, { error, groupId: undefined });
		}
		this.#close(undefined);
		return this.closed;
	}

	#isNeeded(isLate: boolean): boolean {
		if (this.mode === 'server' || !isLate) return this.#core.sessionCount > 0;
		return this.#core.sessions.some(({ totals }) => totals.receivers > 0);
	}

	#take(event: ProxyEvent): void {
		this.events.emit(event);
		if (event.kind === 'sessionEnded') for (const look of [...this.#waiting]) look();
	}

	#reportLosses(): void {
		const message = this.#losses.news();
		if (message !== undefined) this.events.emit({ kind: 'packetsLost', message });
	}

	/** What is thrown here belongs to no session: it ends the proxy. */
	#guarded(act: () => void): void {
		try {
			act();
		} catch (error) {
			this.#fail({ error, groupId: undefined });
		}
	}

	#fail(fault: Fault): void {
		if (this.#isClosed) return;
		reportFault(this.#onFault, fault);
		const { error } = fault;
		this.#close(problem('internal', { why: error instanceof Error ? error.message : String(error) }));
	}

	#close(ending: Problem<ProblemCode> | undefined): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		clearImmediate(this.#starting);
		clearInterval(this.#watching);
		try {
			this.#driver.close();
		} catch (error) {
			reportFault(this.#onFault, { error, groupId: undefined });
		}
		for (const socket of this.#sockets) socket.close();
		for (const look of [...this.#waiting]) look();
		this.events.end();
		this.#resolveClosed({ problem: ending });
	}
}
