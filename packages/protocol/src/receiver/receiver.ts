/**
 * The receiving node: all sessions of one receiver id behind one object (see `session.ts` of the package for how it is
 * driven, `receiver-port.ts` for its requests). Every call into a session is contained (`shared/containment.ts`).
 */
import type { Arrival } from '../arrival.ts';
import type { ReceiverEvent } from '../events.ts';
import type { CompleteStatus, Endpoint, FileDecision, OutgoingBatch } from '../ports.ts';
import type { ReceiverConfig, ResponseProxyConfig } from '../receiver-config.ts';
import type { Receiver, ReceiverRequest } from '../receiver-port.ts';
import { Reports } from '../reports.ts';
import type { Placement } from '../session.ts';
import { Containment } from '../shared/containment.ts';
import { isSameEndpoint } from '../shared/endpoints.ts';
import { AnnounceHandler } from './announce/announce-handler.ts';
import { KnownSenders } from './announce/known-senders.ts';
import { AnswerQueue } from './answers.ts';
import { Counters } from './counters.ts';
import { EndedSessions } from './ended-sessions.ts';
import { BitmapBudget } from './files/received-blocks.ts';
import { HoldOff } from './hold-off.ts';
import { IncomingDatagrams } from './incoming-datagrams.ts';
import { ResponseProxy } from './proxied/response-proxy.ts';
import { Requests } from './requests.ts';
import type { ReceiverSession } from './session.ts';
import type { FileOwner, NodeServices } from './session-context.ts';
import { SessionTable } from './session-table.ts';

export class ReceiverNode implements Receiver {
	readonly #counters = new Counters();
	readonly #reports = new Reports<ReceiverEvent>(this.#counters);
	readonly #requests = new Requests();
	readonly #answers: AnswerQueue;
	readonly #ended: EndedSessions;
	readonly #node: NodeServices;
	readonly #sessions: SessionTable;
	readonly #datagrams: IncomingDatagrams;
	readonly #responseProxy: ResponseProxy;
	readonly #announces: AnnounceHandler;
	readonly #containment: Containment<ReceiverSession>;

