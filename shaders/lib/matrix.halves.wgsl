// Before lib/matrix.enable where operands are halves.
enable f16;
