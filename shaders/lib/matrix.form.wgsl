// What the adapter's matrices have: rows of the left operand and of the sums, columns of the right one and of the sums, numbers that a product runs over,
// lanes of the subgroup that holds one. src/shader/matrix-text.ts puts an adapter's numbers in place of these, and asks for that size of subgroup where several are possible.
const MATRIX_M = 16u;
const MATRIX_N = 16u;
const MATRIX_K = 16u;
const MATRIX_LANES = 32u;