	constructor(config: ReceiverConfig) {
		this.#answers = new AnswerQueue(config.receiverId, this.#counters);
		this.#ended = new EndedSessions(config.receiverId, this.#answers);
		this.#containment = new Containment({
			counters: this.#counters,
			requests: this.#requests,
			find: (groupId) => this.#sessions.get(groupId),
			end: (now, session) => this.#endByFault(now, session),
		});
		this.#sessions = new SessionTable(this.#ended, this.#containment);
		this.#responseProxy = new ResponseProxy(config, (event) => this.#reports.emit(event));
		let lastHandle = 0;
		this.#node = {
			config,
			answers: this.#answers,
			counters: this.#counters,
			requests: this.#requests,
			knownSenders: new KnownSenders(config),
			budget: new BitmapBudget(config.bitmapBytesMax),
			holdOff: new HoldOff(config.instance[0] ^ config.instance[1] ^ config.receiverId),
			responseProxy: this.#responseProxy,
			handles: new Map<number, FileOwner>(),
			newHandle: () => ++lastHandle,
			emit: (event) => this.#reports.emit(event),
		};
		this.#announces = new AnnounceHandler(this.#node, this.#sessions, this.#ended, this.#reports);
		this.#datagrams = new IncomingDatagrams(this.#node, this.#sessions, this.#ended, this.#reports, this.#announces);
	}

	// ---- input

	handle(now: number, arrival: Arrival): Placement | undefined {
		this.#containment.begin(now);
		try {
			return this.#datagrams.take(now, arrival);
		} catch (error) {
			this.#containment.fault(now, error);
			return undefined;
		}
	}

	handleTimeout(now: number): void {
		this.#containment.begin(now);
		this.#containment.call(now, undefined, () => this.#responseProxy.handleTimeout(now));
		for (const session of this.#sessions.all()) {
			if (session.deadline <= now) this.#call(now, session, () => session.handleTimeout(now));
		}
	}

	// ---- faults

	/** Lets a session act, and carries out the end that this has led to. Allocates: not for the path of the data. */
	#call(now: number, session: ReceiverSession | undefined, act: () => void): void {
		this.#containment.call(now, session, () => {
			act();
			this.#sessions.settle(now, session);
		});
	}

	#endByFault(now: number, session: ReceiverSession): void {
		const { context, files, groupId } = session;
		const reason = 'This program has failed';
		context.end = { outcome: 'internal', reason, tellsSender: true };
		try {
			this.#sessions.settle(now, session);
		} catch {
			// It cannot even be ended in order. What the shell holds for it is given back all the same.
			for (const [handle, owner] of this.#node.handles) if (owner === files) this.#node.handles.delete(handle);
			this.#requests.endSession(groupId);
			const { privateGroup } = context.terms;
			const { senderId } = context.link;
			const { filesReceived } = files;
			this.#reports.emit({
				...{ kind: 'sessionEnded', groupId, senderId, outcome: 'internal', reason, filesReceived, privateGroup },
			});
			this.#sessions.expel(now, session);
		}
	}

	// ---- commands

	fail(now: number, groupId: number, error: unknown): void {
		this.#containment.fail(now, groupId, error);
	}

	groupOf(handle: number): number | undefined {
		return this.#node.handles.get(handle)?.groupId;
	}

	fileDecided(now: number, handle: number, decision: FileDecision): void {
		this.#command(now, handle, (owner) => {
			owner.fileDecided(now, handle, decision);
			if (decision.kind === 'accept') this.#sessions.hot = this.#sessions.get(owner.groupId);
		});
	}

	fileStored(now: number, handle: number, status?: CompleteStatus): void {
		this.#command(now, handle, (owner) => owner.fileStored(now, handle, status));
	}

	fileRejected(now: number, handle: number, reason: string): void {
		this.#command(now, handle, (owner) => owner.fileRejected(now, handle, reason));
	}

	#command(now: number, handle: number, act: (owner: FileOwner) => void): void {
		this.#containment.begin(now);
		const owner = this.#node.handles.get(handle);
		if (owner !== undefined) this.#call(now, this.#sessions.get(owner.groupId), () => act(owner));
	}

	abort(now: number, reason: string, groupId?: number): void {
		this.#containment.begin(now);
		for (const session of this.#sessions.all()) {
			if (groupId !== undefined && session.context.link.groupId !== groupId) continue;
			this.#call(now, session, () => session.context.finish('interrupted', reason, true));
		}
	}

	drain(): void {
		this.#announces.isDraining = true;
	}

	setResponseProxy(now: number, proxy: ResponseProxyConfig | undefined): void {
		this.#containment.begin(now);
		this.#call(now, undefined, () => {
			this.#responseProxy.set(now, proxy);
			this.#announces.reconsider(now);
		});
	}

	responseProxyLost(now: number, endpoint: Endpoint): void {
		this.#containment.begin(now);
		const { endpoint: current } = this.#responseProxy;
		const isCurrent = current !== undefined && isSameEndpoint(current, endpoint);
		this.#responseProxy.forgetKeys(now, endpoint);
		const to = isCurrent ? undefined : current;
		for (const session of this.#sessions.all()) {
			const { proxy } = session.context.link;
			if (proxy === undefined || !isSameEndpoint(proxy, endpoint)) continue;
			this.#call(now, session, () => session.leaveProxy(now, endpoint, to));
		}
		this.#ended.moveFrom(endpoint, to);
	}

	// ---- output

	pollTransmit(now: number, batch: OutgoingBatch): boolean {
		this.#containment.begin(now);
		for (;;) {
			try {
				return this.#responseProxy.poll(batch) || this.#answers.poll(now, batch);
			} catch (error) {
				// The answer that could not be composed has left the queue.
				const link = this.#answers.composing;
				const session = link && this.#sessions.get(link.groupId);
				if (session?.context.link === link) this.#containment.acting = session;
				this.#containment.fault(now, error);
			}
		}
	}

	pollRequest(): ReceiverRequest | undefined {
		return this.#requests.poll();
	}

	pollTimeout(): number {
		let earliest = this.#responseProxy.deadline;
		for (const session of this.#sessions.all()) earliest = Math.min(earliest, session.deadline);
		return earliest;
	}

	pollEvent(): ReceiverEvent | undefined {
		return this.#reports.poll();
	}

	// ---- getters

	get expectedSplit(): number {
		return this.#sessions.hot?.context.clearHeaderBytes ?? 0;
	}

	get expectedPayloadBytes(): number {
		const { hot } = this.#sessions;
		return hot === undefined || hot.context.clearHeaderBytes === 0 ? 0 : hot.context.terms.blockBytes;
	}

	get expectsMarks(): boolean {
		for (const { context } of this.#sessions.all()) if (context.congestion !== undefined) return true;
		return false;
	}

	get sessionCount(): number {
		return this.#sessions.size;
	}

	get counters(): Readonly<Record<string, number>> {
		return this.#counters.snapshot();
	}
}
