/** What differs from run to run although nothing is different: times, ids, speeds, folders. */

const masks: readonly (readonly [RegExp, string])[] = [
	[/\d{4}\/\d\d\/\d\d-\d\d:\d\d:\d\d/g, 'DATE-TIME'],
	[/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}/g, 'DATE TIME'],
	[/\[[0-9A-F]{8}\/([0-9A-F]{2}:[0-9A-F]+)\]/g, '[GROUP/$1]'],
	[/\.~uftp-[0-9A-F]{8}-/g, '.~uftp-GROUP-'],
	[/_group_[0-9A-F]{8}/g, '_group_GROUP'],
	[/\b20\d{6}\/\d{6}\b/g, 'DATE/TIME'],
	[/(backup\d?)\/20\d{6}\b/g, '$1/DATE'],
	[/\d+\.\d{2}KB\/s/g, '#KB/s'],
	[/(\d+\.\d{2}) KB\/s/g, '# KB/s'],
	// C prints -0.000 and -nan where nothing took time.
	[/^(STATS;.*MB;)(-?\d+\.\d{3}|-?nan);/, '$1#;'],
	[/^(CONNECT;DATE-TIME;[0-9A-F]{8};)[0-9A-F]{8}/, '$1GROUP'],
	[/^(RESULT;DATE-TIME;[0-9A-F]{8};)[0-9A-F]{8}/, '$1GROUP'],
	[/^FREESPACE;\.;\d+$/, 'FREESPACE;.;BYTES'],
	[/^-I [0-9A-F]{8}/, '-I GROUP'],
	[/^\d+$/, 'NUMBER'],
];

/** The line without what may differ; `folder` is the case's own. */
export function masked(line: string, folder: string): string {
	let text = line.replaceAll(folder, '{dir}');
	for (const [pattern, replacement] of masks) text = text.replace(pattern, replacement);
	return text;
}
