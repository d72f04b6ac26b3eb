/** Calling the handlers of a bus: nothing that they throw gets out, and their promises can be waited for. */
import type { Message, MessageHandler } from './bus.ts';

/** Calls the handler. If it returns a promise, that is in `running` until it is settled. `onError` hears of failures. */
export function runHandler(
	handler: MessageHandler,
	message: Message,
	running: Set<Promise<void>>,
	onError: (error: unknown) => void,
): void {
	let result: void | Promise<void>;
	try {
		result = handler(message);
	} catch (error) {
		onError(error);
		return;
	}
	if (!(result instanceof Promise)) return;
	const run = result.catch(onError).finally(() => running.delete(run));
	running.add(run);
}

/** Waits for the promise, but not longer than the time given; true if it was fulfilled in time. */
export async function within(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(false), timeoutMs);
	});
	try {
		return await Promise.race([promise.then(() => true), late]);
	} finally {
		clearTimeout(timer);
	}
}
