// lib/matrix.codes in the earlier form of the language: memory holds whole words, and is counted in codes.
alias Operand = vec2u;
alias Part = vec2u;
const DEPTH = 8u;
alias Left = subgroup_matrix_left<i8, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<i8, MATRIX_N, MATRIX_K>;
alias Sums = subgroup_matrix_result<i32, MATRIX_N, MATRIX_M>;

var<workgroup> operands: array<i32, 2u * OPERANDS>;
var<workgroup> stage: array<i32, 4u * STAGE>;

fn put_operand(at: u32, pair: Operand) {
  operands[2u * at] = i32(pair.x);
  operands[2u * at + 1u] = i32(pair.y);
}
fn left_matrix(at: u32) -> Left { return subgroupMatrixLoad<Left>(&operands, DEPTH * at, false, DEPTH * ROW); }
fn right_matrix(at: u32) -> Right { return subgroupMatrixLoad<Right>(&operands, DEPTH * at, true, DEPTH * ROW); }
fn put_sums(at: u32, sums: Sums) { subgroupMatrixStore(&stage, 4u * at, sums, false, MATRIX_N); }
fn staged(at: u32) -> vec4i { return vec4i(stage[4u * at], stage[4u * at + 1u], stage[4u * at + 2u], stage[4u * at + 3u]); }
