//! A text into its witness: the same query without what could answer in place of data.
