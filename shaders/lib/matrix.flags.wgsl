// lib/matrix in an earlier form of the language: the order of a matrix in memory is a flag, true by columns, and memory holds single numbers.
alias Operand = vec4h;
alias Part = vec4f;
const DEPTH = 4u;
alias Left = subgroup_matrix_left<f16, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>;
alias Sums = subgroup_matrix_result<f32, MATRIX_N, MATRIX_M>;

var<workgroup> operands: array<f16, 4u * OPERANDS>;
var<workgroup> stage: array<f32, 4u * STAGE>;

fn put_operand(at: u32, quad: Operand) {
  operands[4u * at] = quad.x;
  operands[4u * at + 1u] = quad.y;
  operands[4u * at + 2u] = quad.z;
  operands[4u * at + 3u] = quad.w;
}
fn operand_quad(at: u32) -> vec4h { return vec4h(operands[4u * at], operands[4u * at + 1u], operands[4u * at + 2u], operands[4u * at + 3u]); }
fn left_matrix(at: u32) -> Left { return subgroupMatrixLoad<Left>(&operands, 4u * at, false, 4u * ROW); }
fn right_matrix(at: u32) -> Right { return subgroupMatrixLoad<Right>(&operands, 4u * at, true, 4u * ROW); }
fn put_sums(at: u32, sums: Sums) { subgroupMatrixStore(&stage, 4u * at, sums, false, MATRIX_N); }
fn put_quad(at: u32, quad: vec4f) {
  stage[4u * at] = quad.x;
  stage[4u * at + 1u] = quad.y;
  stage[4u * at + 2u] = quad.z;
  stage[4u * at + 3u] = quad.w;
}
fn staged(at: u32) -> vec4f { return vec4f(stage[4u * at], stage[4u * at + 1u], stage[4u * at + 2u], stage[4u * at + 3u]); }
