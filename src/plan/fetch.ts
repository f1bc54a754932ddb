// What plans for some adapters and pictures alone have. Here it is in its tables from the start; a browser's build puts a module in this one's place whose
// functions fetch it (build-late.ts).

const here = async (): Promise<unknown> => undefined;

/** Passes and rows for adapters where barriers are cheap: before a graph is fused. */
export const fetchBarriers = here;
/** Rows for adapters with subgroup matrices: before a plan is made. */
export const fetchMatrices = here;
/** Rows for CPU adapters whose subgroups have eight lanes: before a plan is made. */
export const fetchOctets = here;
/** Steps that resize the frame: before a plan for one that is not of the network's own size. */
export const fetchPreprocess = here;
/** What refuses a plan for its size: before one that is too large is made again. */
export const fetchLimits = here;
