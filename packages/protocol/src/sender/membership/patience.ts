/** How long a receiver may be silent: when it is away, and when it is lost (docs/protocol.md, section 14.3). */
import { assert } from '../../assert.ts';
import type { SenderConfig } from '../../sender-config.ts';
import type { Clockwork } from '../clockwork.ts';
import type { Member } from './members.ts';
import { silentProxyReason } from './proxies.ts';
import type { Roster } from './roster.ts';

/** A receiver of ours that has not answered so many requests, and for so long, is away. */
const AWAY_REQUESTS = 3;
const AWAY_MS = 2000;
/**
 * No receiver is lost sooner, however often it was asked: where the GRTT is 10 ms C's requests are over after 0.6 s, and a busy
 * disk holds a receiver up for longer. Receivers themselves wait for at least a second.
 */
const LOST_MS_MIN = 2000;
/** Nor sooner than after so many of its own round trips, which may be longer than what the session's timers believe. */
const OWN_ROUND_TRIPS = 2;

interface Parts {
	readonly config: SenderConfig;
	readonly clock: Clockwork;
	readonly roster: Roster;
}

/** Whether to go on without a member after so many unanswered requests, the first of them `sinceMs` ago. */
export function isPatienceOver(config: SenderConfig, member: Member, requests: number, sinceMs: number): boolean {
	assert(requests >= 0 && sinceMs >= 0, 'fewer requests than none, or after they were answered');
	if (sinceMs < OWN_ROUND_TRIPS * member.rttMs) return false;
	if (!ridesOut(config, member)) return requests >= config.robust && sinceMs >= LOST_MS_MIN;
	return requests >= AWAY_REQUESTS && sinceMs >= AWAY_MS;
}

/** A member does not answer: it is away if it may come back, else lost. */
export function giveUp({ config, clock, roster }: Parts, now: number, member: Member, reason: string): void {
	assert(member.state === 'present', 'only who is present is given up');
	if (ridesOut(config, member)) roster.away(now, member);
	else roster.lose(member, silentProxyReason(clock, now, member) ?? reason);
}

/** Those that have been away for longer than the grace are lost. True when somebody was. */
export function expireAway({ config, clock, roster }: Parts, now: number): boolean {
	let hasExpired = false;
	for (let member = roster.overdue(now); member !== undefined; member = roster.overdue(now)) {
		const seconds = Math.round(config.graceMs / 1000);
		roster.lose(member, silentProxyReason(clock, now, member) ?? `no answer for ${seconds} s`);
		hasExpired = true;
	}
	assert(roster.awayDeadline > now, 'somebody is still away whose grace is over');
	return hasExpired;
}

/** Whether a member that is silent is waited for, as it may come back. */
function ridesOut(config: SenderConfig, member: Member): boolean {
	return (member.isOurs || member.mayMove) && config.graceMs > 0;
}
