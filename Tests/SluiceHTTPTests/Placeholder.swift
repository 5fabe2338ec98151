// Filled in by the commit that follows.
