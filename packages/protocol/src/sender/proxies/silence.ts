/** When a proxy is taken to be gone: its receivers may then answer another way, and are lost for that reason else. */
import { formatUid } from '@uftp/wire';
import { SILENCE_MS_MIN } from '../../limits.ts';
import type { Member } from '../roster.ts';
import type { ProxyPeer } from './proxy.ts';

/** A proxy holds answers for one GRTT, and its receivers theirs for another one. */
const SILENCE_GRTT = 4;

/** What of the session a proxy's silence is measured by. */
interface Clockwork {
	readonly grttMs: number;
}

/** Whether nothing has come from the proxy for longer than it may hold answers. */
export function isProxySilent({ grttMs }: Clockwork, now: number, proxy: ProxyPeer): boolean {
	return now - proxy.heardAt > Math.max(SILENCE_MS_MIN, SILENCE_GRTT * grttMs);
}

/** Why a receiver is lost, if that is its proxy's silence, or what its proxy seems to have said. */
export function silentProxyReason(session: Clockwork, now: number, { via, hearsay }: Member): string | undefined {
	if (via !== undefined && hearsay !== undefined) {
		return `it does not answer; unsealed, and so without proof, its proxy ${formatUid(via.id)} said: ${hearsay}`;
	}
	if (via === undefined || now - via.heardAt <= SILENCE_GRTT * session.grttMs) return undefined;
	return `its proxy ${formatUid(via.id)} does not answer`;
}
