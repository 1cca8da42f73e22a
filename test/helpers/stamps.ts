export type StampStyle = {
  /** Digits after the second: Linux writes 9, macOS 6; 0 and 3 occur when they are enough. */
  readonly digits?: 0 | 3 | 6 | 9;
  readonly zone?: 'Z' | '+00:00';
};

/** RFC 3339 as Rust's chrono writes it. The digits below the millisecond are made up, the same for the same time. */
export function stamp(atMs: number, { digits = 9, zone = 'Z' }: StampStyle = {}): string {
  const iso = new Date(atMs).toISOString();
  const second = iso.slice(0, 19);
  if (digits === 0) return second + zone;
  const below = String((Math.abs(Math.trunc(atMs)) * 7919 + 104_729) % 1_000_000).padStart(6, '0');
  return `${second}.${(iso.slice(20, 23) + below).slice(0, digits)}${zone}`;
}

/** `YYYYMMDD_HHMMSS` in UTC, as Prodigy writes it in names of jobs, event files and Claude logs. */
export function nameStamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
