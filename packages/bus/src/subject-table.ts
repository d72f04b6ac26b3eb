/** Who is subscribed to what: patterns without wildcards by name, the few with wildcards in a list. */
import { isWildcard, tokensMatch } from './subject-grammar.ts';

interface WildcardEntry<T> {
	readonly tokens: readonly string[];
	readonly value: T;
}

export class SubjectTable<T> {
	readonly #exact = new Map<string, T[]>();
	readonly #wildcards: WildcardEntry<T>[] = [];
	#size = 0;

	get size(): number {
		return this.#size;
	}

	add(pattern: string, value: T): void {
		this.#size++;
		if (isWildcard(pattern)) {
			this.#wildcards.push({ tokens: pattern.split('.'), value });
			return;
		}
		const values = this.#exact.get(pattern);
		if (values === undefined) this.#exact.set(pattern, [value]);
		else values.push(value);
	}

	/** Forgets one value; nothing happens if it is not there. */
	remove(pattern: string, value: T): void {
		if (isWildcard(pattern)) {
			const at = this.#wildcards.findIndex((entry) => entry.value === value);
			if (at < 0) return;
			this.#wildcards.splice(at, 1);
		} else {
			const values = this.#exact.get(pattern);
			const at = values?.indexOf(value) ?? -1;
			if (values === undefined || at < 0) return;
			values.splice(at, 1);
			if (values.length === 0) this.#exact.delete(pattern);
		}
		this.#size--;
	}

	/** All values whose pattern matches the subject: the exact ones first, each in the order of their arrival. */
	match(subject: string): T[] {
		const found = [...(this.#exact.get(subject) ?? [])];
		if (this.#wildcards.length > 0) {
			const tokens = subject.split('.');
			for (const entry of this.#wildcards) {
				if (tokensMatch(entry.tokens, tokens)) found.push(entry.value);
			}
		}
		return found;
	}
}
