/** Host names of senders: looked up beside the work, so that a slow name server holds nothing up. */

/** Addresses whose names are remembered. */
const NAMES_MAX = 256;
/** Nobody waits longer than this for a name. */
const SEARCH_MS = 2000;

export class HostNames {
	readonly #names = new Map<string, string>();
	/** Searches that go on. */
	readonly #searches = new Map<string, Promise<string>>();
	readonly #onFound: (address: string, name: string) => void;
	readonly #isOff: boolean;

	/** `onFound` is called when the name of an address becomes known. With `isOff` (-q) nothing is looked up. */
	constructor(isOff: boolean, onFound: (address: string, name: string) => void) {
		this.#isOff = isOff;
		this.#onFound = onFound;
	}

	/** The name of an address, or the address while none is known; the first call starts the search. */
	of(address: string): string {
		const known = this.#names.get(address);
		if (known !== undefined || this.#isOff) return known ?? address;
		if (this.#names.size >= NAMES_MAX) this.#names.clear();
		this.#names.set(address, address);
		const search = Promise.race([this.#search(address), sleep(SEARCH_MS)]).then(() => {
			this.#searches.delete(address);
			return this.#names.get(address) ?? address;
		});
		this.#searches.set(address, search);
		return address;
	}

	/** The name of an address: at once if it is known or not looked up, else when it is found or has been long enough. */
	whenKnown(address: string): string | Promise<string> {
		const known = this.of(address);
		const search = this.#searches.get(address);
		return search === undefined ? known : search;
	}

	async #search(address: string): Promise<void> {
		try {
			const { promises: dns } = await import('node:dns');
			const { hostname } = await dns.lookupService(address.split('%')[0], 0);
			if (hostname === '' || hostname === address) return;
			this.#names.set(address, hostname);
			this.#onFound(address, hostname);
		} catch {
			// It has no name, or nobody to ask: the address stands for it.
		}
	}
}

function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
