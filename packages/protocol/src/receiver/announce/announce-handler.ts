/**
 * How a receiving node takes ANNOUNCEs: repeats, refusals, and the sessions that it joins (docs/protocol.md,
 * section 6.2).
 */

import {
	type Announce,
	type CommonHeader,
	decodeAnnounce,
	decodeHeader,
	HEADER_BYTES,
	isMalformed,
	isUnspecified,
} from '@uftp/wire';
import { type Arrival, SingleArrival } from '../../arrival.ts';
import { assert } from '../../assert.ts';
import type { ReceiverEvent } from '../../events.ts';
import { REFUSALS_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { Reports } from '../../reports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { advertisedGrttMs, silenceMs } from '../../shared/grtt.ts';
import type { SessionSecurity } from '../../shared/security/session-security.ts';
import type { SessionLink } from '../answers.ts';
import { type EndedSessions, isOtherRun } from '../ended-sessions.ts';
import { WaitingAnnounces } from '../proxied/waiting-announces.ts';
import { SecurityNegotiator } from '../security/security-negotiator.ts';
import { ReceiverSession } from '../session.ts';
import { type NodeServices, SessionContext } from '../session-context.ts';
import type { SessionTable } from '../session-table.ts';
import { AnnounceBudget } from './announce-budget.ts';
import { type HeardAnnounce, judge, termsOf } from './announcement.ts';
import { Places } from './places.ts';

export class AnnounceHandler {
	readonly #node: NodeServices;
	readonly #sessions: SessionTable;
	readonly #ended: EndedSessions;
	readonly #reports: Reports<ReceiverEvent>;
	readonly #negotiator: SecurityNegotiator;
	readonly #budget = new AnnounceBudget();
	readonly #places: Places;
	readonly #refusals = new Allowance(REFUSALS_PER_SECOND, 1000);
	readonly #waiting = new WaitingAnnounces();
	/** Only runs of sessions that are under way are joined. */
	isDraining = false;

	constructor(node: NodeServices, sessions: SessionTable, ended: EndedSessions, reports: Reports<ReceiverEvent>) {
		this.#node = node;
		this.#sessions = sessions;
		this.#ended = ended;
		this.#reports = reports;
		this.#places = new Places(sessions, node.config.sessionsMax);
		this.#negotiator = new SecurityNegotiator(node.config, node.responseProxy);
	}

	/** Takes an ANNOUNCE whose common header has been read. */
	handleAnnounce(now: number, arrival: Arrival, header: Readonly<CommonHeader>): void {
		this.#handle(now, arrival, header, now);
	}

	/** The keys of the response proxy have come, or another proxy is set: judges again what waited for it. */
	reconsider(now: number): void {
		for (const { from, datagram, heardAt } of this.#waiting.take(now)) {
			const header = decodeHeader(datagram, 0, datagram.length);
			if (isMalformed(header)) continue;
			this.#handle(now, new SingleArrival(from, datagram), header, heardAt);
		}
	}

	/** `heardAt`: earlier than now for one that has waited. */
	#handle(now: number, arrival: Arrival, header: Readonly<CommonHeader>, heardAt: number): void {
		assert(heardAt <= now, 'an ANNOUNCE is judged after it was heard');
		const known = this.#sessions.get(header.groupId);
		if (!this.#isNews(now, known, arrival, header)) return;
		if (this.isDraining && known === undefined) {
			this.#reports.ignore(now, header.groupId, header.sourceId, 'This receiver takes no new sessions');
			return;
		}
		const { sourceKey } = arrival;
		const isKnown = known?.context.isProved === true || this.#node.knownSenders.has(sourceKey, header.sourceId);
		// One that has waited was looked at before.
		if (heardAt === now && !this.#budget.mayLook(now, sourceKey, isKnown)) {
			this.#node.counters.drop('too-many-announces');
			return;
		}
		const { bytes, headerAt: at, length } = arrival;
		const from = arrival.source();
		const announce = decodeAnnounce(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (isMalformed(announce)) {
			this.#reports.drop(now, announce.malformed, from);
			return;
		}
		const heard: HeardAnnounce = { from, header, announce, bytes, at, length, isKnown };
		const { config, answers } = this.#node;
		const hasRoom = (isPinned: boolean) => {
			if (known !== undefined) return true;
			if (isKnown || isPinned) return this.#places.make(now, sourceKey, true);
			return this.#budget.mayBegin(now, sourceKey) && this.#places.make(now, sourceKey, false);
		};
		const acceptance = () => this.#negotiator.judge(now, heard, known?.context.link.security);
		const verdict = judge(announce, config.receiverId, acceptance, hasRoom);
		if (verdict.kind === 'join') {
			if (known !== undefined) {
				this.#sessions.containment.acting = known;
				known.context.finish('aborted', 'The sender has started the session again', false);
				this.#sessions.settle(now, known);
			}
			this.#join(now, heard, verdict.security, heardAt);
			return;
		}
		if (verdict.kind === 'refuse' && this.#refusals.take(now)) {
			answers.push(this.#linkOf(heard, undefined), { kind: 'abort', reason: verdict.reason });
		}
		// One that waits again would wait for ever.
		if (verdict.kind === 'wait' && heardAt === now) this.#wait(now, heard);
		this.#reports.ignore(now, header.groupId, header.sourceId, verdict.reason);
	}

	/** Whether an ANNOUNCE may begin a session: it is no repeat, nor in the name of a sender that still speaks. */
	#isNews(now: number, known: ReceiverSession | undefined, arrival: Arrival, header: Readonly<CommonHeader>): boolean {
		if (known === undefined) return !this.#ended.isOver(now, arrival, header);
		const { context } = known;
		if (context.link.senderId !== header.sourceId) {
			this.#reports.drop(now, 'wrong-source', arrival.source());
			return false;
		}
		if (header.groupInstance > context.link.groupInstance) {
			if (context.isSilent(now) || context.senderHosts.accepts(arrival.sourceKey)) return true;
			this.#reports.drop(now, 'wrong-address', arrival.source());
			return false;
		}
		if (header.groupInstance !== context.link.groupInstance) {
			this.#node.counters.drop('old-instance');
			return false;
		}
		const isRepeat = !isOtherRun(context.link, arrival.source(), header, now - context.lastHeardAt);
		this.#sessions.containment.acting = known;
		if (isRepeat) context.hearAnnounce(arrival.length);
		if (isRepeat) known.hearInClear(now, header, arrival.isMarked);
		this.#sessions.containment.acting = undefined;
		// A sender that still speaks is not replaced by whoever announces in its name.
		return !isRepeat && context.isSilent(now);
	}

	#linkOf({ from, header, announce }: HeardAnnounce, security: SessionSecurity | undefined): SessionLink {
		const { groupId, groupInstance, sourceId: senderId } = header;
		const proxy = responseProxyOf(this.#node, announce);
		return { groupId, groupInstance, senderId, sender: from, proxy, sequence: 0, security };
	}

	#wait(now: number, { from, header, announce, bytes, at, length, isKnown }: HeardAnnounce): void {
		const until = now + silenceMs(announce.robust, advertisedGrttMs(header.grtt));
		const datagram = bytes.slice(at, at + length);
		this.#waiting.add(header.groupId, { from, datagram, heardAt: now, until, isKnown });
	}

	#join(now: number, heard: HeardAnnounce, security: SessionSecurity | undefined, heardAt: number): void {
		const { header, announce } = heard;
		const link = this.#linkOf(heard, security);
		const source = this.#node.config.security?.sourceSpecific === true ? link.sender.host : undefined;
		const terms = termsOf(heardAt, announce, source);
		const isKnown = heard.isKnown || security?.facts.isPinned === true;
		const first = { now, grttByte: header.grtt, sequence: header.sequence, bytes: heard.length };
		const session = new ReceiverSession(new SessionContext(this.#node, { link, terms, isKnown, ...first }));
		assert(this.#sessions.size < this.#node.config.sessionsMax, 'a session that is joined has a place');
		this.#reports.forgetIgnored(link.groupId);
		this.#sessions.add(session);
		this.#sessions.containment.acting = session;
		session.start(now);
		this.#sessions.containment.acting = undefined;
	}
}

/** A response proxy hears of sessions by multicast: those that are announced to this receiver alone are none of its. */
function responseProxyOf({ responseProxy }: NodeServices, announce: Announce): Endpoint | undefined {
	return isUnspecified(announce.privateAddress) ? undefined : responseProxy.endpoint;
}
