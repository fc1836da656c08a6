//! A text without data into the questions why, and their answers into the first cause that holds.
