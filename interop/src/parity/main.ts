/**
 * `npm run test:parity`: the parity table, run with the C programs and with ours. Prints what differs and exits 1 if
 * anything does that is not listed as intended: `-- [WORDS OF THE NAME] [--quick] [--jobs N]`.
 */
import { parseArgs } from 'node:util';
import { missingPeers } from '../programs.ts';
import { cases } from './cases.ts';
import { type CaseReport, compareCase, isAsIntended, reportLines } from './compare-case.ts';

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { quick: { type: 'boolean', default: false }, jobs: { type: 'string', default: '3' } },
});
const missing = missingPeers();
if (missing !== undefined) {
	console.error(missing);
	process.exit(1);
}
const words = positionals.join(' ').toLowerCase();
const wanted = cases.filter(
	(each) => each.name.toLowerCase().includes(words) && (!values.quick || each.quick === true),
);
const queue = [...wanted];
const reports: CaseReport[] = [];
let failures = 0;
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
const runs = reports.flatMap((report) => report.pairs);
const intended = runs.reduce((sum, run) => sum + run.intended.length, 0);
console.log(
	`${reports.length} scenarios, ${runs.length} comparisons with C: ${intended} lines differ as intended, ${failures} scenarios differ otherwise.`,
);
process.exit(failures === 0 && reports.length === wanted.length ? 0 : 1);

/** Sessions are mostly waiting: a few run side by side, each in networks of its own. */
async function work(): Promise<void> {
	for (let parity = queue.shift(); parity !== undefined; parity = queue.shift()) {
		try {
			const report = await compareCase(parity);
			reports.push(report);
			if (!isAsIntended(report)) failures++;
			console.log(reportLines(report).join('\n'));
		} catch (error) {
			failures++;
			console.log(`FAILED       ${parity.name}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
}
