import { printable } from './format.ts';

/** One record as RFC 4180 has it. Control characters are shown as escapes: a name forges no line, here neither. */
export function csvRecord(fields: readonly (string | number | undefined)[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(field: string | number | undefined): string {
  if (field === undefined) return '';
  if (typeof field === 'number') return String(field);
  const text = printable(field);
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
