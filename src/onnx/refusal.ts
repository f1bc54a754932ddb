// What an operator's function throws when it can't make its node: the reason, which the import puts beside the node's name and operator.

export interface Refusal {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

/** Not an error of the package: it never leaves the import. */
interface Reason {
  readonly refused: string;
}

export function refuse(reason: string): never {
  throw { refused: reason } satisfies Reason;
}

export function isReason(thrown: unknown): thrown is Reason {
  return typeof thrown === 'object' && thrown !== null && 'refused' in thrown;
}
