import { describe, expect, it } from 'vitest';
import { EVENTS_MAX, ROSTER_MAX } from '../../src/limits.ts';
import { SenderReports } from '../../src/sender/sender-reports.ts';

const away = { kind: 'receiverAway', receiverId: 1 } as const;
const end = { results: [], elapsedMs: 1, bytesSent: 1, packetsSent: 1, repairBytesSent: 0 };

function polled(reports: SenderReports): string[] {
	const kinds: string[] = [];
	for (let event = reports.pollEvent(); event !== undefined; event = reports.pollEvent()) kinds.push(event.kind);
	return kinds;
}

describe('the events of a sending session', () => {
	it('end with "ended", once, however many were left out because nobody polled them', () => {
		const reports = new SenderReports();
		for (let n = 0; n < EVENTS_MAX + 10; n++) reports.emit(away);
		reports.emitLast({ kind: 'ended', end });
		const kinds = polled(reports);
		expect(kinds).toHaveLength(EVENTS_MAX + 1);
		expect(kinds.indexOf('ended')).toBe(EVENTS_MAX);
		expect(reports.counters).toMatchObject({ 'dropped.event-queue-full': 10 });
		expect(polled(reports)).toEqual([]);
	});

	it('have room for the registration of every receiver at once, with which its key comes', () => {
		expect(EVENTS_MAX).toBeGreaterThan(ROSTER_MAX);
	});
});
