/** The application's event hook at one receiving node: each session has its own turn, so that a slow one holds up no other. */
import type { ReceiverEvent } from '@uftp/protocol';
import { EventHook, HOOK_MS_MAX } from '../running/index.ts';

export interface SessionHooksOptions {
	/** May return a promise: the next event of the same session waits for it. */
	readonly call: (event: ReceiverEvent) => void | Promise<void>;
	/** Milliseconds that one call may take; default and maximum `HOOK_MS_MAX`. */
	readonly callMsMax: number | undefined;
	/** What a call for an event of this session rejected with, or that it was too slow. */
	readonly onFault: (groupId: number, error: unknown) => void;
	/** The same for events that belong to no session under way. */
	readonly onNodeFault: (error: unknown) => void;
}

export class SessionHooks {
	readonly #options: SessionHooksOptions;
	readonly #bySession = new Map<number, EventHook<ReceiverEvent>>();
	#ofNode: EventHook<ReceiverEvent>;

	constructor(options: SessionHooksOptions) {
		this.#options = options;
		this.#ofNode = this.#newNodeHook();
	}

	/** Calls the hook for an event. What it throws is let out: whoever emits the event knows the session. */
	put(event: ReceiverEvent): void {
		const groupId = groupOf(event);
		if (groupId === undefined) {
			this.#ofNode.put(event);
			return;
		}
		if (event.kind === 'sessionEnded') {
			this.#end(groupId, event);
			return;
		}
		let hook = this.#bySession.get(groupId);
		if (hook === undefined) {
			hook = this.#newHook((error) => this.#options.onFault(groupId, error));
			this.#bySession.set(groupId, hook);
		}
		hook.put(event);
	}

	close(): void {
		for (const hook of this.#bySession.values()) hook.close();
		this.#bySession.clear();
		this.#ofNode.close();
	}

	/** The last event of a session: also for a hook that has failed it, because its end must not go unnoticed. */
	#end(groupId: number, event: ReceiverEvent & { kind: 'sessionEnded' }): void {
		const hook = this.#bySession.get(groupId);
		this.#bySession.delete(groupId);
		if (hook === undefined || event.outcome === 'internal') this.#ofNode.put(event);
		else hook.put(event);
	}

	#newNodeHook(): EventHook<ReceiverEvent> {
		return this.#newHook((error) => {
			this.#options.onNodeFault(error);
			this.#ofNode = this.#newNodeHook();
		});
	}

	#newHook(onFault: (error: unknown) => void): EventHook<ReceiverEvent> {
		const { call, callMsMax = HOOK_MS_MAX } = this.#options;
		return new EventHook({ call, callMsMax: Math.min(callMsMax, HOOK_MS_MAX), onFault });
	}
}

function groupOf(event: ReceiverEvent): number | undefined {
	if (event.kind === 'announceIgnored') return undefined;
	return 'groupId' in event ? event.groupId : 'file' in event ? event.file.groupId : undefined;
}
