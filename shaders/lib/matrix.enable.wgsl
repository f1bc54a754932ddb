// What a program with subgroup matrices asks of the compiler: directives come before all else. Whether a subgroup acts as one is not proven by it, for which
// subgroup a lane belongs to follows from the lane's number, as it does wherever workgroups have one dimension and subgroups are full.
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
