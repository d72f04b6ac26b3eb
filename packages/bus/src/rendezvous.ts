/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): each receiver gives every replica a score and goes to the highest. All
 * who know the replicas agree without asking, and when one goes only its own receivers move.
 */
import type { Replica } from './schemas/response-pool.ts';

/** The replica that serves the receiver with this UID ("0x0A630002"); undefined if none takes receivers. */
export function assignReplica(uid: string, replicas: readonly Replica[]): Replica | undefined {
	let best: Replica | undefined;
	let bestScore = -1;
	for (const replica of replicas) {
		if (replica.draining === true) continue;
		const score = scoreOf(uid, replica.id);
		// Equal scores are decided by name, so that the order of the list says nothing.
		if (score > bestScore || (score === bestScore && best !== undefined && replica.id < best.id)) {
			best = replica;
			bestScore = score;
		}
	}
	return best;
}

/** 32 bits: FNV-1a over both names, then MurmurHash3's finalizer, as FNV alone hardly mixes its last bytes upwards. */
function scoreOf(uid: string, replicaId: string): number {
	let hash = 0x811c9dc5;
	const text = `${uid}/${replicaId}`;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
