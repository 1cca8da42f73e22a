/** A series of points with x and y above nought. */
export type Series = { readonly name: string; readonly points: readonly (readonly [number, number])[] };

export type Panel = {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Twice as much to the right is twice as much upwards; otherwise upwards is linear and begins with nought. */
  readonly isLogarithmic: boolean;
};

const width = 560;
const height = 400;
const left = 78;
const right = 44;
const top = 48;
const bottom = 62;
const colours = ['#1f5fb4', '#c2410c', '#4d7c0f', '#7e22ce'];
const dashes = ['', '7 4', '2 3', '10 3 2 3'];

/** Panels in two columns, as one SVG; to the right it is always logarithmic. */
export function plot(panels: readonly Panel[]): string {
  const columns = Math.min(2, panels.length);
  const [all, high] = [columns * width, Math.ceil(panels.length / columns) * height];
  const drawn = panels.map(
    (panel, index) =>
      `<g transform="translate(${(index % columns) * width} ${Math.floor(index / columns) * height})">\n${draw(panel)}\n</g>`,
  );
  const font = 'font-family="Helvetica, Arial, sans-serif" font-size="14" fill="#1a1a1a"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${all} ${high}" width="${all}" height="${high}" ${font}>
<rect width="${all}" height="${high}" fill="#ffffff"/>
${drawn.join('\n')}
</svg>
`;
}

function draw({ title, xLabel, yLabel, series, isLogarithmic }: Panel): string {
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const xScale = logarithmic(Math.min(...xs), Math.max(...xs), left, width - right);
  const yScale = isLogarithmic
    ? logarithmic(Math.min(...ys), Math.max(...ys), height - bottom, top)
    : linear(Math.max(...ys), height - bottom, top);
  const grid = [
    ...xScale.ticks.map((x) => tick(xScale.at(x), top, xScale.at(x), height - bottom, amount(x), 'below')),
    ...yScale.ticks.map((y) => tick(left, yScale.at(y), width - right, yScale.at(y), amount(y), 'beside')),
  ];
  const lines = series.map(({ name, points: own }, index) => {
    const colour = colours[index % colours.length] ?? '';
    const at = own.map(([x, y]) => `${xScale.at(x).toFixed(1)},${yScale.at(y).toFixed(1)}`);
    const dots = at.map((point) => {
      const [cx, cy] = point.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`;
    });
    const [ly, dash] = [top + 16 + index * 20, dashes[index % dashes.length]];
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}" points="${at.join(' ')}"/>
${dots.join('')}
<line x1="${left + 12}" y1="${ly}" x2="${left + 44}" y2="${ly}" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>
<text x="${left + 52}" y="${ly + 5}">${escaped(name)}</text>`;
  });
  const middle = (top + height - bottom) / 2;
  return `<text x="${left}" y="26" font-size="16" font-weight="bold">${escaped(title)}</text>
${grid.join('\n')}
<text x="${(left + width - right) / 2}" y="${height - 14}" text-anchor="middle">${escaped(xLabel)}</text>
<text transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>
${lines.join('\n')}`;
}

function tick(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  text: string,
  where: 'below' | 'beside',
): string {
  const label =
    where === 'below'
      ? `<text x="${x1.toFixed(1)}" y="${y2 + 20}" text-anchor="middle">${text}</text>`
      : `<text x="${x1 - 8}" y="${(y1 + 5).toFixed(1)}" text-anchor="end">${text}</text>`;
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#d4d4d4"/>${label}`;
}

type Scale = { readonly at: (value: number) => number; readonly ticks: readonly number[] };

/** From one power of ten, its double or its fivefold to another. */
function logarithmic(least: number, most: number, from: number, to: number): Scale {
  const all = Array.from({ length: 24 }, (_, index) => 10 ** (index - 9)).flatMap((ten) =>
    [1, 2, 5].map((digit) => digit * ten),
  );
  const low = all.findLast((value) => value <= least * 1.000_001) ?? least;
  const found = all.find((value) => value >= most * 0.999_999) ?? most;
  const high = found > low ? found : low * 10;
  const at = (value: number): number =>
    from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
  const between = all.filter((value) => value >= low && value <= high * 1.000_001);
  // Too many are not to be read: then powers of ten alone.
  const tens = between.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6);
  return { at, ticks: between.length <= 9 ? between : tens };
}

function linear(most: number, from: number, to: number): Scale {
  const rough = most / 5;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * ten).find((value) => value >= rough) ?? rough;
  const high = Math.ceil(most / step) * step;
  return {
    at: (value) => from + (value / high) * (to - from),
    ticks: Array.from({ length: Math.round(high / step) + 1 }, (_, index) => index * step),
  };
}

function amount(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`;
  return value >= 1 ? value.toLocaleString('en-US') : `${Number(value.toPrecision(3))}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
