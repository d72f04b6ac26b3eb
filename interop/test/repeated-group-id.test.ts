import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
	createTopology,
	findProgram,
	type Host,
	launch,
	missingPeers,
	noise,
	type Program,
	sameBytes,
	waitUntilListening,
} from '../src/index.ts';

/**
 * The C sender draws its group ID from (seconds since 1970) xor (process id). A script that starts one sender after
 * the other, a second apart, repeats IDs within seconds: measured with 4.10.2, 7 of 12 starts repeated an earlier one.
 */
const chooseProcessId = `
seconds=$(date +%s)
[ "$1" = any ] || echo $(( (seconds ^ $1) - 1 )) >/proc/sys/kernel/ns_last_pid
shift
"$@" & echo "seed $(( seconds ^ $! ))"
trap 'kill -s KILL $!' USR1
wait $! || wait $!`;

async function startSender(host: Host, seed: number | 'any', argv: readonly string[], cwd: string): Promise<Program> {
	const program = findProgram('C', 'uftp') ?? 'uftp';
	const fixed = ['-I', 'eth0', '-R', '40000', '-r', '0.05:0.01:0.1', '-H', '0x0A630002'];
	return launch(host, ['sh', '-c', chooseProcessId, 'sh', String(seed), program, ...fixed, ...argv], { cwd });
}

function groupIdOf(sender: Program): string {
	return /Group ID: (\w+)/.exec(sender.output())?.[1] ?? '';
}

const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;

describe.runIf(withC)('a receiver of ours, when a C sender repeats the group ID of the one before', () => {
	for (const before of ['finished', 'was killed'] as const) {
		it(`takes the session although the one before ${before}`, async () => {
			const scratch = mkdtempSync(join(tmpdir(), 'uftp-group-id-'));
			const topology = await createTopology({ hosts: 2 });
			try {
				const [from, to] = topology.hosts;
				writeFileSync(join(scratch, 'first.bin'), noise(4_000_000, 1));
				writeFileSync(join(scratch, 'second.bin'), noise(10_000, 2));
				const target = mkdtempSync(join(scratch, 'received-'));
				const receiver = await launch(to!, [findProgram('ours', 'uftpd')!, '-d', '-q', '-D', target, '-I', 'eth0']);
				await waitUntilListening(to!, receiver, '230.4.4.1');

				const first = await startSender(from!, 'any', ['first.bin'], scratch);
				if (before === 'was killed') {
					while (from!.transmittedBytes() < 1_000_000) await sleep(5);
					first.signal('SIGUSR1');
				}
				await first.ended;
				const seed = Number(/seed (\d+)/.exec(first.output())?.[1]);
				// The clock may strike between choosing the process ID and starting: then the ID is another one.
				let second: Program;
				do {
					second = await startSender(from!, seed, ['second.bin'], scratch);
					await second.ended;
				} while (groupIdOf(second) !== groupIdOf(first) && !second.output().includes('Announce timed out'));

				const said = `${second.output()}\n--- receiver\n${receiver.output()}`;
				expect(groupIdOf(second), said).toBe(groupIdOf(first));
				expect(sameBytes(join(scratch, 'second.bin'), join(target, 'second.bin')), said).toBe(true);
				expect(existsSync(join(target, 'first.bin'))).toBe(before === 'finished');
			} finally {
				topology.close();
				rmSync(scratch, { recursive: true });
			}
		});
	}
});
