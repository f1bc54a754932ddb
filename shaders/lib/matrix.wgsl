// Subgroup matrices of halves with float32 sums, and the workgroup memory that they are loaded from and stored to. Both operands lie as rows of 16 channels,
// of pixels and of output channels: the right matrix is read by its columns.
alias Operand = vec4h;  // what a row of operands is counted in, and what is fetched of it
alias Part = vec4f;
const DEPTH = 4u;       // numbers of it
alias Left = subgroup_matrix_left<f16, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>;
alias Sums = subgroup_matrix_result<f32, MATRIX_N, MATRIX_M>;

var<workgroup> operands: array<Operand, OPERANDS>;
var<workgroup> stage: array<vec4f, STAGE>;

fn put_operand(at: u32, quad: Operand) { operands[at] = quad; }
fn operand_quad(at: u32) -> Operand { return operands[at]; }
// The matrices that begin `at` a quad of the operands.
fn left_matrix(at: u32) -> Left { return subgroupMatrixLoad<Left, row_major>(&operands, at, ROW); }
fn right_matrix(at: u32) -> Right { return subgroupMatrixLoad<Right, col_major>(&operands, at, ROW); }
// Sums row by row, and a quad of them.
fn put_sums(at: u32, sums: Sums) { subgroupMatrixStore<row_major>(&stage, at, sums, MATRIX_N / 4u); }
fn put_quad(at: u32, quad: vec4f) { stage[at] = quad; }
fn staged(at: u32) -> vec4f { return stage[at]; }
