import { describe, expect, it } from 'vitest';
import { RateControl } from '../../src/sender/rate/rate-control.ts';

const BLOCKS = 10_000;
const PACKET = 1352;
const HOLDOFF_MS = 30;

/** Sends sections to receivers of which the slowest takes `capacity` bytes per second, over a link with its own loss. */
function send(capacity: (section: number) => number, ownLoss: number, sections: number): number[] {
	const control = new RateControl(100e6, 1.2, 1e6, 2e9);
	const rates: number[] = [];
	let now = 0;
	const reports: { at: number; section: number; missing: number }[] = [];
	for (let section = 0; section < sections; section++) {
		const rate = control.rateBytesPerSecond;
		rates.push(rate);
		now += ((BLOCKS * PACKET) / rate) * 1000;
		control.sectionSent(now, 1, section, BLOCKS, PACKET);
		const drowned = Math.max(0, 1 - capacity(section) / rate);
		const missing = Math.round(BLOCKS * (1 - (1 - drowned) * (1 - ownLoss)));
		reports.push({ at: now + 12, section, missing });
		while (reports.length > 0 && reports[0].at <= now) {
			const report = reports.shift()!;
			if (report.missing > 0) control.lossReported(report.section, report.missing);
		}
		control.evaluate(now, HOLDOFF_MS);
	}
	return rates;
}

describe('an unlimited rate', () => {
	it('grows while nobody loses anything', () => {
		const rates = send(() => 5e9, 0, 60);
		expect(rates.at(-1)).toBeGreaterThan(1e9);
	});

	it('settles near what the slowest receiver stands', () => {
		const rates = send(() => 150e6, 0, 200).slice(40);
		const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
		expect(mean).toBeGreaterThan(90e6);
		expect(mean).toBeLessThan(180e6);
	});

	it('does not collapse on a link that loses 5 % whatever the rate is', () => {
		const rates = send(() => 5e9, 0.05, 120);
		expect(rates.at(-1)).toBeGreaterThan(300e6);
	});

	it('never falls by much more than half for one section', () => {
		const rates = send((section) => (section < 20 ? 1e9 : 5e6), 0, 60);
		for (let i = 1; i < rates.length; i++) expect(rates[i] / rates[i - 1]).toBeGreaterThanOrEqual(0.45);
		expect(rates.at(-1)).toBeLessThan(15e6);
	});

	it('comes back up when the receiver recovers', () => {
		const rates = send((section) => (section >= 20 && section < 40 ? 30e6 : 300e6), 0, 300);
		expect(rates[45]).toBeLessThan(60e6);
		expect(rates.at(-1)).toBeGreaterThan(150e6);
	});
});
