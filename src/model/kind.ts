/** The six storage kinds, in the order in which a cleanup takes them (DESIGN 8). */
export const kinds = ['events', 'logs', 'dlq', 'state', 'sessions', 'worktrees'] as const;

export type Kind = (typeof kinds)[number];

export function isKind(text: string): text is Kind {
  return (kinds as readonly string[]).includes(text);
}
