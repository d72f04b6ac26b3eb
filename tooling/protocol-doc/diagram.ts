/** Box diagrams of the structures on the wire, 32 bits a row, drawn from their layouts. */
import type { LayoutPart } from '@uftp/wire';

const ROW_BYTES = 4;
/** Columns of one byte: two for each bit. */
const BYTE_COLUMNS = 16;
const RULER = [
	' 0                   1                   2                   3',
	' 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1',
];
/** Fields of more rows than this are drawn as two rows with their size. */
const FULL_ROWS_MAX = 2;

/** What a diagram shows: fixed parts, then parts of variable length, each over whole rows. */
export interface Drawing {
	readonly parts: readonly LayoutPart[];
	/** Labels that differ from the field's name, where the name does not fit its box. */
	readonly labels: Readonly<Record<string, string>>;
	/** Variable parts in order, with their sizes: "name, 4 * name words bytes". */
	readonly variable: readonly string[];
}

interface Cell {
	readonly bytes: number;
	readonly label: string;
}

/** The lines of a diagram, without a code fence. */
export function drawBoxes({ parts, labels, variable }: Drawing): string[] {
	const rows = fixedRows(parts, labels);
	const lines = [...RULER];
	let above: readonly Cell[] = [];
	for (const row of rows) {
		lines.push(
			border(above, row),
			row
				.map((cell) => `|${center(cell.label, cell.bytes)}`)
				.join('')
				.concat('|'),
		);
		above = row;
	}
	for (const label of variable) {
		const row = [{ bytes: ROW_BYTES, label }];
		lines.push(border(above, row), `:${center(label, ROW_BYTES)}:`);
		above = row;
	}
	lines.push(border(above, []));
	return lines;
}

/** "publicKeyBytes" is "public key bytes". */
export function words(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function fixedRows(parts: readonly LayoutPart[], labels: Readonly<Record<string, string>>): Cell[][] {
	const rows: Cell[][] = [[]];
	let used = 0;
	const put = (cell: Cell) => {
		if (used === ROW_BYTES) {
			rows.push([]);
			used = 0;
		}
		rows.at(-1)?.push(cell);
		used += cell.bytes;
	};
	for (const part of parts) for (const cell of cellsOf(part, labels)) put(cell);
	return rows;
}

function cellsOf({ name, offset, size, isReserved }: LayoutPart, labels: Readonly<Record<string, string>>): Cell[] {
	const label = labels[name] ?? (isReserved ? '0' : words(name));
	const first = ROW_BYTES - (offset % ROW_BYTES);
	if (size <= first) return [{ bytes: size, label }];
	const cells = [{ bytes: first, label: `${label}, high` }];
	const rest = (size - first) / ROW_BYTES;
	if (1 + rest > FULL_ROWS_MAX) return [{ bytes: ROW_BYTES, label: `${label}, ${size} bytes` }];
	if (name === 'timestamp')
		return ['seconds', 'microseconds'].map((unit) => ({ bytes: 4, label: `${label}, ${unit}` }));
	return [...cells, { bytes: ROW_BYTES, label: `${label}, low` }];
}

function center(text: string, bytes: number): string {
	const room = bytes * BYTE_COLUMNS - 1;
	if (text.length > room)
		throw new RangeError(`"${text}" does not fit a box of ${bytes} bytes; give it a shorter label`);
	const left = Math.floor((room - text.length) / 2);
	return text.padStart(left + text.length).padEnd(room);
}

/** The line between two rows: a corner wherever a box begins or ends on either side. */
function border(above: readonly Cell[], below: readonly Cell[]): string {
	const corners = new Set([...edges(above), ...edges(below)]);
	let line = '';
	for (let column = 0; column <= ROW_BYTES * BYTE_COLUMNS; column++) line += corners.has(column) ? '+' : '-';
	return line;
}

function edges(row: readonly Cell[]): number[] {
	let column = 0;
	const result = [0];
	for (const { bytes } of row) {
		column += bytes * BYTE_COLUMNS;
		result.push(column);
	}
	return result;
}
