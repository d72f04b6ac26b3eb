/** Congestion control uses a bottleneck, and follows it when its rate changes: within ten seconds. */
import { SERIES_MS } from '../network.ts';
import type { Checker } from '../run.ts';

/** After the start, and after each change. */
const FOLLOWED_MS = 10_000;
/** Less than that share of the bottleneck is not its use. */
const USED_SHARE = 0.5;

export const rateFollows: Checker = {
	name: 'rate follows',
	check: ({ scenario, network, sessionMs }) => {
		const { rateBytesPerSecond, steps = [] } = scenario.uplink;
		if (scenario.congestion === undefined || steps.length === 0) return [];
		const all = [{ fromMs: 0, rateBytesPerSecond }, ...steps];
		return all.flatMap((step, i) => {
			const fromMs = step.fromMs + FOLLOWED_MS;
			const toMs = Math.min(all[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY, sessionMs - FOLLOWED_MS / 10);
			if (!(toMs > fromMs)) return [];
			const used = carried(network.series, fromMs, toMs) / step.rateBytesPerSecond;
			if (used >= USED_SHARE) return [];
			return [`${(used * 100).toFixed(0)} % of the bottleneck used from ${fromMs} to ${toMs} ms`];
		});
	},
};

/** Bytes per second that the uplink carried between two times. */
function carried(series: readonly number[], fromMs: number, toMs: number): number {
	let bytes = 0;
	const [from, to] = [Math.ceil(fromMs / SERIES_MS), Math.floor(toMs / SERIES_MS)];
	for (let i = from; i < to; i++) bytes += series[i] ?? 0;
	return (bytes * 1000) / ((to - from) * SERIES_MS);
}
