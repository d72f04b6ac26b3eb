/** A receiver that is open. */
import { type Endpoint, RECEIVER_DEFAULTS, type ReceiverEvent, type ResponseProxyConfig } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { type DatagramSocket, monotonicMs, type NodeFault } from '@uftp/transport';
import type { AttachedNode } from '@uftp/transport/receiver';
import { addressFamily, type Family } from '@uftp/wire';
import type { UidChoice } from '../identity/index.ts';
import { EventFeed, reportFault } from '../running/index.ts';
import { FunctionSink } from './function-sink.ts';
import { sendHeartbeat } from './heartbeats.ts';
import { LaggingNode } from './lagging-node.ts';
import type { ReceiverKeys } from './receiver-keys.ts';
import type { ReceiverPort } from './receiver-port.ts';
import { SessionHooks } from './session-hooks.ts';
import type { ClosableSink, ReceiverHooks, ReceiverSettings } from './settings.ts';

/** What one node has to itself: there is one for each address family. */
export interface NodeParts {
	readonly port: ReceiverPort;
	readonly sink: ClosableSink;
	readonly reply: DatagramSocket;
	/** What its groups are joined for. */
	readonly sources: readonly (string | undefined)[];
}

interface Opened {
	readonly settings: ReceiverSettings;
	readonly hooks: ReceiverHooks;
	readonly parts: readonly NodeParts[];
	readonly choice: UidChoice;
	readonly keys: ReceiverKeys | undefined;
}

interface Node extends NodeParts {
	readonly receiver: ReceiverNode;
	readonly attached: AttachedNode;
	readonly hooks: SessionHooks;
}

const FAREWELL = 'The receiver is shutting down';

/** A receiver at work, as `openReceiver` gives it. */
export class RunningReceiver {
	readonly uid: number;
	/** Why this id, for the log (`describeProblem`). */
	readonly uidReason: UidChoice['reason'];
	/** The keys that it has from the start, and what to log about them; undefined: it takes part in the clear only. */
	readonly keys: ReceiverKeys | undefined;
	readonly ports: readonly ReceiverPort[];
	/** The same events as `onEvent`, for listeners and `for await`. */
	readonly events: EventFeed<ReceiverEvent>;
	/** Resolves when it has stopped, for whatever reason, and everything is closed; never rejects. */
	readonly closed: Promise<void>;
	readonly #closed = Promise.withResolvers<void>();
	readonly #hooks: ReceiverHooks;
	readonly #nodes: Node[] = [];
	#beating: ReturnType<typeof setInterval> | undefined;
	#drained: PromiseWithResolvers<void> | undefined;
	#isClosed = false;

	private constructor({ hooks, parts, choice, keys }: Opened) {
		this.uid = choice.uid;
		this.uidReason = choice.reason;
		this.keys = keys;
		this.ports = parts.map(({ port }) => port);
		this.#hooks = hooks;
		this.closed = this.#closed.promise;
		this.events = new EventFeed((error) => reportFault(hooks.onFault, { error, groupId: undefined }));
	}

	/** For `openReceiver`: starts to listen. Throws what the sockets throw; then the parts are the caller's to close. */
	static start(opened: Opened): RunningReceiver {
		const running = new RunningReceiver(opened);
		const { settings, parts } = opened;
		const instance = settings.instance ?? drawInstance();
		try {
			for (const each of parts) running.#nodes.push(running.#attach(opened, each, instance));
			for (const { port, sources } of parts) port.join(sources);
		} catch (error) {
			for (const { attached } of running.#nodes) attached.detach();
			throw error;
		}
		running.#beat(settings.heartbeats);
		return running;
	}

	#attach({ settings, keys }: Opened, parts: NodeParts, instance: readonly [number, number]): Node {
		const { port, sink, reply } = parts;
		const { responseProxy: proxy, loss } = settings;
		const config = {
			...RECEIVER_DEFAULTS,
			receiverId: this.uid,
			instance,
			...(settings.graceMs === undefined ? {} : { graceMs: settings.graceMs }),
			...(settings.sessionsMax === undefined ? {} : { sessionsMax: settings.sessionsMax }),
			security: keys?.config,
			responseProxy: proxy !== undefined && addressFamily(proxy.endpoint.host) === port.family ? proxy : undefined,
		};
		const receiver = sink instanceof FunctionSink ? new LaggingNode(config, sink) : new ReceiverNode(config);
		const fail = (groupId: number, error: unknown): void => {
			receiver.fail(monotonicMs(), groupId, error);
			attached.flush();
		};
		if (sink instanceof FunctionSink) sink.onFault = fail;
		const hooks = new SessionHooks({
			call: (event) => this.#tell(event, port.family),
			callMsMax: settings.hookMsMax,
			onFault: fail,
			onNodeFault: (error) => reportFault(this.#hooks.onFault, { error, groupId: undefined }),
		});
		const attached: AttachedNode = port.driver.attach({
			receiver,
			sink,
			reply,
			interfaces: port.interfaces,
			onEvent: (event) => {
				hooks.put(event);
				if (event.kind === 'sessionEnded') this.#checkDrained();
			},
			onFault: (fault) => this.#onFault(fault),
			...(loss === undefined ? {} : { loss }),
		});
		return { ...parts, receiver, attached, hooks };
	}

	#tell(event: ReceiverEvent, family: Family): void | Promise<void> {
		this.events.emit(event);
		return this.#hooks.onEvent?.(event, family);
	}

