/**
 * The proxies through which a session's receivers may answer: those of the job, else those of the configuration and those
 * that the registry knows where the session is announced.
 */
import type { Job, NodePublicKey } from '@uftp/bus';
import { parseFingerprint } from '@uftp/crypto';
import { list } from '@uftp/service-kit';
import { formatUid, parseUid } from '@uftp/wire';
import type { KnownProxy } from '../expected-receivers.ts';

export interface JobProxy {
	readonly proxyId: number;
	/** The 20 bytes of the key that it must have; undefined: the one that it had first, or that the registry shows. */
	readonly fingerprint: Uint8Array | undefined;
	/** Of a proxy that nobody has named: as the registry shows them. */
	readonly shownKeys?: readonly NodePublicKey[];
}

/** "0x0A630003=AB:CD:...,0x0A630004": a UID each and, behind "=", the fingerprint of its key. */
export const proxyList = list('').transform((words, context): readonly JobProxy[] => {
	const found = new Map<number, JobProxy>();
	for (const word of words) {
		const [id = '', print] = word.split('=').map((part) => part.trim());
		const proxyId = parseUid(id);
		const fingerprint = print === undefined ? undefined : parseFingerprint(print);
		const fault =
			proxyId === undefined
				? `${JSON.stringify(id)} is no UID such as 0x0A630003`
				: print !== undefined && fingerprint === undefined
					? `${JSON.stringify(print)} is no fingerprint: 20 pairs of hex digits with ":" between them`
					: found.has(proxyId)
						? `the proxy ${formatUid(proxyId)} stands there twice`
						: undefined;
		if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: words });
		else found.set(proxyId as number, { proxyId: proxyId as number, fingerprint });
	}
	return [...found.values()];
});

/** Those that the job names, else those of the configuration. */
export function namedProxies(job: Job, configured: readonly JobProxy[]): readonly JobProxy[] {
	if (job.proxies === undefined) return configured;
	return job.proxies.flatMap(({ uid, fingerprint }) => {
		const proxyId = parseUid(uid);
		if (proxyId === undefined) return [];
		return [{ proxyId, fingerprint: fingerprint === undefined ? undefined : parseFingerprint(fingerprint) }];
	});
}

/** Who may gather answers in the session of a job: those that are named and, unless the job names any, those that are known. */
export function allProxies(job: Job, named: readonly JobProxy[], known: readonly KnownProxy[]): readonly JobProxy[] {
	if (job.proxies !== undefined) return named;
	const ids = new Set(named.map(({ proxyId }) => proxyId));
	const others = known.filter(({ proxyId }) => !ids.has(proxyId));
	return [...named, ...others.map(({ proxyId, keys }) => ({ proxyId, fingerprint: undefined, shownKeys: keys }))];
}
