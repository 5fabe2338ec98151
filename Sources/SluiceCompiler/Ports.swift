// The ports of a graph; filled in with the lowering.
