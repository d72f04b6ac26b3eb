/** The simulator's clock and its future: actions in the order of their time; at the same time, in the order of their making. */

interface Entry {
	readonly at: number;
	readonly order: number;
	readonly action: () => void;
}

export class EventQueue {
	/** Virtual milliseconds since the start. */
	now = 0;
	#order = 0;
	/** A binary heap: the earliest entry first. */
	readonly #heap: Entry[] = [];

	get size(): number {
		return this.#heap.length;
	}

	/** When the next action is due; Infinity when there is none. */
	get nextAt(): number {
		return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
	}

	/** Plans an action; never for the past. */
	at(time: number, action: () => void): void {
		const heap = this.#heap;
		const entry = { at: Math.max(time, this.now), order: this.#order++, action };
		let child = heap.length;
		heap.push(entry);
		while (child > 0) {
			const parent = (child - 1) >> 1;
			if (isBefore(heap[parent], entry)) break;
			heap[child] = heap[parent];
			child = parent;
		}
		heap[child] = entry;
	}

	/** Runs the next action and moves the clock to its time. False when there is none. */
	step(): boolean {
		const heap = this.#heap;
		const first = heap[0];
		if (first === undefined) return false;
		const last = heap.pop() ?? first;
		if (heap.length > 0) sink(heap, last);
		this.now = first.at;
		first.action();
		return true;
	}
}

function sink(heap: Entry[], entry: Entry): void {
	let parent = 0;
	for (;;) {
		let child = 2 * parent + 1;
		if (child >= heap.length) break;
		if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
		if (isBefore(entry, heap[child])) break;
		heap[parent] = heap[child];
		parent = child;
	}
	heap[parent] = entry;
}

function isBefore(a: Entry, b: Entry): boolean {
	return a.at < b.at || (a.at === b.at && a.order < b.order);
}
