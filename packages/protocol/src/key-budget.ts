/** How many costly operations with keys a node still may do: a flood of handshakes must not take its whole time. */
import { KEY_OPERATIONS_PER_SECOND } from './limits.ts';

export class KeyBudget {
	#left = KEY_OPERATIONS_PER_SECOND;
	#at = 0;

	/** Takes one operation out of the budget; false if there is none. */
	take(now: number): boolean {
		const earned = ((now - this.#at) / 1000) * KEY_OPERATIONS_PER_SECOND;
		this.#left = Math.min(KEY_OPERATIONS_PER_SECOND, this.#left + Math.max(0, earned));
		this.#at = now;
		if (this.#left < 1) return false;
		this.#left -= 1;
		return true;
	}
}
