import { ptr } from 'bun:ffi';
import { describe, expect, it } from 'vitest';
import { Memory } from '../src/memory.ts';

describe('memory that the kernel sees', () => {
	it.each([8, 16, 64, 4096, 1 << 20])(
		'%i bytes stay where they are after their views are used and after collections',
		(length) => {
			const memory = new Memory(length);
			const views = [memory.bytes.subarray(1), new DataView(memory.bytes.buffer), Buffer.from(memory.bytes.buffer)];
			for (let i = 0; i < 5; i += 1) Bun.gc(true);
			expect(views).toHaveLength(3);
			expect(Number(ptr(memory.bytes))).toBe(memory.address);
			expect(Number(ptr(new Uint8Array(memory.words.buffer)))).toBe(memory.address);
		},
	);

	it('the length is rounded up so that 64-bit fields fit', () => {
		expect(new Memory(13).bytes.length).toBe(16);
	});

	it.each([0, 1, 0xffff_ffff, 0x1_0000_0000, 0x7fff_1234_5678, Number.MAX_SAFE_INTEGER])(
		'the 64-bit number %i is kept',
		(value) => {
			const memory = new Memory(16);
			memory.setLong(8, value);
			expect(memory.getLong(8)).toBe(value);
			expect(new DataView(memory.bytes.buffer).getBigUint64(8, true)).toBe(BigInt(value));
		},
	);
});
