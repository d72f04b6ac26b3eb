/** What is reported about a fault: an exception of this program, or of a sink, source, hook, socket or library. */
export interface Fault {
	/** What was thrown, with its stack if it is an Error. */
	readonly error: unknown;
	/** The session that it ended; undefined: it could not be attributed to one. */
	readonly groupId: number | undefined;
}

/** Gets each fault once, for the log. What it throws itself is ignored. */
export type OnFault = (fault: Fault) => void;

/** Calls the hook for faults; it must not do harm of its own. Without a hook the stack goes to the error output. */
export function reportFault(onFault: OnFault | undefined, fault: Fault): void {
	if (onFault === undefined) {
		console.error('uftp:', fault.error);
		return;
	}
	try {
		const returned: unknown = onFault(fault);
		if (returned instanceof Promise) returned.catch(() => {});
	} catch {
		// It is the last resort already.
	}
}
