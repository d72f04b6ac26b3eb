/** The lines about one file that both commands print. */
import { FileType, SectionMap } from '@uftp/protocol';

/** What sort of thing is sent, in the words of the log; "" for a regular file, which is described by its geometry. */
export function typeLine(type: FileType, link: string): string {
	switch (type) {
		case FileType.EmptyDirectory:
			return 'Empty directory';
		case FileType.SymbolicLink:
			return `Symbolic link to ${link}`;
		case FileType.Delete:
			return 'Delete file/directory with this name';
		case FileType.FreeSpace:
			return 'Free disk space query';
		default:
			return '';
	}
}

export interface Geometry {
	readonly blocks: number;
	readonly sections: number;
	/** C's line about the sizes of sections, from log level 3 on. */
	readonly sizesLine: string;
}

/** Blocks and sections of a file. */
export function geometryOf(size: number, blockBytes: number): Geometry {
	const map = SectionMap.of(size, blockBytes);
	if (typeof map === 'string') return { blocks: 0, sections: 0, sizesLine: map };
	const small = map.blocksInSmall;
	const big = small + (map.bigSections > 0 ? 1 : 0);
	return {
		blocks: map.blocks,
		sections: map.sections,
		sizesLine: `small section size: ${small}, big section size: ${big}, # big sections: ${map.bigSections}`,
	};
}