	#onFault({ error, groupId, endsNode }: NodeFault): void {
		reportFault(this.#hooks.onFault, { error, groupId });
		// A node cannot be replaced while the others run: that a receiver is half there would be noticed by nobody.
		if (endsNode) queueMicrotask(() => this.stop());
	}

	/** Sessions that it takes part in at the moment. */
	get sessionCount(): number {
		return this.#nodes.reduce((count, { receiver }) => count + receiver.sessionCount, 0);
	}

	/** The counters of each node since its start, by address family: datagrams, dropped ones by reason, blocks, NAKs. */
	get counters(): ReadonlyMap<Family, Readonly<Record<string, number>>> {
		return new Map(this.#nodes.map(({ port, receiver }) => [port.family, receiver.counters]));
	}

	/**
	 * The response proxy of the sessions that begin from now on; undefined: none. `lost`: the one there is dead, its
	 * sessions go on through `proxy` or with the sender. See `Receiver.setResponseProxy` and `responseProxyLost`.
	 */
	setResponseProxy(proxy: ResponseProxyConfig | undefined): void {
		for (const node of this.#nodes) {
			const isOfFamily = proxy !== undefined && addressFamily(proxy.endpoint.host) === node.port.family;
			this.#command(node, () => node.receiver.setResponseProxy(monotonicMs(), isOfFamily ? proxy : undefined));
		}
	}

	/** The response proxy at `endpoint` is dead: see `Receiver.responseProxyLost`. */
	responseProxyLost(endpoint: Endpoint): void {
		for (const node of this.#nodes) {
			this.#command(node, () => node.receiver.responseProxyLost(monotonicMs(), endpoint));
		}
	}

	/** Takes no new sessions. Resolves when those under way have ended, or when it is stopped. */
	drain(): Promise<void> {
		if (this.#drained === undefined) {
			this.#drained = Promise.withResolvers<void>();
			for (const { port, sources } of this.#nodes) attempt(() => port.leave(sources));
			for (const node of this.#nodes) this.#command(node, () => node.receiver.drain());
			this.#checkDrained();
		}
		return this.#drained.promise;
	}

	/** Ends all sessions with an ABORT that carries `reason`, and closes everything. Harmless when it has stopped. */
	stop(reason: string = FAREWELL): Promise<void> {
		if (this.#isClosed) return this.closed;
		this.#isClosed = true;
		clearInterval(this.#beating);
		for (const { port, sources, receiver, attached, reply, sink, hooks } of this.#nodes) {
			if (this.#drained === undefined) attempt(() => port.leave(sources));
			attempt(() => receiver.abort(monotonicMs(), reason));
			attempt(() => attached.flush());
			attempt(() => attached.detach());
			attempt(() => reply.close());
			attempt(() => sink.close?.());
			attempt(() => port.release());
			attempt(() => hooks.close());
		}
		this.events.end();
		this.#drained?.resolve();
		this.#closed.resolve();
		return this.closed;
	}

	#command(node: Node, act: () => void): void {
		if (this.#isClosed) return;
		act();
		node.attached.flush();
	}

	#checkDrained(): void {
		if (this.sessionCount === 0) this.#drained?.resolve();
	}

	#beat(heartbeats: ReceiverSettings['heartbeats']): void {
		if (heartbeats === undefined || heartbeats.to.length === 0) return;
		const beat = (): void => {
			for (const to of heartbeats.to) {
				const node = this.#nodes.find(({ port }) => port.family === addressFamily(to.host));
				if (node === undefined) continue;
				try {
					sendHeartbeat(node.port.listener, to, this.uid);
					this.#hooks.onHeartbeat?.(to);
				} catch (error) {
					reportFault(this.#hooks.onFault, { error, groupId: undefined });
				}
			}
		};
		// The caller has the object before the first hook is called.
		setImmediate(() => !this.#isClosed && beat());
		this.#beating = setInterval(beat, heartbeats.intervalMs);
	}
}

function drawInstance(): readonly [number, number] {
	const [high, low] = crypto.getRandomValues(new Uint32Array(2));
	return [high, low];
}

/** For what is done on the way out: nothing may keep the rest from being closed. */
function attempt(action: () => void): void {
	try {
		action();
	} catch {
		// It was to be closed, and is left behind.
	}
}
