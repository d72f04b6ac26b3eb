import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launch, type Maker, type Program } from '@uftp/interop';
import { pathOf, startReceivers } from '../measure.ts';
import { type Arrived, ShapedLink } from './shaped-link.ts';

const usage = `npm run bench:tfmcc -- [--pair ours:ours] [share] [follow] [marks]
Shows congestion control on a link of 20 Mbit/s: its share beside one TCP flow, how it follows the link to 5 Mbit/s and
back, and that congestion marks slow it down without a loss. In network namespaces of its own; exit 1 if it does not hold.`;

const LINK_MBITS = 20;
const SLOW_MBITS = 5;
/** Where marks are tried: at 20 Mbit/s a round trip of 1 ms stands many of them. */
const FAST_MBITS = 200;
/** How soon the rate must have followed. */
const FOLLOW_SECONDS = 10;
/** More than any run sends: only what arrives is measured, then the sender is ended. */
const FILE_BYTES = 2 ** 32;
const TCP_PORT = 5001;
const START_SECONDS = 5;
const MARKED_PERCENT = 20;
/** Down to 1 ms, so that round trips of such short links count as they are. */
const GRTT = '0.05:0.001:1';

type Part = (link: ShapedLink) => Promise<boolean>;

const parts: Readonly<Record<string, Part>> = { share, follow, marks };

/** Beside one TCP flow: over 30 s it gets between half and twice what TCP gets. */
async function share(link: ShapedLink): Promise<boolean> {
	const script = join(import.meta.dirname, 'tcp-flow.ts');
	const sink = await launch(link.to, [process.execPath, script, 'sink', String(TCP_PORT)]);
	while (!sink.output().includes('listening')) await sleep(20);
	const source = await launch(link.from, [process.execPath, script, 'source', link.to.ipv4, String(TCP_PORT)]);
	await sleep(START_SECONDS * 1000);
	const { udp, tcp } = await link.measure(30);
	await Promise.all([source.stop(), sink.stop()]);
	const ratio = udp / tcp;
	console.log(`share: UFTP ${mbits(udp)}, TCP ${mbits(tcp)}: ${ratio.toFixed(2)} times what TCP gets (0.5 to 2)`);
	return ratio >= 0.5 && ratio <= 2;
}

/** The link falls to a quarter and rises again: within 10 s each the rate is where it was, as a share of the link. */
async function follow(link: ShapedLink): Promise<boolean> {
	await sleep(START_SECONDS * 1000);
	const first = await link.measure(5);
	console.log(`follow: ${LINK_MBITS} Mbit/s: ${mbits(first.udp)}`);
	let holds = first.udp > 0.5 * LINK_MBITS;
	for (const link_ of [SLOW_MBITS, LINK_MBITS]) {
		link.setMbits(link_);
		const seconds: Arrived[] = [];
		const drops = link.drops();
		for (let i = 0; i < FOLLOW_SECONDS; i++) seconds.push(await link.measure(1));
		const line = seconds.map(({ udp }) => udp.toFixed(1)).join(' ');
		const settled = await link.measure(5);
		const lost = link.drops() - drops;
		console.log(
			`follow: to ${link_} Mbit/s, by the second: ${line}; then ${mbits(settled.udp)}; ${lost} packets dropped`,
		);
		holds &&= settled.udp > 0.5 * link_ && settled.udp <= 1.02 * link_;
	}
	return holds;
}

/** A fifth of the datagrams marked: slower, and nothing is lost. */
async function marks(link: ShapedLink): Promise<boolean> {
	link.setMbits(FAST_MBITS);
	await sleep(START_SECONDS * 1000);
	const free = await link.measure(5);
	link.mark(MARKED_PERCENT);
	await sleep(START_SECONDS * 1000);
	const drops = link.drops();
	const marked = await link.measure(5);
	const lost = link.drops() - drops;
	link.mark(0);
	await sleep(FOLLOW_SECONDS * 1000);
	const again = await link.measure(3);
	const line = `unmarked ${mbits(free.udp)}, ${MARKED_PERCENT} % marked ${mbits(marked.udp)} with ${lost} packets dropped`;
	console.log(`marks: ${FAST_MBITS} Mbit/s: ${line}, unmarked again ${mbits(again.udp)}`);
	return marked.udp < 0.7 * free.udp && lost === 0 && again.udp > 1.3 * marked.udp;
}

function mbits(value: number): string {
	return `${value.toFixed(1)} Mbit/s`;
}

/** One part on a link of its own, with a session that runs as long as it takes. */
async function runPart(part: Part, sender: Maker, receiver: Maker, scratch: string): Promise<boolean> {
	const link = await ShapedLink.open(LINK_MBITS);
	const target = join(scratch, 'received');
	const programs: Program[] = [];
	try {
		programs.push(...(await startReceivers(receiver, [link.to], [target])));
		const options = ['-C', 'tfmcc', '-I', 'eth0', '-r', GRTT, '-H', link.to.uid, '-x', '1'];
		const argv = [pathOf(sender, 'uftp'), ...options, join(scratch, 'file')];
		const running = await launch(link.from, argv, { timeoutMs: 300_000 });
		programs.push(running);
		const holds = await part(link);
		if (running.peakMemoryBytes() > 0) return holds;
		console.log(`the sender has ended already:\n${running.output()}`);
		return false;
	} finally {
		await Promise.all(programs.map((program) => program.stop()));
		link.close();
		rmSync(target, { recursive: true, force: true });
	}
}

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { pair: { type: 'string', default: 'ours:ours' }, help: { type: 'boolean', default: false } },
	});
	const wanted = positionals.length === 0 ? Object.keys(parts) : positionals;
	const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
	if (values.help || unknown !== undefined) {
		console.log(usage);
		return values.help ? 0 : 2;
	}
	const [sender, receiver] = values.pair.split(':').map((maker): Maker => (maker === 'C' ? 'C' : 'ours'));
	const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'uftp-tfmcc-'));
	process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	writeFileSync(join(scratch, 'file'), '');
	truncateSync(join(scratch, 'file'), FILE_BYTES);
	let failed = 0;
	for (const name of wanted) {
		const part = parts[name];
		if (part !== undefined && !(await runPart(part, sender ?? 'ours', receiver ?? 'ours', scratch))) {
			console.log(`${name}: does NOT hold`);
			failed++;
		}
	}
	return failed === 0 ? 0 : 1;
}

try {
	process.exit(await main());
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}
