import type { Maker } from '../programs.ts';

/** Whose program plays which part. */
export interface Cast {
	readonly sender: Maker;
	readonly serverProxy: Maker;
	readonly clientProxy: Maker;
	readonly responseProxy: Maker;
	readonly receiver: Maker;
}

export type Part = keyof Cast;

/** A cast by the first letters, in the order of `parts`: "C" or "o" for each. */
function castOf(parts: readonly Part[], letters: string): Cast {
	const cast: Record<Part, Maker> = {
		sender: 'C',
		serverProxy: 'C',
		clientProxy: 'C',
		responseProxy: 'C',
		receiver: 'C',
	};
	for (const [index, part] of parts.entries()) cast[part] = letters[index] === 'o' ? 'ours' : 'C';
	return cast;
}

/** The parts of a session through a tunnel, from the sender on; and of one whose answers a response proxy gathers. */
export const tunnelParts = ['sender', 'serverProxy', 'clientProxy', 'receiver'] as const;
export const responseParts = ['sender', 'responseProxy', 'receiver'] as const;

/** "CooC": a C sender, our proxies, C receivers. */
export const tunnel = (...letters: readonly string[]): Cast[] => letters.map((text) => castOf(tunnelParts, text));
/** "oCo": our sender and receivers, a C response proxy. */
export const response = (...letters: readonly string[]): Cast[] => letters.map((text) => castOf(responseParts, text));

/** "C, ours, ours, C". */
export function castTitle(cast: Cast, parts: readonly Part[]): string {
	return parts.map((part) => cast[part]).join(', ');
}

/** Whether the C programs have a part in it. */
export function needsPeers(cast: Cast, parts: readonly Part[]): boolean {
	return parts.some((part) => cast[part] === 'C');
}
