/** Most descriptors watched at once. */
export const MAX_WATCHES = 512;

/**
 * One-shot poll requests: the kernel adds to an eventfd when a watched descriptor becomes readable (at once if it is),
 * so that nobody has to sit in `poll`. Requests are numbered 0 to `MAX_WATCHES` - 1; tags are positive and below 2^53.
 */
export interface PollQueue {
	/** Asks to be notified when `descriptor` is readable. `tag` comes back from `reap`. 0, or the error number. */
	submit(request: number, descriptor: number, tag: number): number;
	/**
	 * Takes back the request that was submitted with `tag`, and waits (some ten microseconds) until the kernel has let go
	 * of the descriptor: only then does closing it free its port. Must precede closing it.
	 */
	cancel(request: number, tag: number): void;
	/** Moves the tags of what has become readable into `tags`, at most its length; returns how many. */
	reap(tags: Float64Array): number;
}

/** The two mechanisms of Linux, the better one first. */
export type PollMechanism = 'io_uring' | 'aio';
