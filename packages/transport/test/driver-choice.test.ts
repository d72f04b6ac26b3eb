import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askedReceiveBytes, bufferWarning } from '../src/buffer-sizes.ts';
import type { DatagramSocket } from '../src/datagram-socket.ts';
import { selectDriver } from '../src/driver-choice.ts';

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));

/** Runs a program of its own that has imported this package as `transport`. */
function run(body: string): { status: number | null; stdout: string; stderr: string; wallMs: number } {
	const start = performance.now();
	const program = `import * as transport from ${JSON.stringify(entry)};\n${body}`;
	const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
		encoding: 'utf8',
		timeout: 20_000,
	});
	return { status, stdout, stderr, wallMs: performance.now() - start };
}

describe('the start-up test of the sockets', () => {
	it('finds the batch socket on Linux, and says what it can do', async () => {
		const choice = await selectDriver();
		expect(choice.driver).toBe('linux-batch');
		expect(choice.sentence).toMatch(/^linux-batch \(segmentation, receive offload\), receive buffer [\d.]+ (KiB|MiB)$/);
	});

	it('is done once per process', async () => {
		expect(await selectDriver()).toBe(await selectDriver());
	});

	it('costs less than 100 ms on a busy machine', () => {
		const { stdout } = run(
			'const t = performance.now(); await transport.selectDriver(); console.log(performance.now() - t);',
		);
		expect(Number(stdout)).toBeLessThan(100);
	});
});

describe('a process with sockets', () => {
	it('ends by itself once they are closed', () => {
		const { status, stdout, stderr } = run(`
			for (const driver of ['linux-batch', 'portable']) {
				const socket = await transport.openSocket({ family: 4, driver });
				socket.onReadable(() => undefined);
				const timer = new transport.PreciseTimer();
				await new Promise((resolve) => { timer.onFire(resolve); timer.arm(transport.monotonicMs() + 2); });
				timer.close();
				socket.close();
			}
			console.log('closed');
		`);
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'closed\n', stderr: '' });
	});

	it('stays while a socket is watched', () => {
		const { stdout } = run(`
			const socket = await transport.openSocket({ family: 4 });
			socket.onReadable(() => undefined);
			setTimeout(() => { console.log('still here'); process.exit(0); }, 100).unref();
		`);
		expect(stdout).toBe('still here\n');
	});

	it('uses next to no processor time while nothing comes', () => {
		const { stdout } = run(`
			const sockets = [];
			for (let i = 0; i < 4; i += 1) {
				const socket = await transport.openSocket({ family: 4 });
				socket.onReadable(() => undefined);
				sockets.push(socket);
			}
			const timer = new transport.PreciseTimer();
			timer.arm(transport.monotonicMs() + 60_000);
			await Bun.sleep(200);
			const before = process.cpuUsage();
			await Bun.sleep(3000);
			const { user, system } = process.cpuUsage(before);
			console.log((user + system) / 3e6);
			process.exit(0);
		`);
		expect(Number(stdout)).toBeLessThan(0.01);
	});

	it('refuses a forced driver that does not exist here, with a sentence', () => {
		const { stdout } = run(`
			Object.defineProperty(process, 'platform', { value: 'sunos' });
			console.log((await transport.selectDriver()).sentence);
			await transport.openSocket({ family: 4, driver: 'linux-batch' }).catch((error) => console.log(error.message));
			const socket = await transport.openSocket({ family: 4 });
			console.log(socket.driver);
			socket.close();
		`);
		const why = 'foreign functions are used on Linux only, this is sunos';
		expect(stdout.trim().split('\n')).toEqual([
			`portable: ${why}`,
			`The linux-batch socket was asked for and does not work here: ${why}. Use the driver "auto" or "portable".`,
			'portable',
		]);
	});
});

describe('the buffer warning', () => {
	it('names what was given, what was wanted and the line that changes it', () => {
		const socket = { receiveBufferBytes: 212_992 } as DatagramSocket;
		expect(bufferWarning(socket)).toBe(
			'The receive buffer is 208 KiB instead of 32 MiB, so fast transfers will lose ' +
				'packets and repeat them; as root: sysctl -w net.core.rmem_max=33554432',
		);
	});

	it('is silent when all that was asked for was given', () => {
		expect(bufferWarning({ receiveBufferBytes: 64 * 1024 * 1024 } as DatagramSocket, 50 * 1024 * 1024)).toBeUndefined();
	});

	it.each([
		[undefined, 33_554_432],
		[65_536, 33_554_432],
		[104_857_600, 104_857_600],
	])('a wish of %s asks for %i', (asked, wanted) => {
		expect(askedReceiveBytes(asked)).toBe(wanted);
	});
});
