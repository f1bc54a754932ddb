// lib/matrix for int8: matrices of codes, four in a word, with int32 sums.
alias Operand = vec2u;
alias Part = vec2u;
const DEPTH = 8u;
alias Left = subgroup_matrix_left<i8, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<i8, MATRIX_N, MATRIX_K>;
alias Sums = subgroup_matrix_result<i32, MATRIX_N, MATRIX_M>;

var<workgroup> operands: array<Operand, OPERANDS>;
var<workgroup> stage: array<vec4i, STAGE>;

fn put_operand(at: u32, pair: Operand) { operands[at] = pair; }
fn left_matrix(at: u32) -> Left { return subgroupMatrixLoad<Left, row_major>(&operands, at, ROW); }
fn right_matrix(at: u32) -> Right { return subgroupMatrixLoad<Right, col_major>(&operands, at, ROW); }
fn put_sums(at: u32, sums: Sums) { subgroupMatrixStore<row_major>(&stage, at, sums, MATRIX_N / 4u); }
fn staged(at: u32) -> vec4i { return stage[at]; }
